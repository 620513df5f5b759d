import { adminToken, post, startBroker } from "../broker.ts"
import type { Figure } from "../figure.ts"
import { asAnswered, startFloor } from "../floor/floor.ts"
import { IN_FLIGHT } from "../in-flight.ts"
import { rateRow, sideBySide } from "../side-by-side.ts"

export const appSignIn: Figure = {
  name: "app-sign-in",
  async measure(bench) {
    const folder = await bench.folder()
    await using broker = await startBroker(folder, bench)
    const bearer = await adminToken(broker.url)
    const app = await post(broker.url, "/v1/admin/apps", { name: "bench", scopes: ["read:data:*"] }, bearer)
    const options = { clientId: String(app["client_id"]), clientSecret: String(app["client_secret"]) }
    const json = { client_id: options.clientId, client_secret: options.clientSecret }
    const route = { method: "POST", path: "/v1/app/auth", json } as const
    await using floor = await startFloor(folder, [await asAnswered(broker.url, route, ["sign"])], bench)
    const outcome = await sideBySide(
      {
        measured: broker,
        floor,
        load: { inFlight: IN_FLIGHT, seconds: bench.profile.seconds },
        kind: () => ({ kind: "signIns", options }),
      },
      bench.profile,
    )
    return [rateRow("app sign-in, durable", outcome, { ratioAtLeast: 0.5 })]
  },
}
