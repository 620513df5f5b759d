import { brokerFolder, startBroker } from "@agentwrit/e2e/broker-process"
import { adminToken, call } from "@agentwrit/e2e/client"
import { address, floodOf, head } from "./flood.ts"
import { manyStreams } from "./flood-streams.ts"
import type { Scenario } from "./stage.ts"

/** Strangers in great number: memory flat, the trail bounded, and those who are signed in still served. */
export const floods: Scenario = {
  name: "floods",
  async run(stage) {
    const row = stage.report.row("floods")
    const seed = stage.seed()
    const { challenges, badTokens, keys, streams } = stage.profile.floods
    await using folder = await brokerFolder()
    await using broker = await startBroker(folder, { AA_LOG_LEVEL: "quiet", AA_ADMIN_TOKEN_TTL: "86400" })
    const began = performance.now()
    const admin = await adminToken(broker.url)
    const one = { broker, admin, row, seed }
    await floodOf(one, "challenges", challenges, () => head("GET /v1/challenge"))
    let token = 0
    await floodOf(one, "bad tokens", badTokens, () => {
      const bearer = `eyJ.${(token++).toString(36)}.x`
      return head(
        "POST /v1/token/renew",
        `Authorization: Bearer ${bearer}\r\nX-Forwarded-For: ${address(token % 5000)}\r\nContent-Length: 0\r\n`,
      )
    })
    let key = 0
    const secret = JSON.stringify({ client_id: "nobody", client_secret: "0".repeat(64) })
    await floodOf(one, "rate-limit keys", keys, () => {
      const lines = `X-Forwarded-For: ${address(key++)}\r\nContent-Length: ${secret.length}\r\n`
      return `${head("POST /v1/app/auth", lines)}${secret}`
    })
    row.check(await manyStreams({ broker, admin, row, seed }, streams), seed)
    const total = (await call(broker.url, "GET /v1/health")).body.audit_events_count
    const seconds = (performance.now() - began) / 1000
    row.note(`${total} events in the trail`)
    // A burst of 5,000 over all sources, proven and unproven, and 20 a second for each.
    row.check(
      total < 11_000 + 40 * seconds ? [] : [`the trail has ${total} events after ${seconds.toFixed(0)} s`],
      seed,
    )
  },
}
