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
    file: "packages/audit/src/merkle.ts",
    line: "for (let i = 0; i < HASH_LENGTH; i++) if (a[i] !== b[i])",
    to: "<=",
    why: "behind the end both have nothing",
  },
  {
    file: "packages/audit/src/merkle.ts",
    line: "return a.length === HASH_LENGTH && b.length === HASH_LENGTH",
    to: "||",
    why: "callers ask about hashes of 32 bytes only; the line is for those to come",
  },
]
