import { join } from "node:path"
import { adminToken, type MeasuredBroker, post, startBroker } from "../broker.ts"
import { type Figure, IN_FLIGHT, type Reach } from "../figure.ts"
import { asAnswered, type FloorRoute, startFloor, type Work } from "../floor/floor.ts"
import { Connection, requestText } from "../load/connection.ts"
import type { LoadKind } from "../load/job.ts"
import { registering } from "../load/registrations.ts"
import { latencyRow, rateRow, sideBySide } from "../side-by-side.ts"
import { newToken, readKey, validation } from "../tokens.ts"

/** The requests of a figure, to the broker and to its floor. */
interface Plan {
  /** The floor's routes. They answer what the broker answers. */
  readonly routes: readonly FloorRoute[]
  /** Makes the load of one run. */
  readonly kind: () => LoadKind
  /** See {@link LoadJob}. */
  readonly polls?: boolean
}

interface RequestFigure {
  readonly name: string
  readonly what: string
  readonly reach: Reach
  /** Default: {@link IN_FLIGHT}, measured by its rate. One request at a time is measured by its latency. */
  readonly inFlight?: 1
  plan(broker: MeasuredBroker, folder: string, seconds: number): Promise<Plan>
}

const requestFigure = ({ name, what, reach, inFlight, plan }: RequestFigure): Figure => ({
  name,
  async measure(bench) {
    const { profile } = bench
    const folder = await bench.folder()
    await using broker = await startBroker(folder, bench)
    const { routes, kind, polls = false } = await plan(broker, folder, profile.seconds)
    await using floor = await startFloor(folder, routes, bench)
    const load = { inFlight: inFlight ?? IN_FLIGHT, seconds: profile.seconds, polls }
    const outcome = await sideBySide({ measured: broker, floor, load, kind }, profile)
    return [inFlight === 1 ? latencyRow(what, outcome, reach) : rateRow(what, outcome, reach)]
  },
})

/** Tokens that are validated in turn. */
const TOKENS = 1000

/** Requests for each second of a run, where each may be sent once: more than any server here answers. */
const PER_SECOND = 8000

let signIns = 0

/** The figures of the main requests. */
export const requestFigures: readonly Figure[] = [
  requestFigure({
    name: "validate-seen",
    what: "validate, token seen before",
    reach: { ratioAtLeast: 0.85 },
    async plan({ url }, folder) {
      const key = readKey(join(folder, "signing.key"))
      const tokens = Array.from({ length: TOKENS }, () => newToken(key))
      const route = { method: "POST", path: "/v1/token/validate", json: { token: tokens[0] } } as const
      const requests = tokens.map(validation)
      return {
        routes: [await asAnswered(url, route)],
        kind: () => ({ kind: "repeated", options: { requests, status: 200 } }),
        polls: true,
      }
    },
  }),
  requestFigure({
    name: "validate-new",
    what: "validate, every token new",
    reach: { ratioAtLeast: 0.75 },
    async plan({ url }, folder, seconds) {
      const key = readKey(join(folder, "signing.key"))
      const route = { method: "POST", path: "/v1/token/validate", json: { token: newToken(key) } } as const
      const requests = () => Array.from({ length: PER_SECOND * seconds }, () => validation(newToken(key)))
      return {
        routes: [await asAnswered(url, route, ["verify"])],
        kind: () => ({ kind: "repeated", options: { requests: requests(), status: 200, once: true } }),
        polls: true,
      }
    },
  }),
  requestFigure({
    name: "challenge",
    what: "challenge",
    reach: { ratioAtLeast: 0.8 },
    async plan({ url }) {
      const route = { method: "GET", path: "/v1/challenge" } as const
      const options = { requests: [requestText(route)], status: 200 }
      return { routes: [await asAnswered(url, route)], kind: () => ({ kind: "repeated", options }), polls: true }
    },
  }),
  requestFigure({
    name: "register",
    what: "register, 64 in flight, durable",
    reach: { ratioAtLeast: 0.65 },
    plan: ({ url }, _, seconds) => registrationPlan(url, 4000 * seconds, ["import", "verify", "sign"]),
  }),
  requestFigure({
    name: "register-alone",
    what: "register, 1 in flight, durable",
    reach: { ratioAtMost: 1.5 },
    inFlight: 1,
    plan: ({ url }, _, seconds) => registrationPlan(url, 1000 * seconds, ["verify", "sign", "commit"]),
  }),
  requestFigure({
    name: "renew",
    what: "renew, 64 in flight, durable",
    reach: { ratioAtLeast: 0.9 },
    async plan({ url }) {
      const bearer = await adminToken(url)
      const routes = await registrationRoutes(url, bearer, [])
      const { agent_id: _, ...renewed } = JSON.parse(routes.at(-1)?.answer.body ?? "")
      const renewal = await postRoute(url, "/v1/token/renew", JSON.stringify(renewed), ["verify", "sign"])
      return { routes: [...routes, renewal], kind: () => ({ kind: "renewals", options: { adminToken: bearer } }) }
    },
  }),
  requestFigure({
    name: "app-sign-in",
    what: "app sign-in, durable",
    reach: { ratioAtLeast: 0.5 },
    async plan({ url }, _, seconds) {
      const app = await post(url, "/v1/admin/apps", { name: "bench", scopes: ["read:data:*"] }, await adminToken(url))
      const json = { client_id: app["client_id"], client_secret: app["client_secret"] }
      const route = { method: "POST", path: "/v1/app/auth", json } as const
      // Each from another address, so that none meets the rate limit.
      const signIn = (): string => {
        const address = `10.${(++signIns >> 16) & 255}.${(signIns >> 8) & 255}.${signIns & 255}`
        return requestText({ ...route, headers: { "x-forwarded-for": address } })
      }
      const requests = () => Array.from({ length: PER_SECOND * seconds }, signIn)
      return {
        routes: [await asAnswered(url, route, ["sign"])],
        kind: () => ({ kind: "repeated", options: { requests: requests(), status: 200, once: true } }),
      }
    },
  }),
]

async function registrationPlan(url: string, count: number, work: readonly Work[]): Promise<Plan> {
  const bearer = await adminToken(url)
  return {
    routes: await registrationRoutes(url, bearer, work),
    kind: () => ({ kind: "registrations", options: { adminToken: bearer, count } }),
  }
}

/** The routes of a registration, which does `work`, and of what leads to it. */
async function registrationRoutes(url: string, bearer: string, work: readonly Work[]): Promise<FloorRoute[]> {
  const policy = { agent_name: "bench", allowed_scope: ["read:data:*"], max_ttl: 3600 }
  const connection = await Connection.open(url)
  const { launch_token: launchToken } = await post(url, "/v1/admin/launch-tokens", policy, bearer)
  const body = await registering(connection, 0)(String(launchToken))
  connection.close()
  return [
    await asAnswered(url, { method: "GET", path: "/v1/challenge" }),
    await asAnswered(url, { method: "POST", path: "/v1/admin/launch-tokens", json: policy, bearer }),
    await postRoute(url, "/v1/register", body, work),
  ]
}

/** A POST that answers this body with the broker's headers. */
async function postRoute(url: string, path: string, body: string, work: readonly Work[]): Promise<FloorRoute> {
  const { answer } = await asAnswered(url, { method: "GET", path: "/v1/challenge" })
  return { method: "POST", path, answer: { ...answer, body }, work }
}
