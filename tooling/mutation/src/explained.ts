/** A mutant that no test can see, because it changes nothing that can be seen. */
export interface Explained {
  readonly file: string
  /** Part of its line. */
  readonly line: string
  readonly to: string
  readonly why: string
}

/** Survivors that were looked at. One that no longer survives, or whose line is gone, is an error: the list stays true. */
export const EXPLAINED: readonly Explained[] = [
  {
    file: "packages/core/src/scope.ts",
    line: "action === undefined || resource === undefined || identifier === undefined",
    to: "&&",
    why: "the expression matches all three parts or none; the compiler asks for each",
  },
  {
    file: "packages/audit/src/canonical-event.ts",
    line: 'if (text.includes("\\\\ud"))',
    to: "true",
    why: "only spares the look at each value, which decides",
  },
  {
    file: "packages/audit/src/canonical-event.ts",
    line: "if (hasOnlyKnownMembers(event))",
    to: "false",
    why: "the quick way to the text that the other way makes too",
  },
  ...["true", "KNOWN_MEMBERS.has(name)"].map((to) => ({
    file: "packages/audit/src/canonical-event.ts",
    line: "if (!KNOWN_MEMBERS.has(name)) return false",
    to,
    why: "then the other way is always gone, to the same text",
  })),
  {
    file: "packages/audit/src/canonical-event.ts",
    line: "  return true",
    to: "false",
    why: "then the other way is always gone, to the same text",
  },
  {
    file: "packages/core/src/scope.ts",
    line: "resource === wanted.resource ? 4",
    to: "5",
    why: "from 4 on a resource weighs more than action and identifier together",
  },
  {
    file: "packages/core/src/jws.ts",
    line: "if (encoded !== lastHeader.encoded || type !== lastHeader.type)",
    to: "true",
    why: "only spares reading the same header again",
  },
  {
    file: "packages/core/src/jws.ts",
    line: "if (header.length === expectedStart.length + KEY_ID_LENGTH",
    to: "true",
    why: "the header that is rebuilt from its kid has that length too, and is compared as a whole",
  },
  {
    file: "packages/core/src/ed25519-bounds.ts",
    line: "(bytes[offset + differing] ?? 0) <",
    to: "1",
    why: "asked for only by the compiler: at -1 nothing is below what the bound has there",
  },
  {
    file: "packages/core/src/revocation-set.ts",
    line: "#cursor = 0",
    to: "1",
    why: "it goes round the table, from wherever it begins",
  },
  {
    file: "packages/core/src/revocation-set.ts",
    line: "constructor(expected = 0)",
    to: "1",
    why: "there is room for more from the start",
  },
  ...["return (((this.#taken[slot >>> 5] ?? 0)", "const others = (this.#taken[slot >>> 5] ?? 0)"].map((line) => ({
    file: "packages/core/src/revocation-set.ts",
    line,
    to: "1",
    why: "asked for only by the compiler",
  })),
  {
    file: "packages/core/src/revocation-set.ts",
    line: "maxSlots = 65_536",
    to: "65537",
    why: "how much a call does that does not say, give or take one",
  },
  {
    file: "packages/core/src/revocation-set.ts",
    line: "let sum = 0",
    to: "1",
    why: "every home moves by the same bit",
  },
  {
    file: "packages/core/src/revocation-set.ts",
    line: "for (let i = 0; i < WORDS; i++) {",
    to: "<=",
    why: "behind the last word there is none, which adds 0",
  },
  {
    file: "packages/core/src/revocation-set.ts",
    line: "const word = words[offset + i] ?? 0",
    to: "1",
    why: "asked for only by the compiler",
  },
  {
    file: "packages/core/src/revocation-set.ts",
    line: "const factor = this.#factors[i] ?? 0",
    to: "1",
    why: "asked for only by the compiler",
  },
  {
    file: "packages/core/src/revocation-set.ts",
    line: "sum += Math.imul(word, factor)",
    to: "-=",
    why: "the negative of a random factor is as random",
  },
  {
    file: "packages/authority/src/token-check.ts",
    line: "context.verifiedTokens.remember(token, withDigests(claims))",
    to: ";",
    why: "only spares the first use its verification",
  },
  {
    file: "packages/authority/src/token-check.ts",
    line: "if (known !== undefined) return known",
    to: "false",
    why: "only spares verifying the same token again",
  },
  {
    file: "packages/authority/src/token-check.ts",
    line: "keyId === context.signingKey.keyId ? context.signingKey : undefined",
    to: "true",
    why: "core holds the key that it gets against the kid that it asked by",
  },
  {
    file: "packages/authority/src/token-check.ts",
    line: "context.verifiedTokens.remember(token, verified)",
    to: ";",
    why: "only spares verifying the same token again",
  },
  {
    file: "packages/authority/src/token-check.ts",
    line: "return hit === undefined ?",
    to: "false",
    why: "asked for only by the compiler: the token was found to be revoked",
  },
  {
    file: "packages/authority/src/token-check.ts",
    line: "if (error instanceof CoreError) return error.message",
    to: "true",
    why: "core throws nothing else; the line is for a fault of ours",
  },
  {
    file: "packages/authority/src/token-check.ts",
    line: "throw error",
    to: "{}",
    why: "core throws nothing else; the line is for a fault of ours",
  },
  {
    file: "packages/authority/src/app-ceiling.ts",
    line: "is ${app === undefined ?",
    to: "false",
    why: "no app that launched an agent is ever deleted",
  },
  {
    file: "packages/audit/src/proof.ts",
    line: "if (start > 0) proof.push",
    to: "1",
    why: "it is never 1: the first split that is passed over lies at 2 or beyond",
  },
  {
    file: "packages/audit/src/proof.ts",
    line: "while (place % 2 === 0 && place !== 0)",
    to: "1",
    why: "place is last there, which is not 0; written as RFC 9162 has it",
  },
  {
    file: "packages/audit/src/proof.ts",
    line: "if (first === undefined) return false",
    to: "false",
    why: "asked for only by the compiler: without a proof nothing is walked, and last does not become 0",
  },
  {
    file: "packages/authority/src/app-ceiling.ts",
    line: "if (!(error instanceof ConflictError) ||",
    to: "&&",
    why: "the use cases turn every other conflict into a refusal before it gets there",
  },
  {
    file: "packages/authority/src/denial-fold.ts",
    line: "const ofAll = subject === undefined ? this.#ofOthers : this.#ofProven",
    to: "!==",
    why: "both allow as much; that they are two is what counts",
  },
  {
    file: "packages/authority/src/denial-fold.ts",
    line: "    return false",
    to: "true",
    why: "asked for only by the compiler: it is called when there are sources",
  },
  ...["2", "3", "33"].map((to) => ({
    file: "packages/core/src/revocation-set.ts",
    line: "Math.floor(Math.random() * 2 ** 32) | 1",
    to,
    why: "random factors all the same",
  })),
]
