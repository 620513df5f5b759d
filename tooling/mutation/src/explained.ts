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
]
