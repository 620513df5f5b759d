import type { RouteName } from "../routes.ts"
import type { JsonObject } from "./json.ts"

/** One request of a route and its answer, as they are on the wire. */
export interface Sample {
  /** Values of path and query parameters, by name. */
  readonly parameters?: Readonly<Record<string, string | number>>
  readonly request?: JsonObject
  /** The JSON body of a success. */
  readonly answer?: JsonObject
  /** The JSON body of the route's second form of answer. */
  readonly otherwise?: JsonObject
  /** The body of a success that is not JSON of a schema, by media type. */
  readonly text?: Readonly<Record<string, string | JsonObject>>
}

const AGENT = "spiffe://agentwrit.local/agent/nightly-report/fetch-orders/3f9a1c0be27d4586"
const DELEGATE = "spiffe://agentwrit.local/agent/nightly-report/render-pdf/a07be5d1c3f24968"
const APP_ID = "app-billing-0a1b2c"
const JTI = "9b2f6d0c4e8a17353f9a1c0be27d4586"
const HASH = "5a1f0c7be2d94386a07be5d1c3f249683f9a1c0be27d45869b2f6d0c4e8a1735"
const LAUNCH_TOKEN = "c4e8a17353f9a1c0be27d45869b2f6d05a1f0c7be2d94386a07be5d1c3f24968"
const KEY_ID = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
const TOKEN = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6IuKApiJ9.eyJzdWIiOiLigKYifQ.c2lnbmF0dXJl"
const SIGNATURE = `${HASH}${HASH}`

const app = {
  app_id: APP_ID,
  name: "billing",
  client_id: "bil-3f9a1c0be27d",
  scopes: ["read:orders:*", "write:reports:*"],
  token_ttl: 1800,
  status: "active",
  created_at: "2026-03-29T08:00:00.000Z",
  updated_at: "2026-03-29T08:00:00.000Z",
}
const record = {
  agent: AGENT,
  scope: ["read:orders:*"],
  delegated_at: "2026-03-29T08:01:00.000Z",
  signature: SIGNATURE,
}
const launchTokenRequest = {
  agent_name: "order fetcher",
  allowed_scope: ["read:orders:*"],
  max_ttl: 300,
  single_use: true,
  ttl: 30,
  orch_id: "nightly-report",
  task_id: "fetch-orders",
}
const LAUNCH_TOKEN_ID = "lt-5a1f0c7be2d94386"
const launchTokenAnswer = {
  id: LAUNCH_TOKEN_ID,
  launch_token: LAUNCH_TOKEN,
  expires_at: "2026-03-29T08:00:30.000Z",
  policy: { allowed_scope: ["read:orders:*"], max_ttl: 300 },
}
const launchTokenList = {
  launch_tokens: [
    {
      id: LAUNCH_TOKEN_ID,
      agent_name: "order fetcher",
      app_id: APP_ID,
      allowed_scope: ["read:orders:*"],
      max_ttl: 300,
      single_use: true,
      created_at: "2026-03-29T08:00:00.000Z",
      expires_at: "2026-03-29T08:00:30.000Z",
      uses: 0,
    },
  ],
  total: 1,
}
const key = {
  kid: KEY_ID,
  alg: "EdDSA",
  use: "native",
  state: "current",
  created_at: "2026-03-29T08:00:00.000Z",
}
const health = {
  status: "ok",
  version: "2.0.0",
  uptime: 86_400,
  db_connected: true,
  audit_events_count: 1042,
  audit_chain: "ok",
}
const token = { access_token: TOKEN, expires_in: 300 }

