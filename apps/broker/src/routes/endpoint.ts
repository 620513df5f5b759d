import type { ServerResponse } from "node:http"
import type { AuditEventType } from "@agentwrit/audit"
import { type Authority, type BearerWording, type Caller, Refusal } from "@agentwrit/authority"
import {
  decode,
  decodeQuery,
  encode,
  type Route,
  type RouteName,
  type RouteParameters,
  type RouteQuery,
  type RouteRequest,
  type RouteResponseInput,
  type Routes,
  routes,
} from "@agentwrit/contract"
import type { Claims } from "@agentwrit/core"
import { type Answer, json } from "../http/answer.ts"
import { MalformedJsonError, parseJson } from "../http/json.ts"

/** What an endpoint works with. */
export interface EndpointRequest<N extends RouteName> {
  readonly caller: Caller
  /** What the bearer token says; it is good, and of the kind and scope that the route needs. */
  readonly claims: Routes[N]["needs"] extends "none" ? undefined : Claims
  /** What the path names; `undefined` when it cannot be the name of anything. */
  readonly parameters: RouteParameters<N> | undefined
  readonly body: RouteRequest<N>
  readonly query: RouteQuery<N>
  readonly http: HttpRequest
}

/** One route of the contract, and what it does. */
export interface Endpoint {
  readonly route: Route
  answer(authority: Authority, request: RawRequest): Promise<Answer>
  /** Refuses a request whose body was not read, and the trail has it by then. */
  refuse(authority: Authority, request: Pick<RawRequest, "source" | "parameters">, refusal: Refusal): Promise<never>
}

/** What few endpoints want to know of the HTTP request itself. */
export interface HttpRequest {
  /** `HEAD` is answered as `GET`, without its body. */
  readonly method: string
  header(name: string): string | undefined
  /** Node's own answer; `undefined` in process. */
  readonly outgoing: ServerResponse | undefined
  /** Tells of what went wrong once the answer had begun. */
  failed(error: unknown): void
}

/** A request before it is read by its route's schemas. */
export interface RawRequest {
  /** What the trail's flood protection counts by. */
  readonly source: string
  readonly bearer: string | undefined
  /** The path's parameters, decoded. */
  readonly parameters: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly url: string
  readonly http: HttpRequest
}

/** How an endpoint is made. */
export interface EndpointOptions<N extends RouteName> {
  /** The event that a refusal leaves which is decided before the use case sees the request, such as for an ill-typed body. */
  readonly deniedAs?: AuditEventType
  /** How refusals of the bearer token are worded; default: as everywhere. */
  readonly wording?: BearerWording
  /** Judges the caller before anything of its request is looked at; rejects with what refuses it. */
  admit?(authority: Authority, caller: Caller): Promise<void>
  run(authority: Authority, request: EndpointRequest<N>): Promise<Answer> | Answer
}

/** Binds a route of the contract to its use case: judge the bearer, read the request, run, answer. */
export function endpoint<N extends RouteName>(name: N, options: EndpointOptions<N>): Endpoint {
  const route: Route = routes[name]
  return {
    route,
    async answer(authority, { source, bearer, parameters: raw, body, url, http }) {
      const { needs } = route
      const parameters = readParameters(route, raw)
      const caller = { source, resource: resourceOf(route, parameters) }
      await options.admit?.(authority, caller)
      const claims = needs === "none" ? undefined : await authority.authenticate(caller, bearer, needs, options.wording)
      const read = readRequest(route, body, url)
      if (read instanceof Refusal) {
        if (options.deniedAs !== undefined) await authority.recordDenial(caller, options.deniedAs, read, claims)
        throw read
      }
      // The route's own schemas read both, so they are of its types.
      const request = { caller, claims, parameters, http, ...read } as EndpointRequest<N>
      return options.run(authority, request)
    },
    async refuse(authority, { source, parameters }, refusal) {
      if (options.deniedAs === undefined) throw refusal
      const resource = resourceOf(route, readParameters(route, parameters))
      await authority.recordDenial({ source, resource }, options.deniedAs, refusal)
      throw refusal
    },
  }
}

/** The JSON answer of a route's success. */
export function success<N extends RouteName>(name: N, value: RouteResponseInput<N>): Answer {
  const { success }: Route = routes[name]
  if (!("body" in success)) throw new TypeError(`${name} answers no JSON`)
  return json(success.status, encode(success.body, value))
}

function readRequest(route: Route, body: Uint8Array, url: string): Refusal | { body: unknown; query: unknown } {
  const decodedBody = route.request === undefined ? NOTHING : readBody(route.request, body)
  if (!decodedBody.ok) return new Refusal(decodedBody.code, { detail: decodedBody.detail })
  const decodedQuery = route.query === undefined ? NOTHING : decodeQuery(route.query, new URL(url).searchParams)
  if (!decodedQuery.ok) return new Refusal(decodedQuery.code, { detail: decodedQuery.detail })
  return { body: decodedBody.value, query: decodedQuery.value }
}

function readParameters({ parameters }: Route, raw: Readonly<Record<string, string>>): unknown {
  if (parameters === undefined) return {}
  const decoded = decode(parameters, raw)
  return decoded.ok ? decoded.value : undefined
}

/**
 * The path in its one spelling, for the trail. As it was asked for, it could hold what we would never write there: behind a `#`, or
 * as a parameter that is no name of ours, anything up to a secret; the trail then holds the pattern.
 */
function resourceOf({ path, parameters: schema }: Route, parameters: unknown): string {
  if (schema === undefined || parameters === undefined) return path
  const values = parameters as Readonly<Record<string, string>>
  return path.replace(/\{(\w+)\}/g, (pattern, name: string) => values[name] ?? pattern)
}

const NOTHING = { ok: true, value: undefined } as const

function readBody(schema: NonNullable<Route["request"]>, body: Uint8Array) {
  try {
    return decode(schema, parseJson(body))
  } catch (error) {
    if (error instanceof MalformedJsonError)
      return { ok: false, code: "invalid_request", detail: error.message } as const
    throw error
  }
}
