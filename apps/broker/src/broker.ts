import type { Authority } from "@agentwrit/authority"
import { type Context, Hono } from "hono"
import { API_PAGE_PATH, apiPageAnswer } from "./api-page/index.ts"
import { type Answer, type Exchange, type ProblemParts, respond } from "./http/answer.ts"
import type { IsTrustedProxy } from "./http/client-address.ts"
import { type Answered, type BrokerEnvironment, type BrokerHandler, observe, receive } from "./http/middleware.ts"
import { Metrics } from "./metrics.ts"
import { jsonApi } from "./protocol/json-api.ts"
import { BUG, problemPartsOf } from "./protocol/problem-parts.ts"
import type { Protocol } from "./protocol/protocol.ts"
import type { Endpoint, RawRequest } from "./routes/endpoint.ts"
import { endpoints } from "./routes/index.ts"

/** The options of {@link createBroker}. */
export interface BrokerOptions {
  readonly authority: Authority
  /** Shown by the health route. */
  readonly version: string
  /** Called with every bug that a request ran into. The client does not learn its cause. */
  readonly onBug: (error: unknown, request: { readonly requestId: string; readonly path: string }) => void
  /** Called with every answer. */
  readonly onAnswer?: (answered: Answered) => void
  /** Default: metrics of requests and gauges only. Give their observer to the authority for all of them. */
  readonly metrics?: Metrics
  /** Whether requests come over TLS. Then every answer carries HSTS. Default: false. */
  readonly secureTransport?: boolean
  /** The peers whose `X-Forwarded-For` is believed. Default: none. */
  readonly isTrustedProxy?: IsTrustedProxy
}

/** The API as a Hono app. */
export type BrokerApp = Hono<BrokerEnvironment>

type RequestContext = Context<BrokerEnvironment>

/**
 * The broker's HTTP API (CONTRACT 3) as a Hono app over an authority: for a server, for tests by `app.request`, or inside a
 * service of your own.
 *
 * @example
 * ```ts
 * const app = createBroker({ authority, version: "2.0.0", onBug: console.error })
 * const answer = await app.request("/v1/challenge")
 * ```
 */
export function createBroker(options: BrokerOptions): BrokerApp {
  const { authority, version, metrics = new Metrics(), onAnswer, onBug } = options
  metrics.watch(authority)
  const all = endpoints({ version, startedAt: Date.now(), metrics })
  const observed = (route: string) => observe(route, metrics.timer(route), onAnswer)
  const elsewhere = observed("other")

  /** Answers a request, and renders what is thrown by the protocol of its route. */
  const answerBy =
    (protocol: Protocol, run: (c: RequestContext) => Promise<Answer>): BrokerHandler =>
    async (c) => {
      const { exchange } = c.var.received
      const answer = await run(c).catch((error: unknown) => {
        const parts = problemPartsOf(error)
        if (parts === undefined) onBug(error, exchange)
        return protocol.renderProblem(exchange, parts ?? BUG)
      })
      return respond(exchange, answer)
    }
  /** Answers a request outside of the contract's routes, once its body is within the limit. */
  const answerElsewhere = (answer: (exchange: Exchange) => Answer) =>
    elsewhere(
      answerBy(jsonApi, async (c) => {
        await c.var.received.readBody()
        return answer(c.var.received.exchange)
      }),
    )
  const refuse = (parts: ProblemParts) => answerElsewhere((exchange) => jsonApi.renderProblem(exchange, parts))

  const app = new Hono<BrokerEnvironment>()
  // Middleware of every request, the outermost first: an answer to a CORS preflight would belong here.
  app.use(receive(options))
  for (const endpoint of all) {
    const { method, path } = endpoint.route
    const run = (c: RequestContext) => endpoint.answer(authority, rawRequestOf(c, onBug))
    app.on(method, honoPath(path), observed(path)(answerBy(endpoint.protocol, run)))
  }
  app.get(API_PAGE_PATH, answerElsewhere(apiPageAnswer(version)))
  for (const [path, allow] of allowedMethods(all))
    app.all(path, refuse({ code: "method_not_allowed", detail: `this path answers ${allow}`, headers: { allow } }))
  app.all("*", refuse({ code: "not_found", detail: "there is no such path" }))
  // What is thrown outside of a route's answer, such as by `onBug` itself. Hono would write it to the console.
  app.onError((error, c) => {
    const { exchange } = c.var.received
    try {
      onBug(error, exchange)
    } catch {
      // The client gets an answer all the same.
    }
    return respond(exchange, jsonApi.renderProblem(exchange, BUG))
  })
  return app
}

function rawRequestOf(c: RequestContext, onBug: BrokerOptions["onBug"]): RawRequest {
  const { exchange, source, readBody } = c.var.received
  return {
    source,
    parameters: c.req.param(),
    readBody,
    url: c.req.url,
    http: {
      method: c.req.method,
      header: (name) => c.req.header(name),
      outgoing: c.env?.outgoing,
      failed(error) {
        if (problemPartsOf(error) === undefined) onBug(error, exchange)
      },
    },
  }
}

const honoPath = (path: string): string => path.replace(/\{(\w+)\}/g, ":$1")

/** The methods of each path, as `Allow` lists them. */
function allowedMethods(all: readonly Endpoint[]): Map<string, string> {
  const methods = new Map<string, string>([[API_PAGE_PATH, "GET, HEAD"]])
  for (const { route } of all) {
    const path = honoPath(route.path)
    const method = route.method === "GET" ? "GET, HEAD" : route.method
    const known = methods.get(path)
    methods.set(path, known === undefined ? method : `${known}, ${method}`)
  }
  return methods
}
