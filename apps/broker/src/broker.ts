import type { Authority } from "@agentwrit/authority"
import { type Context, Hono } from "hono"
import type { Answered } from "./answer-log.ts"
import { API_PAGE_PATH, apiPageAnswer } from "./api-page/index.ts"
import { type Answer, type ProblemParts, respond } from "./http/answer.ts"
import type { IsTrustedProxy } from "./http/client-address.ts"
import type { RecordedSource } from "./http/client-source.ts"
import { preflightHeaders } from "./http/cors.ts"
import { type BrokerEnvironment, createReceiver, type HttpRequest } from "./http/request.ts"
import { routedPath } from "./http/sent-path.ts"
import { Metrics } from "./metrics.ts"
import { jsonApi } from "./protocol/json-api.ts"
import { BUG, problemPartsOf } from "./protocol/problem-parts.ts"
import type { Protocol } from "./protocol/protocol.ts"
import { endpoints } from "./routes/index.ts"
import type { FeedAccess } from "./routes/revocation-feed.ts"

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
  /**
   * Called with an entry of a trusted proxy's `X-Forwarded-For` that is not an address; the client is then taken for
   * the proxy.
   */
  readonly onNoAddress?: (entry: string) => void
  /** How much of a client's address the trail keeps. Default: `full`. */
  readonly recordedSource?: RecordedSource
  /** Who may read the revocation feed. Default: everyone. */
  readonly feedAccess?: FeedAccess
  /**
   * Where clients reach the broker, such as `https://broker.example`: DPoP proofs are made for it. Default, also for
   * an empty text: those to this machine are accepted.
   */
  readonly publicUrl?: string
  /** Origins such as `https://app.example` whose web pages may call the broker. Default: none. */
  readonly corsOrigins?: readonly string[]
}

/** The API as a Hono app. */
export type BrokerApp = Hono<BrokerEnvironment>

/**
 * The broker's HTTP API (CONTRACT 3) as a Hono app over an authority: for a server, for tests by `app.request`, or
 * inside a service of your own.
 *
 * @example
 * ```ts
 * const app = createBroker({ authority, version: "2.0.0", onBug: console.error })
 * const answer = await app.request("/v1/challenge")
 * ```
 */
export function createBroker(options: BrokerOptions): BrokerApp {
  const { authority, version, metrics = new Metrics(), feedAccess = "public", onAnswer } = options
  metrics.watch(authority)
  const receive = createReceiver(options)

  /** Renders what was thrown. A client does not learn the cause of a bug. */
  const renderError = (protocol: Protocol, request: HttpRequest, error: unknown): Answer => {
    const parts = problemPartsOf(error)
    if (parts === undefined) request.failed(error)
    return protocol.renderProblem(request, parts ?? BUG)
  }
  /**
   * Handles a route: runs it, renders what it throws, measures and reports it. An answer that is there at once is
   * returned at once, without a promise; this makes the cheapest requests a third cheaper.
   */
  const handle = (
    protocol: Protocol,
    pattern: string,
    run: (request: HttpRequest) => Answer | Promise<Answer>,
  ): Handler => {
    const measure = metrics.timer(pattern)
    return (c) => {
      const began = performance.now()
      const request = receive(c)
      const finish = (answer: Answer): Response => {
        const response = respond(request, answer)
        const seconds = (performance.now() - began) / 1000
        measure(seconds)
        const { requestId, method } = request
        onAnswer?.({ requestId, method, route: pattern, status: answer.status, seconds })
        return response
      }
      const fail = (error: unknown): Response => finish(renderError(protocol, request, error))
      let answer: Answer | Promise<Answer>
      try {
        answer = run(request)
      } catch (error) {
        return fail(error)
      }
      return answer instanceof Promise ? answer.then(finish, fail) : finish(answer)
    }
  }
  /** Answers a request outside of the contract's routes, once its body is within the limit. */
  const elsewhere = (answer: (request: HttpRequest) => Answer) =>
    handle(jsonApi, "other", async (request) => {
      await request.readBody()
      return answer(request)
    })
  const refuse = (parts: ProblemParts) => elsewhere((request) => jsonApi.renderProblem(request, parts))

  const paths = handlersByPath()
  const app = new Hono<BrokerEnvironment>({
    getPath: (request, options) => {
      const incoming = options?.env?.incoming
      // Most requests spell a route's own path, without a query.
      return incoming?.url !== undefined && paths.has(incoming.url) ? incoming.url : routedPath(request, incoming)
    },
  })
  // Hono answers without a promise only where a single handler matches, so there is no middleware, and one handler for
  // each path.
  for (const [path, handlers] of paths) {
    const methods = Object.keys(handlers)
    const allow = methods.join(", ")
    const preflight: Answer = { status: 204, headers: preflightHeaders(methods) }
    const otherMethod = elsewhere((request) =>
      request.isPreflight
        ? preflight
        : jsonApi.renderProblem(request, {
            code: "method_not_allowed",
            detail: `this path answers ${allow}`,
            headers: { allow },
          }),
    )
    app.all(path, (c) => (handlers[c.req.method] ?? otherMethod)(c))
  }
  const hint = "programs are given the broker's URL without /v1; /v1/docs shows every path"
  app.notFound(refuse({ code: "not_found", detail: "there is no such path", hint }))
  // Errors thrown outside of a route's answer, such as by `onBug` itself. Hono would write it to the console.
  app.onError((error, c) => {
    const request = receive(c)
    try {
      request.failed(error)
    } catch {
      // The client gets an answer all the same.
    }
    return respond(request, jsonApi.renderProblem(request, BUG))
  })
  return app

  /** The handlers of each path by method, in the order of `Allow`. */
  function handlersByPath(): Map<string, Record<string, Handler>> {
    const page = elsewhere(apiPageAnswer(version))
    const paths = new Map<string, Record<string, Handler>>([[API_PAGE_PATH, { GET: page, HEAD: page }]])
    for (const { route, protocol, answer } of endpoints({ version, startedAt: Date.now(), metrics, feedAccess })) {
      const path = route.path.replace(/\{(\w+)\}/g, ":$1")
      const handler = handle(protocol, route.path, (request) => answer(authority, request))
      const handlers = route.method === "GET" ? { GET: handler, HEAD: handler } : { [route.method]: handler }
      paths.set(path, { ...paths.get(path), ...handlers })
    }
    return paths
  }
}

type Handler = (c: Context<BrokerEnvironment>) => Response | Promise<Response>
