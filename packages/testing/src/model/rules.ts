// Written from CONTRACT 2 alone, not from the code that it judges.

/** A token as the model knows it: from what was asked, not from its claims. */
export interface ModelToken {
  readonly text: string
  readonly jti: string
  readonly kind: "admin" | "app" | "agent"
  /** Who holds it. */
  readonly sub: string
  /** Unix seconds. */
  readonly iat: number
  readonly exp: number
  readonly scope: readonly string[]
  /** For a delegated token the delegator's task. */
  readonly task?: string
  /** The app that it belongs to, or that launched its holder. */
  readonly app?: string
  /** The token that it was delegated from. */
  readonly from?: ModelToken
}

/** An entry of the revocation list. */
export interface ModelEntry {
  readonly level: "token" | "agent" | "task" | "chain" | "app" | "all"
  readonly target: string
  /** Levels `app` and `all`: what was issued up to then, in Unix seconds. */
  readonly before?: number
  /** A renewal, or a release that does not cascade. */
  readonly alone?: boolean
}

/** What every judge says. A token that is both expired and revoked is expired (CONTRACT 1, `token_revoked`). */
export type Verdict = "valid" | "expired" | "revoked"

/** Whether an entry revokes a token. */
export function covers({ level, target, alone = false, before = 0 }: ModelEntry, token: ModelToken): boolean {
  const ancestors = ancestorsOf(token)
  const line = [token, ...ancestors]
  switch (level) {
    case "token":
      return token.jti === target || (!alone && ancestors.some(({ jti }) => jti === target))
    case "agent":
      return line.some(({ sub }) => sub === target)
    case "task":
      return line.some(({ sub, task }) => task === target || taskOf(sub) === target)
    case "chain":
      return ancestors.some(({ sub }) => sub === target)
    case "app":
      return token.iat <= before && line.some(({ app }) => app === target)
    case "all":
      return token.iat <= before && token.kind !== "admin"
  }
}

/** The tokens that it was delegated from, the nearest first. */
export function ancestorsOf({ from }: ModelToken): ModelToken[] {
  return from === undefined ? [] : [from, ...ancestorsOf(from)]
}

/** Whether each scope is within one of the others. */
export const isWithin = (scopes: readonly string[], allowed: readonly string[]): boolean =>
  scopes.every((scope) => allowed.some((one) => one === scope || one === scope.replace(/[^:]*$/, "*")))

/** The task in an agent id; nothing in any other subject. */
const taskOf = (sub: string): string | undefined => sub.split("/").at(-2)
