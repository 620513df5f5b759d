import type { Answer } from "@agentwrit/testing/client"
import { tokenPart } from "@agentwrit/testing/forged-tokens"
import type { Findings } from "../findings.ts"

/** Operations that change the broker's state. */
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

/** One operation. Its marker is unique, and the trail names it. */
export interface Operation {
  readonly kind: OperationKind
  readonly marker: string
  /** `refused`: it must not have happened. `unknown`: no answer arrived. */
  outcome: "acknowledged" | "refused" | "unknown"
  acknowledgements: number
}

/** A token that a client holds. */
export interface HeldToken {
  readonly text: string
  readonly jti: string
  readonly sub: string
  /** Its task, and those of its subject and its delegators. */
  readonly taskIds: readonly string[]
  /** The subjects that delegated it, the first delegator first. */
  readonly delegators: readonly string[]
  /** The `jti` of each token that it was delegated from. */
  readonly ancestors: readonly string[]
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

/** A registration that was sent and can be sent again. */
export interface SentRegistration {
  readonly taskId: string
  readonly launchToken: HeldLaunchToken
  readonly body: Record<string, unknown>
  readonly sentAtMs: number
}

/** Records every operation that was sent to one broker, and the answers. It lives outside the broker. */
export class Ledger {
  readonly operations = new Map<string, Operation>()
  readonly tokens: HeldToken[] = []
  /** Tokens that were issued or used since the last check. */
  readonly fresh = new Set<HeldToken>()
  readonly agents: HeldAgent[] = []
  readonly apps: HeldApp[] = []
  readonly launchTokens: HeldLaunchToken[] = []
  /** All registrations; the first `checkedRegistrations` of them were checked after a restart. */
  readonly registrations: SentRegistration[] = []
  checkedRegistrations = 0
  /** Targets whose revocation was acknowledged, as `level target`. */
  readonly revoked = new Set<string>()
  /** The newest checkpoint that the broker answered with. */
  checkpoint: string | undefined
  /** Wrong answers that a client saw. */
  readonly problems: string[] = []
  acknowledgements = 0
  #names = 0

  /** A name that no operation used before. */
  name(prefix: string): string {
    return `${prefix}${++this.#names}`
  }

  /** Records the attempt, sends it, and records the answer; `undefined` when none arrived. */
  async attempt(kind: OperationKind, marker: string, send: () => Promise<Answer>): Promise<Answer | undefined> {
    const operation = this.#operation(kind, marker)
    let answer: Answer
    try {
      answer = await send()
    } catch {
      if (operation.outcome === "refused") operation.outcome = "unknown"
      return undefined
    }
    const { status, text, body } = answer
    if (status < 300) this.acknowledge(operation)
    else if (status >= 500 && status !== 503) this.problems.push(`${kind} ${marker} got ${status}: ${text}`)
    else if (status === 503 && !String(body?.hint).startsWith("nothing was changed") && operation.outcome === "refused")
      operation.outcome = "unknown"
    return answer
  }

  acknowledge(operation: Operation): void {
    operation.outcome = "acknowledged"
    operation.acknowledgements++
    this.acknowledgements++
  }

  /** Records a sign-in by the token that it answered with. */
  signedIn(text: string): void {
    this.acknowledge(this.#operation("sign_in", tokenPart(text, 1).jti))
  }

  /** Records a token that a client received. */
  hold(text: string): HeldToken {
    const { jti, sub, task_id: taskId, delegation_chain: chain = [] } = tokenPart(text, 1)
    const delegators: string[] = chain.map(({ agent }: { agent: string }) => agent)
    const taskIds = [taskId, ...[sub, ...delegators].map((id) => id.split("/").at(-2))]
    const token = { text, jti, sub, taskIds, delegators, ancestors: chain.map((record: { jti: string }) => record.jti) }
    this.tokens.push(token)
    this.fresh.add(token)
    return token
  }

  /** Sends this token no more. */
  forget(jti: string): void {
    const at = this.tokens.findIndex((token) => token.jti === jti)
    const [token] = at < 0 ? [] : this.tokens.splice(at, 1)
    if (token !== undefined) this.fresh.delete(token)
  }

  keepCheckpoint(note: string): void {
    const size = (text: string | undefined): number => Number(text?.split("\n")[1] ?? -1)
    if (size(note) > size(this.checkpoint)) this.checkpoint = note
  }

  /** Several clients may try the same operation; it counts as refused only when all were refused. */
  #operation(kind: OperationKind, marker: string): Operation {
    const key = `${kind} ${marker}`
    const operation = this.operations.get(key) ?? { kind, marker, outcome: "refused", acknowledgements: 0 }
    this.operations.set(key, operation)
    return operation
  }
}

/** Whether one of these revocations, given as `level target`, ends the token (CONTRACT 2). */
export const isRevoked = (token: HeldToken, revoked: ReadonlySet<string>): boolean =>
  revoked.has(`token ${token.jti}`) ||
  revoked.has(`agent ${token.sub}`) ||
  token.taskIds.some((taskId) => revoked.has(`task ${taskId}`)) ||
  token.ancestors.some((jti) => revoked.has(`heirs ${jti}`)) ||
  token.delegators.some((agent) => revoked.has(`agent ${agent}`) || revoked.has(`chain ${agent}`))

/** What each check of a restarted broker works with. */
export interface Check {
  readonly url: string
  readonly admin: string
  readonly ledger: Ledger
  readonly found: Findings
}
