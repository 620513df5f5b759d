/** A good wire form of every request body, to change one field at a time. */
export const AGENT = "spiffe://agentwrit.local/agent/nightly/task-1/0123456789abcdef"
export const HEX_64 = "0f".repeat(32)
export const JTI = "0f".repeat(16)

export const REQUESTS = {
  register: {
    launch_token: HEX_64,
    nonce: "1e".repeat(32),
    public_key: "11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    signature: `${"A".repeat(86)}==`,
    orch_id: "nightly",
    task_id: "task-1",
    requested_scope: ["read:data:*"],
    requested_ttl: 60,
  },
  validate: { token: "a.b.c" },
  delegate: { delegate_to: AGENT, scope: ["read:data:1"], ttl: 30 },
  adminSignIn: { secret: "correct horse" },
  createLaunchToken: {
    agent_name: "data-processor",
    allowed_scope: ["read:data:*", "write:data:*"],
    max_ttl: 300,
    single_use: true,
    ttl: 30,
    orch_id: "nightly",
    task_id: "task-1",
  },
  createAppLaunchToken: { agent_name: "n", allowed_scope: ["read:data:*"] },
  createApp: { name: "billing", scopes: ["read:data:*"], token_ttl: 1800 },
  updateApp: { scopes: ["read:data:*"], token_ttl: 60 },
  appSignIn: { client_id: "bil-0123456789ab", client_secret: HEX_64 },
  revoke: { level: "token", target: JTI },
} as const

const APP = {
  app_id: "app-billing-0a1b2c",
  name: "billing",
  client_id: "bil-0123456789ab",
  scopes: ["read:data:*"],
  token_ttl: 1800,
  status: "active",
  created_at: "2026-02-15T12:00:00.000Z",
  updated_at: "2026-02-15T12:00:00.000Z",
}

const RECORD = {
  agent: AGENT,
  scope: ["read:data:*"],
  delegated_at: "2026-02-15T12:00:00.000Z",
  signature: "0f".repeat(64),
}

const LAUNCH_TOKEN = {
  launch_token: HEX_64,
  expires_at: "2026-02-15T12:00:30.000Z",
  policy: { allowed_scope: ["read:data:*", "write:data:*"], max_ttl: 300 },
}

const HEALTH = {
  status: "ok",
  version: "2.0.0",
  uptime: 5,
  db_connected: true,
  audit_events_count: 0,
  audit_chain: "ok",
}

/** What CONTRACT 3 says that each route answers with, in full. */
export const RESPONSES = {
  challenge: [{ nonce: HEX_64, expires_in: 30 }],
  register: [{ agent_id: AGENT, access_token: "a.b.c", expires_in: 300 }],
  validate: [
    {
      valid: true,
      claims: {
        iss: "",
        sub: AGENT,
        aud: ["api"],
        exp: 1707600000,
        nbf: 1707599700,
        iat: 1707599700,
        jti: JTI,
        kind: "agent",
        sid: "s",
        scope: ["read:data:1"],
        task_id: "task-1",
        orch_id: "nightly",
        delegation_chain: [RECORD],
        chain_hash: HEX_64,
      },
    },
    { valid: false, error: "token is invalid or expired" },
  ],
  renew: [{ access_token: "a.b.c", expires_in: 300 }],
  delegate: [{ access_token: "a.b.c", expires_in: 60, delegation_chain: [RECORD] }],
  adminSignIn: [{ access_token: "a.b.c", expires_in: 300, token_type: "Bearer" }],
  createLaunchToken: [LAUNCH_TOKEN],
  createAppLaunchToken: [LAUNCH_TOKEN],
  createApp: [{ ...APP, client_secret: HEX_64 }],
  listApps: [{ apps: [{ ...APP, status: "inactive", deregistered_at: "2026-02-15T12:00:01.000Z" }, APP], total: 2 }],
  getApp: [APP],
  updateApp: [APP],
  deregisterApp: [{ app_id: APP.app_id, status: "inactive", deregistered_at: "2026-02-15T12:00:01.000Z" }],
  appSignIn: [
    {
      access_token: "a.b.c",
      expires_in: 1800,
      token_type: "Bearer",
      scopes: ["app:launch-tokens:*", "app:agents:*", "app:audit:read"],
    },
  ],
  revoke: [{ revoked: true, level: "agent", target: "app:app-billing-0a1b2c", count: 1 }],
  auditEvents: [
    {
      events: [
        {
          id: "evt-000001",
          timestamp: "2026-02-15T12:00:00.000Z",
          event_type: "delegation_created",
          agent_id: AGENT,
          task_id: "task-1",
          orch_id: "nightly",
          detail: "delegated",
          resource: "/v1/delegate",
          outcome: "success",
          deleg_depth: 1,
          deleg_chain_hash: HEX_64,
          bytes_transferred: 5,
          hash: HEX_64,
          prev_hash: "0".repeat(64),
        },
        {
          id: "evt-000002",
          timestamp: "2026-02-15T12:00:01.000Z",
          event_type: "resource_accessed",
          detail: "",
          hash: HEX_64,
          prev_hash: HEX_64,
          later: 1,
        },
      ],
      total: 2,
      offset: 0,
      limit: 100,
    },
  ],
  agents: [
    {
      agents: [
        {
          agent_id: AGENT,
          orch_id: "nightly",
          task_id: "task-1",
          app_id: APP.app_id,
          scope: ["read:data:*"],
          status: "active",
          registered_at: "2026-02-15T12:00:00.000Z",
          expires_at: "2026-02-15T12:05:00.000Z",
        },
      ],
      total: 1,
      offset: 0,
      limit: 100,
    },
  ],
  health: [HEALTH, { ...HEALTH, status: "degraded", db_connected: false, audit_chain: "verifying" }],
  jwks: [{ keys: [{ kty: "OKP", crv: "Ed25519", x: "A".repeat(43), kid: "B".repeat(43), use: "sig", alg: "EdDSA" }] }],
} as const
