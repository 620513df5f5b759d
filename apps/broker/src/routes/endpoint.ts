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
import type { HttpRequest } from "../http/request.ts"
import { jsonApi } from "../protocol/json-api.ts"
import type { Protocol } from "../protocol/protocol.ts"

/** A request as its endpoint sees it. */
export interface EndpointRequest<N extends RouteName> {
  readonly caller: Caller
  /** The claims of the bearer token, which is valid and of the kind and scope that the route needs. */
  readonly claims: Routes[N]["needs"] extends "none" ? ClaimsOfClosed<Routes[N]> : Claims
  /** The parameters of the path; `undefined` when they cannot name anything. */
  readonly parameters: RouteParameters<N> | undefined
  readonly body: RouteRequest<N>
  readonly query: RouteQuery<N>
  readonly http: HttpRequest
}

/** A route that an operator can close has claims where it is closed. */
type ClaimsOfClosed<R> = R extends { readonly needsWhenClosed: unknown } ? Claims | undefined : undefined

/** One route of the contract and its use case. */
export interface Endpoint {
  readonly route: Route
  readonly protocol: Protocol
  /** Answers a request; without a promise where nothing has to be waited for. */
  answer(authority: Authority, request: HttpRequest): Promise<Answer> | Answer
}

/** The options of {@link endpoint}. */
export interface EndpointOptions<N extends RouteName> {
  /** Default: the JSON API. */
  readonly protocol?: Protocol
  /** Default: what the route needs. */
  readonly needs?: Route["needs"]
  /**
   * The event of a refusal before the use case runs, such as for an ill-typed body. Default: such a refusal has no
   * event.
   */
  readonly deniedAs?: AuditEventType
  /** How refusals of the bearer token are worded. Default: as everywhere. */
  readonly wording?: BearerWording
  /** Checks the caller before its token is; throws what refuses it, which is recorded as `deniedAs`. */
  admit?(caller: Caller): Promise<void> | void
  run(authority: Authority, request: EndpointRequest<N>): Promise<Answer> | Answer
}

/** Binds a route of the contract to its use case: admit the caller, check the token, read the request, run, answer. */
export function endpoint<N extends RouteName>(name: N, options: EndpointOptions<N>): Endpoint {
  const { protocol = jsonApi, deniedAs } = options
  const route: Route = routes[name]
  const { needs = route.needs } = options
  const readsNothing = needs === "none" && !options.admit && !route.request && !route.query && !route.parameters

  async function answer(authority: Authority, http: HttpRequest): Promise<Answer> {
    const parameters = readParameters(route, http)
    const caller = http.caller(resourceOf(route, parameters))
    const deny = async (error: unknown, claims?: Claims): Promise<never> => {
      if (error instanceof Refusal && deniedAs !== undefined)
        await authority.recordDenial(caller, deniedAs, error, claims)
      throw error
    }
    let bytes: Uint8Array
    try {
      bytes = await http.readBody()
      if (options.admit !== undefined) await options.admit(caller)
    } catch (error) {
      return deny(error)
    }
    const claims =
      needs === "none"
        ? undefined
        : await authority.authenticate(caller, protocol.credential(http), needs, options.wording)
    let read: ReadRequest
    try {
      read = readRequest(route, protocol, bytes, http.url)
    } catch (error) {
      return deny(error, claims)
    }
    // The route's own schemas read all of them, so they have its types.
    return options.run(authority, { caller, claims, parameters, http, ...read } as EndpointRequest<N>)
  }

  return {
    route,
    protocol,
    answer(authority, http) {
      if (!readsNothing || http.hasBody) return answer(authority, http)
      const caller = http.caller(route.path)
      // It reads nothing, so the other members are `undefined` in its type too.
      return options.run(authority, { caller, http } as EndpointRequest<N>)
    },
  }
}

/** The JSON answer of a route's success. */
export function success<N extends RouteName>(name: N, value: RouteResponseInput<N>): Answer {
  const { success }: Route = routes[name]
  if (!("body" in success)) throw new TypeError(`${name} does not answer JSON`)
  return json(success.status, encode(success.body, value))
}

interface ReadRequest {
  readonly body: unknown
  readonly query: unknown
}

/** @throws {@link Refusal} for a body or query that the route does not take. */
function readRequest(route: Route, protocol: Protocol, bytes: Uint8Array, url: string): ReadRequest {
  const sent = route.isBodyOptional === true && bytes.length === 0 ? EMPTY_OBJECT : bytes
  const body = route.request === undefined ? NOTHING : protocol.decodeBody(route.request, sent)
  if (!body.ok) throw new Refusal(body.code, { detail: body.detail })
  const query = route.query === undefined ? NOTHING : decodeQuery(route.query, new URL(url).searchParams)
  if (!query.ok) throw new Refusal(query.code, { detail: query.detail })
  return { body: body.value, query: query.value }
}

const EMPTY_OBJECT = new TextEncoder().encode("{}")
const NOTHING = { ok: true, value: undefined } as const

function readParameters({ parameters }: Route, http: HttpRequest): unknown {
  if (parameters === undefined) return {}
  const decoded = decode(parameters, http.parameters)
  return decoded.ok ? decoded.value : undefined
}

/** The path for the trail. A parameter that does not fit could hold a secret; then the trail gets the pattern. */
function resourceOf({ path, parameters: schema }: Route, parameters: unknown): string {
  if (schema === undefined || parameters === undefined) return path
  // All schemas of parameters read strings.
  const values = parameters as Readonly<Record<string, string>>
  return path.replace(/\{(\w+)\}/g, (pattern, name: string) => values[name] ?? pattern)
}
