import { type ConversionConfig, type JsonSchema, toJsonSchema, toJsonSchemaDefs } from "@valibot/to-json-schema"
import type * as v from "valibot"
import { adminSignInRequest, adminSignInResponse } from "../admin-sign-in.ts"
import { agentResponse, agentsResponse } from "../agent.ts"
import {
  appCreationRequest,
  appCreationResponse,
  appDeregistrationResponse,
  appListResponse,
  appResponse,
  appUpdateRequest,
  secretRotationRequest,
  secretRotationResponse,
} from "../app.ts"
import { appSignInRequest, appSignInResponse } from "../app-sign-in.ts"
import { auditEvent, auditEventsResponse } from "../audit.ts"
import { challengeResponse } from "../challenge.ts"
import { claims } from "../claims.ts"
import { delegationRequest, delegationResponse } from "../delegation.ts"
import { delegationRecord } from "../delegation-record.ts"
import { healthResponse } from "../health.ts"
import { jwkSetResponse, publicJwk } from "../jwk-set.ts"
import { auditKeyResponse, keyListResponse, keyResponse, keyRetirementResponse, keyRotationRequest } from "../key.ts"
import { launchTokenRequest } from "../launch-token.ts"
import {
  launchTokenListResponse,
  launchTokenPolicy,
  launchTokenResponse,
  launchTokenView,
} from "../launch-token-answer.ts"
import { problem } from "../problem.ts"
import { registrationRequest, registrationResponse } from "../registration.ts"
import { releaseRequest } from "../release.ts"
import { renewalResponse } from "../renewal.ts"
import {
  affectedCounts,
  agentRevocation,
  allRevocation,
  appRevocation,
  chainRevocation,
  confirmedBrokers,
  revocationPreviewResponse,
  revocationRequest,
  revocationResponse,
  taskRevocation,
  tokenRevocation,
} from "../revocation.ts"
import { revocationFeed, revocationFeedEntry } from "../revocation-feed.ts"
import { invalidTokenResponse, validationRequest, validationResponse, validTokenResponse } from "../validation.ts"

/** The schemas that the document names, by resource. */
const named: Readonly<Record<string, v.GenericSchema>> = {
  Problem: problem,
  ChallengeResponse: challengeResponse,
  RegistrationRequest: registrationRequest,
  RegistrationResponse: registrationResponse,
  ValidationRequest: validationRequest,
  ValidationResponse: validationResponse,
  ValidTokenResponse: validTokenResponse,
  InvalidTokenResponse: invalidTokenResponse,
  Claims: claims,
  DelegationRecord: delegationRecord,
  RenewalResponse: renewalResponse,
  ReleaseRequest: releaseRequest,
  DelegationRequest: delegationRequest,
  DelegationResponse: delegationResponse,
  AdminSignInRequest: adminSignInRequest,
  AdminSignInResponse: adminSignInResponse,
  LaunchTokenRequest: launchTokenRequest,
  LaunchTokenResponse: launchTokenResponse,
  LaunchTokenPolicy: launchTokenPolicy,
  LaunchTokenListResponse: launchTokenListResponse,
  LaunchToken: launchTokenView,
  AppCreationRequest: appCreationRequest,
  AppCreationResponse: appCreationResponse,
  AppUpdateRequest: appUpdateRequest,
  App: appResponse,
  AppListResponse: appListResponse,
  AppDeregistrationResponse: appDeregistrationResponse,
  SecretRotationRequest: secretRotationRequest,
  SecretRotationResponse: secretRotationResponse,
  AppSignInRequest: appSignInRequest,
  AppSignInResponse: appSignInResponse,
  RevocationRequest: revocationRequest,
  TokenRevocation: tokenRevocation,
  AgentRevocation: agentRevocation,
  TaskRevocation: taskRevocation,
  ChainRevocation: chainRevocation,
  AppRevocation: appRevocation,
  AllRevocation: allRevocation,
  AffectedCounts: affectedCounts,
  ConfirmedBrokers: confirmedBrokers,
  RevocationResponse: revocationResponse,
  RevocationPreviewResponse: revocationPreviewResponse,
  AuditEvent: auditEvent,
  AuditEventsResponse: auditEventsResponse,
  Agent: agentResponse,
  AgentsResponse: agentsResponse,
  Key: keyResponse,
  KeyListResponse: keyListResponse,
  KeyRotationRequest: keyRotationRequest,
  KeyRetirementResponse: keyRetirementResponse,
  AuditKeyResponse: auditKeyResponse,
  HealthResponse: healthResponse,
  PublicJwk: publicJwk,
  JwkSet: jwkSetResponse,
  RevocationFeed: revocationFeed,
  RevocationFeedEntry: revocationFeedEntry,
}

const config: ConversionConfig = {
  target: "draft-2020-12",
  // The wire form: what stands before the first transformation of a pipe.
  typeMode: "input",
  errorMode: "throw",
  overrideRef: ({ referenceId }) => referenceTo(referenceId),
  // Fields with a check or of a custom type describe it with `v.metadata`.
  ignoreActions: ["check"],
  overrideSchema: ({ valibotSchema, jsonSchema }) => (valibotSchema.type === "custom" ? jsonSchema : undefined),
}

/** `components/schemas` of the document. */
export function componentSchemas(): Record<string, JsonSchema> {
  const schemas = Object.entries(toJsonSchemaDefs(named, config))
  return Object.fromEntries(
    schemas.map(([name, schema]) => [name, name.endsWith("Request") ? withNulls(schema) : schema]),
  )
}

/** `decode` takes `null` for an optional member of a request. */
function withNulls(schema: JsonSchema): JsonSchema {
  const { properties, required = [] } = schema
  if (properties === undefined) return schema
  const members = Object.entries(properties).map(([name, member]) => {
    if (required.includes(name)) return [name, member]
    if (typeof member !== "object" || typeof member.type !== "string")
      throw new TypeError(`the optional member ${name} has no single type`)
    const words = member.enum && { enum: [...member.enum, null] }
    return [name, { ...member, ...words, type: [member.type, "null"] }]
  })
  return { ...schema, properties: Object.fromEntries(members) }
}

/** A reference to a named schema. @throws TypeError for a body whose schema is not in {@link named} */
export function referenceTo(schema: string | v.GenericSchema): string {
  const name = typeof schema === "string" ? schema : Object.keys(named).find((key) => named[key] === schema)
  if (name === undefined) throw new TypeError("a body's schema has no name in the OpenAPI document")
  return `#/components/schemas/${name}`
}

/** The schema of one parameter, and separately its description. */
export function parameterSchema(schema: v.GenericSchema): { schema: JsonSchema; description: string | undefined } {
  const { $schema: _dialect, description, ...rest } = toJsonSchema(schema, config)
  return { schema: rest, description }
}
