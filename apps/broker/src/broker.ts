import type { IncomingMessage, ServerResponse } from "node:http"
import { type Authority, Refusal } from "@agentwrit/authority"
import { type Context, Hono } from "hono"
import { API_PAGE_PATH, apiPageAnswer } from "./api-page/index.ts"
import { type Answer, type Exchange, problem, respond } from "./http/answer.ts"
import { bearerToken } from "./http/bearer-token.ts"
import { bodiesUnderWay, readBody } from "./http/body.ts"
import { clientAddress, type IsTrustedProxy } from "./http/client-address.ts"
import { sourceOf } from "./http/client-source.ts"
import { problemFor } from "./http/failure.ts"
import { requestIdOf } from "./http/headers.ts"
import type { SourceQuota } from "./http/source-quota.ts"
import { Metrics } from "./metrics.ts"
import type { Endpoint } from "./routes/endpoint.ts"
import { endpoints } from "./routes/index.ts"

/** What {@link createBroker} is given. */
export interface BrokerOptions {
  readonly authority: Authority
  /** Shown by the health route. */
  readonly version: string
  /** Told of every bug that a request ran into; the client learns nothing of its cause. */
  readonly onBug: (error: unknown, request: { readonly requestId: string; readonly path: string }) => void
  /** Told of every answer, in the moment in which it is made. */
  readonly onAnswer?: (answered: Answered) => void
  /** Its observer has to be the authority's for them to move. Default: metrics that only tell of requests and gauges. */
  readonly metrics?: Metrics
  /** Whether requests come over TLS; then every answer carries HSTS. Default: false. */
  readonly secureTransport?: boolean
  /** Whose `X-Forwarded-For` counts. Default: nobody's. */
  readonly isTrustedProxy?: IsTrustedProxy
}

/** A request that was answered. */
export interface Answered {
  readonly requestId: string
  readonly method: string
  /** The route's pattern, or `other`: a path as it was asked for could hold a secret. */
  readonly route: string
  readonly status: number
  readonly seconds: number
}

type NodeEnvironment = { Bindings: { readonly incoming?: IncomingMessage; readonly outgoing?: ServerResponse } }

/** The API as a Hono app; behind a Node server its environment holds Node's own request and answer. */
export type BrokerApp = Hono<NodeEnvironment>

type RequestContext = Context<NodeEnvironment>

/** What every request to one broker shares. */
interface Host extends BrokerOptions {
  readonly underWay: SourceQuota
}

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
  const { authority, version, metrics = new Metrics(), onBug } = options
  metrics.watch(authority)
  const app = new Hono<NodeEnvironment>()
  const all = endpoints({ version, startedAt: Date.now(), metrics })
  const host: Host = { ...options, underWay: bodiesUnderWay() }
  const answering = (route: string): CountedRoute => ({ route, took: metrics.timer(route) })
  const elsewhere = answering("other")
  for (const endpoint of all) {
    const route = answering(endpoint.route.path)
    app.on(endpoint.route.method, honoPath(endpoint), (c) =>
      answerTo(c, host, route, async ({ exchange, source, readBody }) => {
        const parameters = c.req.param()
        const body = await readBody().catch((error: unknown) => {
          if (!(error instanceof Refusal)) throw error
          return endpoint.refuse(authority, { source, parameters }, error)
        })
        return endpoint.answer(authority, {
          ...{ source, parameters, body },
          bearer: bearerToken(c.req.header("authorization")),
          url: c.req.url,
          http: {
            method: c.req.method,
            header: (name) => c.req.header(name),
            outgoing: c.env?.outgoing,
            failed: (error) => {
              if (problemFor(error) === undefined) onBug(error, exchange)
            },
          },
        })
      }),
    )
  }
  const answerElsewhere = (c: RequestContext, run: (exchange: Exchange) => Answer | Promise<Answer>) =>
    answerTo(c, host, elsewhere, async ({ exchange, readBody }) => {
      await readBody()
      return run(exchange)
    })
  const page = apiPageAnswer(version)
  app.get(API_PAGE_PATH, (c) => answerElsewhere(c, page))
  for (const [path, allow] of allowedMethods(all))
    app.all(path, (c) =>
      answerElsewhere(c, (exchange) =>
        problem(exchange, { code: "method_not_allowed", detail: `this path answers ${allow}`, headers: { allow } }),
      ),
    )
  app.notFound((c) =>
    answerElsewhere(c, (exchange) => problem(exchange, { code: "not_found", detail: "there is no such path" })),
  )
  // What is thrown beside the answering of a request. Hono would write it to the console, past the log.
  app.onError((error, c) => {
    const exchange = exchangeOf(c, host)
    try {
      onBug(error, exchange)
    } catch {
      // It may be what threw: the client is answered all the same.
    }
    return respond(exchange, problem(exchange, BUG))
  })
  return app
}

/** A route as its answers are counted. */
interface CountedRoute {
  readonly route: string
  readonly took: (seconds: number) => void
}

/** A request whose head was read. */
interface Received {
  readonly exchange: Exchange
  readonly source: string
  /** Reads the body within its limits. */
  readBody(): Promise<Uint8Array>
}

/** Runs one request, and turns whatever is thrown into a problem. */
async function answerTo(
  c: RequestContext,
  host: Host,
  { route, took }: CountedRoute,
  run: (received: Received) => Promise<Answer>,
): Promise<Response> {
  const { onAnswer, onBug, underWay } = host
  const began = performance.now()
  const exchange = exchangeOf(c, host)
  const answered = async (): Promise<Answer> => {
    const source = callerSource(c, host)
    const readOwnBody = () => readBody(c.req.raw, c.env?.incoming, { underWay, source })
    return run({ exchange, source, readBody: readOwnBody })
  }
  const answer = await answered().catch((error: unknown) => {
    const known = problemFor(error)
    if (known === undefined) onBug(error, exchange)
    return problem(exchange, known ?? BUG)
  })
  const seconds = (performance.now() - began) / 1000
  took(seconds)
  const { requestId } = exchange
  onAnswer?.({ requestId, method: c.req.method, route, status: answer.status, seconds })
  return respond(exchange, answer)
}

const BUG = { code: "internal_error", detail: "the broker ran into a bug; its log has the request id" } as const

function exchangeOf(c: RequestContext, { secureTransport = false }: BrokerOptions): Exchange {
  return { requestId: requestIdOf(c.req.header("x-request-id")), path: pathOf(c.req.url), secureTransport }
}

/** The path as it was asked for: decoded it could hold anything. */
function pathOf(url: string): string {
  const path = url.slice(url.indexOf("/", url.indexOf("//") + 2))
  const end = path.search(/[?#]/)
  return end === -1 ? path : path.slice(0, end)
}

function callerSource(c: RequestContext, { isTrustedProxy = () => false }: BrokerOptions): string {
  const peer = c.env?.incoming?.socket.remoteAddress ?? ""
  return sourceOf(clientAddress(peer, c.req.header("x-forwarded-for"), isTrustedProxy))
}

const honoPath = ({ route }: Endpoint): string => route.path.replace(/\{(\w+)\}/g, ":$1")

function allowedMethods(all: readonly Endpoint[]): Map<string, string> {
  const methods = new Map<string, string>()
  for (const endpoint of all) {
    const method = endpoint.route.method === "GET" ? "GET, HEAD" : endpoint.route.method
    const path = honoPath(endpoint)
    const known = methods.get(path)
    methods.set(path, known === undefined ? method : `${known}, ${method}`)
  }
  methods.set(API_PAGE_PATH, "GET, HEAD")
  return methods
}
