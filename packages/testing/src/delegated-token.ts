/** A token in the form of a delegated one, for its holder only: its signature is not valid. */
export function delegatedToken(changes: Record<string, unknown> = {}): string {
  const now = Math.floor(Date.now() / 1000)
  const agent = (instance: string) => `spiffe://example.org/agent/crm/t-42/${instance.repeat(16)}`
  const record = { agent: agent("a"), scope: ["read:data:*"], delegated_at: "2026-01-01T00:00:00.000Z" }
  const claims = {
    iss: "",
    sub: agent("b"),
    exp: now + 60,
    nbf: now,
    iat: now,
    jti: "0".repeat(32),
    kind: "agent",
    scope: ["read:data:7"],
    task_id: "t-42",
    orch_id: "crm",
    chain_hash: "0".repeat(64),
    delegation_chain: [{ ...record, signature: "5".repeat(128) }],
    ...changes,
  }
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url")
  return `${part({ alg: "EdDSA", typ: "JWT", kid: "k" })}.${part(claims)}.${"s".repeat(86)}`
}
