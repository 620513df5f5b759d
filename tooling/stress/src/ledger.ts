import type { Answer } from "@agentwrit/testing/client"

/** What changes the broker's state, and is looked for after a crash. */
export type OperationKind =
  | "launch_token"
  | "register"
  | "renew"
  | "release"
  | "delegate"
  | "revoke"
  | "create_app"
  | "update_app"
  | "deregister_app"
  | "sign_in"

/** `refused`: nothing may have happened. `unknown`: the answer never came. */
export type Outcome = "acknowledged" | "refused" | "unknown"

/** One operation, found again in the trail by a marker that only it has. */
export interface Operation {
  readonly kind: OperationKind
  readonly marker: string
  outcome: Outcome
  /** How often it was answered with success. */
  acknowledgements: number
}

/** A token that a client holds. */
export interface HeldToken {
  readonly text: string
  readonly jti: string
  readonly sub: string
  readonly taskId: string | undefined
  /** Subjects through whom it was delegated, the first delegator first. */
  readonly delegators: readonly string[]
}

/** A launch token that a client holds. */
export interface HeldLaunchToken {
  readonly text: string
  readonly singleUse: boolean
  readonly appId: string | undefined
}

/** An agent as its client knows it. */
export interface HeldAgent {
  readonly agentId: string
  readonly taskId: string
  token: HeldToken
}

/** An app as the operator knows it. */
export interface HeldApp {
  readonly appId: string
  readonly clientId: string
  readonly clientSecret: string
}

/** A registration that was sent, to be sent again unchanged. */
export interface SentRegistration {
  readonly taskId: string
  readonly launchToken: HeldLaunchToken
  readonly body: Record<string, unknown>
  /** `performance.now()`, from which on its nonce grows old. */
  readonly at: number
}

/** Everything that was tried against one broker's state and what was answered; kept outside of it. */
export class Ledger {
  readonly operations = new Map<string, Operation>()
  readonly tokens: HeldToken[] = []
  /** Tokens that came or were used since the last look. */
  readonly fresh = new Set<HeldToken>()
  readonly agents: HeldAgent[] = []
  readonly apps: HeldApp[] = []
  readonly launchTokens: HeldLaunchToken[] = []
  readonly registrations: SentRegistration[] = []
  /** How many of them were looked at after a restart. */
  resent = 0
  /** Targets whose revocation was acknowledged, as `level target`. */
  readonly revoked = new Set<string>()
  /** The newest checkpoint that the broker answered with. */
  checkpoint: string | undefined
  /** What a client saw that must not be. */
  readonly problems: string[] = []
  #acknowledgements = 0
  #characters = 0
  #names = 0

  /** How often a change was answered with success. */
  get acknowledgements(): number {
    return this.#acknowledgements
  }

  /** Of all tokens that clients were given. */
  get characters(): number {
    return this.#characters
  }

  /** A word that no operation used before. */
  name(prefix: string): string {
    return `${prefix}${++this.#names}`
  }

  /** Writes down that it is tried, tries it, and writes down the answer; `undefined` when none came. */
  async attempt(kind: OperationKind, marker: string, send: () => Promise<Answer>): Promise<Answer | undefined> {
    const operation = this.#operation(kind, marker)
    let answer: Answer
    try {
      answer = await send()
    } catch {
      if (operation.outcome === "refused") operation.outcome = "unknown"
      return undefined
    }
    if (answer.status < 300) {
      operation.acknowledgements++
      this.#acknowledgements++
      operation.outcome = "acknowledged"
    } else if (answer.status >= 500 && answer.status !== 503) {
      this.problems.push(`${kind} ${marker} was answered with ${answer.status}: ${answer.text}`)
    } else if (answer.status === 503 && !String(answer.body?.hint).startsWith("nothing was changed")) {
      if (operation.outcome === "refused") operation.outcome = "unknown"
    }
    return answer
  }

  /** Writes down that a registration is about to be sent. */
  sent(registration: Omit<SentRegistration, "at">): void {
    this.registrations.push({ ...registration, at: performance.now() })
  }

  /** Writes down a sign-in, by the token that came of it. */
  signedIn(text: string): void {
    const operation = this.#operation("sign_in", claimsOf(text).jti)
    operation.outcome = "acknowledged"
    operation.acknowledgements++
    this.#acknowledgements++
  }

  hold(text: string): HeldToken {
    const claims = claimsOf(text)
    const delegators = (claims.delegation_chain ?? []).map(({ agent }: { agent: string }) => agent)
    const token = { text, jti: claims.jti, sub: claims.sub, taskId: claims.task_id, delegators }
    this.tokens.push(token)
    this.#characters += text.length
    this.fresh.add(token)
    return token
  }

  keepCheckpoint(note: string): void {
    const size = (text: string | undefined): number => Number(text?.split("\n")[1] ?? -1)
    if (size(note) > size(this.checkpoint)) this.checkpoint = note
  }

  /** Several clients may try the same at once; it is refused only when it was refused to all. */
  #operation(kind: OperationKind, marker: string): Operation {
    const key = `${kind} ${marker}`
    const known = this.operations.get(key)
    if (known !== undefined) return known
    const operation: Operation = { kind, marker, outcome: "refused", acknowledgements: 0 }
    this.operations.set(key, operation)
    return operation
  }
}

function claimsOf(text: string) {
  return JSON.parse(Buffer.from(text.split(".")[1] ?? "", "base64url").toString())
}

/** Whether a token is among what is revoked, given as `level target` (CONTRACT 2). */
export function isRevoked(token: HeldToken, revoked: ReadonlySet<string>): boolean {
  return (
    revoked.has(`token ${token.jti}`) ||
    revoked.has(`agent ${token.sub}`) ||
    (token.taskId !== undefined && revoked.has(`task ${token.taskId}`)) ||
    token.delegators.some((agent) => revoked.has(`agent ${agent}`) || revoked.has(`chain ${agent}`))
  )
}