/** A sample of every route: the examples of the OpenAPI document. A test validates them against the schemas. */
export const samples = {
  challenge: { answer: { nonce: HASH, expires_in: 30 } },
  register: {
    request: {
      launch_token: LAUNCH_TOKEN,
      nonce: HASH,
      public_key: "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
      signature: `${"A".repeat(86)}==`,
      orch_id: "nightly-report",
      task_id: "fetch-orders",
      requested_scope: ["read:orders:*"],
      requested_ttl: 300,
    },
    answer: { agent_id: AGENT, ...token },
  },
  validate: {
    request: { token: TOKEN },
    answer: {
      valid: true,
      claims: {
        iss: "https://broker.example",
        sub: AGENT,
        exp: 1_774_771_500,
        nbf: 1_774_771_200,
        iat: 1_774_771_200,
        jti: JTI,
        kind: "agent",
        scope: ["read:orders:*"],
        task_id: "fetch-orders",
        orch_id: "nightly-report",
      },
    },
  },
  renew: { answer: token },
  release: { request: { cascade: true } },
  delegate: {
    request: { delegate_to: DELEGATE, scope: ["read:orders:42"], ttl: 60 },
    answer: { ...token, expires_in: 60, delegation_chain: [record] },
  },
  adminSignIn: { request: { secret: "the operator's secret" }, answer: { ...token, token_type: "Bearer" } },
  createLaunchToken: { request: launchTokenRequest, answer: launchTokenAnswer },
  listLaunchTokens: { answer: launchTokenList },
  revokeLaunchToken: { parameters: { id: LAUNCH_TOKEN_ID } },
  createApp: {
    request: { name: app.name, scopes: app.scopes, token_ttl: app.token_ttl },
    answer: { ...app, client_secret: LAUNCH_TOKEN },
  },
  listApps: { answer: { apps: [app], total: 1 } },
  getApp: { parameters: { id: APP_ID }, answer: app },
  updateApp: {
    parameters: { id: APP_ID },
    request: { scopes: ["read:orders:*"], token_ttl: 900 },
    answer: { ...app, scopes: ["read:orders:*"], token_ttl: 900, updated_at: "2026-03-29T09:00:00.000Z" },
  },
  deregisterApp: {
    parameters: { id: APP_ID, revoke: "true" },
    answer: { app_id: APP_ID, status: "inactive", deregistered_at: "2026-03-29T10:00:00.000Z" },
  },
  rotateAppSecret: {
    parameters: { id: APP_ID },
    request: { grace: 3600 },
    answer: { app_id: APP_ID, client_secret: LAUNCH_TOKEN, previous_valid_until: "2026-03-29T10:00:00.000Z" },
  },
  restoreApp: { parameters: { id: APP_ID }, answer: app },
  appSignIn: {
    request: { client_id: app.client_id, client_secret: LAUNCH_TOKEN },
    answer: {
      ...token,
      expires_in: 1800,
      token_type: "Bearer",
      scopes: ["app:launch-tokens:*", "app:agents:*", "app:audit:read"],
    },
  },
  createAppLaunchToken: { request: launchTokenRequest, answer: launchTokenAnswer },
  listAppLaunchTokens: { answer: launchTokenList },
  revokeAppLaunchToken: { parameters: { id: LAUNCH_TOKEN_ID } },
  revoke: {
    request: { level: "agent", target: AGENT },
    answer: {
      revoked: true,
      level: "agent",
      target: AGENT,
      count: 1,
      affected: { agents: 1, tokens: 2 },
      confirmed: { brokers: 3 },
    },
  },
  previewRevocation: {
    request: { level: "agent", target: AGENT },
    answer: { level: "agent", target: AGENT, affected: { agents: 1, tokens: 2 }, agents: [AGENT], apps: [APP_ID] },
  },
  auditEvents: {
    parameters: {
      actor: "admin",
      agent_id: AGENT,
      task_id: "fetch-orders",
      event_type: "token_issued",
      outcome: "success",
      since: "2026-03-29T00:00:00Z",
      until: "2026-03-30T00:00:00Z",
      after: "evt-000041",
      limit: 100,
      offset: 0,
    },
    answer: {
      events: [
        {
          id: "evt-000042",
          timestamp: "2026-03-29T08:00:05.120Z",
          event_type: "token_issued",
          agent_id: AGENT,
          task_id: "fetch-orders",
          orch_id: "nightly-report",
          detail: `jti=${JTI} scope=read:orders:* ttl=300`,
          resource: "/v1/register",
          outcome: "success",
          hash: HASH,
          prev_hash: "0".repeat(64),
        },
      ],
      total: 1,
      offset: 0,
      limit: 100,
    },
  },
  auditCheckpoint: {
    text: {
      "text/plain":
        "agentwrit.local/audit\n1042\nWh8Me+LZQ4age+XRw/JJaD+aHAvifUWGmy9tDE6KFzU=\n\n— agentwrit.local/audit 3q2+7wAA…\n",
    },
  },
  agents: {
    parameters: {
      status: "active",
      task_id: "fetch-orders",
      orch_id: "nightly-report",
      app_id: APP_ID,
      limit: 100,
      offset: 0,
    },
    answer: {
      agents: [
        {
          agent_id: AGENT,
          orch_id: "nightly-report",
          task_id: "fetch-orders",
          app_id: APP_ID,
          scope: ["read:orders:*"],
          status: "active",
          registered_at: "2026-03-29T08:00:05.120Z",
          expires_at: "2026-03-29T08:05:05.120Z",
        },
      ],
      total: 1,
      offset: 0,
      limit: 100,
    },
  },
  listKeys: { answer: { keys: [key, { ...key, kid: HASH.slice(0, 43), state: "next" }] } },
  rotateKey: { request: { alg: "EdDSA", signs_in: 300, force: false }, answer: { ...key, state: "next" } },
  rotateAuditKey: {
    answer: {
      verifier_key: "agentwrit.local/audit+f1c09e17+AYqI4910CfGV/VLbLTy6XXLKZwm/HZQSG/N0iAG0D29c",
    },
  },
  retireKey: {
    parameters: { kid: KEY_ID },
    answer: { kid: KEY_ID, status: "retired", retired_at: "2026-03-29T08:00:00.000Z" },
  },
  health: { answer: health, otherwise: { ...health, status: "degraded", db_connected: false } },
  metrics: {
    text: {
      "text/plain":
        "# HELP agentwrit_tokens_issued_total Tokens issued\n# TYPE agentwrit_tokens_issued_total counter\nagentwrit_tokens_issued_total 1042\n",
    },
  },
  revocations: {
    parameters: { since: 41 },
    text: { "application/jwt": TOKEN, "text/event-stream": `id: 42\ndata: ${TOKEN}\n\n` },
  },
  jwks: {
    answer: { keys: [{ kty: "OKP", crv: "Ed25519", x: KEY_ID, kid: KEY_ID, use: "sig", alg: "EdDSA" }] },
  },
  openapi: {
    text: { "application/json": { openapi: "3.1.0", info: { title: "AgentWrit", version: "2.0.0" }, paths: {} } },
  },
} as const satisfies Readonly<Record<RouteName, Sample>>
