import {
  type Claims,
  chainHash,
  createSigningKey,
  type DelegationRecord,
  extendChain,
  formatAgentId,
  type SigningKey,
  type VerifyingKey,
} from "../src/index.ts"

export const key: SigningKey = createSigningKey(new Uint8Array(32).fill(7))
export const otherKey: SigningKey = createSigningKey(new Uint8Array(32).fill(8))

/** Finds `key`, and nothing else. */
export function findKey(keyId: string): VerifyingKey | undefined {
  return keyId === key.keyId ? key : undefined
}

/** The agent id of the task with that number. */
export function agentId(number: number): string {
  return formatAgentId({
    trustDomain: "example.org",
    orchId: "orch-1",
    taskId: `task-${number}`,
    instance: number.toString(16).padStart(16, "0"),
  })
}

export const NOW = 1_800_000_000

/** Claims of an agent's own token, with changes. */
export function agentClaims(changes: Partial<Claims> = {}): Claims {
  return {
    iss: "https://broker.example.org",
    sub: agentId(1),
    exp: NOW + 300,
    nbf: NOW,
    iat: NOW,
    jti: "0123456789abcdef0123456789abcdef",
    kind: "agent",
    scope: ["read:data:*"],
    task_id: "task-1",
    orch_id: "orch-1",
    ...changes,
  }
}

export function adminClaims(changes: Partial<Claims> = {}): Claims {
  const { task_id, orch_id, ...rest } = agentClaims()
  return { ...rest, sub: "admin", kind: "admin", scope: ["admin:revoke:*"], ...changes }
}

/** A chain in which the agents 1, 2, … each held one scope of those given. */
export function chainOf(...scopes: readonly string[]): DelegationRecord[] {
  let chain: DelegationRecord[] = []
  for (const [i, scope] of scopes.entries()) {
    const held = { scope: [scope], jti: String(i + 1).repeat(32) }
    chain = extendChain(chain, { agent: agentId(i + 1), ...held, delegatedAt: "2027-01-15T08:00:00.000Z" }, key)
  }
  return chain
}

/** Claims of a token that was delegated along a chain. */
export function delegatedClaims(chain: DelegationRecord[], changes: Partial<Claims> = {}): Claims {
  return agentClaims({
    sub: agentId(chain.length + 1),
    delegation_chain: chain,
    chain_hash: chainHash(chain),
    ...changes,
  })
}
