/** A file of rules, and the tests that are to see each change of it. */
export interface Target {
  readonly file: string
  /** The package of the tests. */
  readonly root: string
  readonly tests: readonly string[]
}

const target = (root: string, name: string, tests: readonly string[] = [name]): Target => ({
  file: `${root}/src/${name}.ts`,
  root,
  tests: tests.map((test) => `test/${test}.test.ts`),
})

/** A decision of the authority that the tests ask of a broker, in process. */
const decision = (name: string, tests: readonly string[] = [name]): Target => ({
  ...target("apps/broker", name, tests),
  file: `packages/authority/src/${name}.ts`,
})

/** Scopes, tokens, chains, revocation, the trail, and what the authority decides of them. */
export const TARGETS: readonly Target[] = [
  target("packages/core", "scope"),
  target("packages/core", "ttl"),
  target("packages/core", "claims", ["claims", "token"]),
  target("packages/core", "token"),
  target("packages/core", "jws", ["jws", "token"]),
  target("packages/core", "delegation"),
  target("packages/core", "delegation-record", ["delegation", "claims"]),
  target("packages/core", "revocation"),
  target("packages/core", "revocation-set"),
  target("packages/core", "ed25519-bounds", ["ed25519"]),
  target("packages/audit", "canonical-event", ["event", "chain"]),
  target("packages/audit", "chain", ["chain", "verify"]),
  target("packages/audit", "merkle", ["merkle", "proof"]),
  target("packages/audit", "right-edge"),
  target("packages/audit", "proof"),
  target("packages/audit", "note"),
  target("packages/audit", "checkpoint"),
  target("packages/audit", "trail-verifier", ["verify"]),
  target("packages/audit", "verify"),
  target("packages/authority", "nonce"),
  target("packages/authority", "denial-fold"),
  decision("token-check"),
  decision("app-ceiling", ["delegation"]),
  decision("delegation"),
  decision("revocation"),
]
