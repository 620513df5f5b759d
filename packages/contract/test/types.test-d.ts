import type { Claims, DelegationRecord } from "@agentwrit/core"
import * as v from "valibot"
import { expectTypeOf } from "vitest"
import {
  auditEventsQuery,
  type CamelCase,
  createProblem,
  type Decoded,
  decode,
  type Encodable,
  encode,
  encodeQuery,
  message,
  type ProblemCode,
  type RouteName,
  type RouteProblem,
  type RouteQuery,
  type RouteRequest,
  type RouteRequestInput,
  type RouteResponse,
  type RouteResponseInput,
} from "../src/index.ts"

expectTypeOf<CamelCase<"launch_token">>().toEqualTypeOf<"launchToken">()
expectTypeOf<CamelCase<"audit_events_count">>().toEqualTypeOf<"auditEventsCount">()
expectTypeOf<CamelCase<"ttl">>().toEqualTypeOf<"ttl">()

const sample = message({
  launch_token: v.string(),
  requested_ttl: v.exactOptional(v.number()),
  single_use: v.exactOptional(v.boolean(), true),
  inner_part: message({ deep_name: v.string() }),
})

expectTypeOf(decode(sample, {})).toEqualTypeOf<
  Decoded<{ launchToken: string; requestedTtl?: number; singleUse: boolean; innerPart: { deepName: string } }>
>()
expectTypeOf<Encodable<typeof sample>>().toEqualTypeOf<{
  readonly launchToken: string
  readonly requestedTtl?: number | undefined
  readonly singleUse?: boolean | undefined
  readonly innerPart: { readonly deepName: string }
}>()
expectTypeOf(encode(sample, { launchToken: "", innerPart: { deepName: "" } })).toEqualTypeOf<{
  launch_token: string
  requested_ttl?: number
  single_use?: boolean
  inner_part: { deep_name: string }
}>()

// @ts-expect-error a wire name is not a name in code
encode(sample, { launch_token: "", innerPart: { deepName: "" } })
// @ts-expect-error a required field is missing
encode(sample, { launchToken: "" })
// @ts-expect-error a field is of the wrong type
encode(sample, { launchToken: 1, innerPart: { deepName: "" } })
// @ts-expect-error no such field
encode(sample, { launchToken: "", innerPart: { deepName: "" }, extra: 1 })

const decoded = decode(sample, {})
// @ts-expect-error the value stands behind a check
decoded.value
if (decoded.ok) {
  // @ts-expect-error code reads camelCase
  decoded.value.launch_token
} else {
  expectTypeOf(decoded.code).toEqualTypeOf<"invalid_request" | "invalid_ttl">()
  expectTypeOf(decoded.field).toEqualTypeOf<string | undefined>()
}

expectTypeOf<RouteRequest<"register">>().toEqualTypeOf<{
  launchToken: string
  nonce: string
  publicKey: string
  signature: string
  orchId: string
  taskId: string
  requestedScope: string[]
  requestedTtl?: number
  bound?: boolean
}>()
expectTypeOf<RouteRequest<"createLaunchToken">>().toEqualTypeOf<{
  agentName: string
  allowedScope: string[]
  maxTtl?: number
  maxLifetime?: number
  singleUse: boolean
  ttl: number
  orchId?: string
  taskId?: string
}>()
expectTypeOf<RouteRequestInput<"delegate">>().toEqualTypeOf<{
  readonly delegateTo: string
  readonly scope: readonly string[]
  readonly ttl?: number | undefined
}>()
expectTypeOf<RouteRequest<"revoke">>().toEqualTypeOf<
  | { level: "token"; target: string }
  | { level: "agent"; target: string }
  | { level: "task"; target: string }
  | { level: "chain"; target: string }
  | { level: "app"; target: string }
  | { level: "all"; target: "*" }
>()
expectTypeOf<RouteResponse<"validate">>().toEqualTypeOf<
  { valid: true; claims: Claims } | { valid: false; error: "token is invalid or expired" }
>()
expectTypeOf<RouteResponseInput<"createAppLaunchToken">>().toEqualTypeOf<{
  readonly id: string
  readonly launchToken: string
  readonly expiresAt: number
  readonly policy: { readonly allowedScope: readonly string[]; readonly maxTtl: number }
}>()
expectTypeOf<RouteResponse<"delegate">["delegationChain"]>().toEqualTypeOf<DelegationRecord[]>()
expectTypeOf<RouteResponse<"health">["auditChain"]>().toEqualTypeOf<"ok" | "verifying" | "broken">()
expectTypeOf<RouteQuery<"auditEvents">["since"]>().toEqualTypeOf<number | undefined>()
expectTypeOf<RouteQuery<"auditEvents">["limit"]>().toEqualTypeOf<number>()
expectTypeOf<RouteQuery<"agents">["status"]>().toEqualTypeOf<
  "active" | "expired" | "released" | "revoked" | undefined
>()
expectTypeOf<RouteRequest<"renew">>().toEqualTypeOf<undefined>()
expectTypeOf<RouteResponse<"release">>().toEqualTypeOf<undefined>()
expectTypeOf<RouteProblem<"health">>().toEqualTypeOf<"payload_too_large" | "internal_error" | "unavailable">()
expectTypeOf<RouteProblem<RouteName>>().toExtend<ProblemCode>()

// @ts-expect-error no such route
type _Unknown = RouteRequest<"registration">
// @ts-expect-error no such code
createProblem({ code: "teapot", detail: "", instance: "/", requestId: "" })
// @ts-expect-error no such event type
encodeQuery(auditEventsQuery, { eventType: "nothing" })
