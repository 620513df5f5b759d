/** A file of rules, and the tests that are to see each change of it. */
export interface Target {
  readonly root: string
  readonly file: string
  readonly tests: readonly string[]
}

const target = (root: string, name: string, tests: readonly string[] = [name]): Target => ({
  root,
  file: `src/${name}.ts`,
  tests: tests.map((test) => `test/${test}.test.ts`),
})

/** Scopes, tokens, chains, revocation and the trail. */
export const TARGETS: readonly Target[] = [
  target("packages/core", "scope"),
  target("packages/core", "ttl"),
  target("packages/core", "claims", ["claims", "token"]),
  target("packages/core", "token"),
  target("packages/core", "jws", ["jws", "token"]),
  target("packages/core", "delegation"),
  target("packages/core", "delegation-record", ["delegation"]),
  target("packages/core", "revocation"),
  target("packages/core", "revocation-set"),
  target("packages/core", "ed25519-bounds", ["ed25519"]),
  target("packages/audit", "canonical-event", ["event", "chain"]),
  target("packages/audit", "chain", ["chain", "verify"]),
  target("packages/audit", "merkle"),
  target("packages/audit", "right-edge", ["merkle"]),
  target("packages/audit", "proof", ["merkle"]),
  target("packages/audit", "note"),
  target("packages/audit", "checkpoint"),
  target("packages/audit", "trail-verifier", ["verify"]),
  target("packages/audit", "verify"),
]
