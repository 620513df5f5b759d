import type { OperationKind } from "./ledger.ts"

export type Event = Readonly<Record<string, unknown>>

/** An agent as the trail describes it. */
export interface ExpectedAgent {
  readonly taskId: string
  readonly orchId: string
  readonly scope: string
  readonly ttlSeconds: number
  jti: string
  /** Milliseconds since the Unix epoch. */
  expiresAtMs: number
  isReleased: boolean
}

type Happened = readonly [kind: OperationKind, marker: string]

/** The state that follows from the trail alone. The broker's own state must be the same. */
export class TrailState {
  readonly happened: Happened[] = []
  readonly agents = new Map<string, ExpectedAgent>()
  /** Whether each app is active. */
  readonly apps = new Map<string, boolean>()
  /**
   * Revocations, as `level target`. `heirs jti` stands for what was delegated from a token that an operator revoked.
   */
  readonly revoked = new Set<string>()
  /** Tokens that a renewal replaced. */
  readonly superseded = new Set<string>()
  /** Contradictions in the trail. */
  readonly problems: string[] = []

  /** Replays the events, oldest first. */
  constructor(events: readonly Event[]) {
    for (const [at, event] of events.entries()) {
      if (event["outcome"] !== "success") continue
      try {
        const happened = this.#apply(String(event["event_type"]), String(event["detail"]), event, events[at + 1])
        if (happened !== undefined) this.happened.push(happened)
      } catch (error) {
        this.problems.push(`${event["id"]}: ${error instanceof Error ? error.message : String(error)}`)
      }
    }
  }

  #apply(type: string, detail: string, event: Event, next: Event | undefined): Happened | undefined {
    const agentId = String(event["agent_id"])
    const jtiOf = (verb: string): string => part(detail, new RegExp(`^token (\\w+) ${verb}`))
    switch (type) {
      case "launch_token_issued":
        return ["launch_token", part(detail, /^launch token lt-\w+ for (\S+):/)]
      case "admin_auth":
      case "app_authenticated":
        return ["sign_in", part(detail, /token (\w+) for/)]
      case "agent_registered":
        return this.#register(agentId, event, next)
      case "token_issued": {
        if (this.agents.get(agentId)?.jti !== jtiOf("issued")) throw new Error(`${agentId} did not register with it`)
        return undefined
      }
      case "token_renewed":
        return this.#renew(agentId, jtiOf("replaced"), part(detail, /replaced by (\w+)/), timeOf(event))
      case "token_released":
        return this.#release(agentId, jtiOf("released"))
      case "delegation_created":
        return ["delegate", part(detail, /read:mark:(d\d+),/)]
      case "token_revoked": {
        const level = part(detail, /^revoked at level (\w+)/)
        const target = `${level} ${agentId}`
        this.revoked.add(target)
        if (level === "token") this.revoked.add(`heirs ${agentId}`)
        return ["revoke", target]
      }
      case "app_registered": {
        const appId = part(detail, /^(\S+) registered/)
        this.apps.set(appId, true)
        return ["create_app", part(appId, /^app-(.*)-[0-9a-f]{6}$/)]
      }
      case "app_updated":
        this.#requireActive(part(detail, /^(\S+) updated/))
        return ["update_app", part(detail, /read:mark:(u\d+),/)]
      case "app_deregistered": {
        if (detail.endsWith("was already deregistered")) return undefined
        const appId = part(detail, /^(\S+) deregistered/)
        this.#requireActive(appId)
        this.apps.set(appId, false)
        this.revoked.add(`agent app:${appId}`)
        return ["deregister_app", appId]
      }
      case "scopes_ceiling_updated":
      case "key_rotated":
        return undefined
      default:
        throw new Error(`${type} was never tried`)
    }
  }

  #register(agentId: string, event: Event, next: Event | undefined): Happened {
    const taskId = String(event["task_id"])
    if (this.agents.has(agentId)) throw new Error(`${agentId} is registered twice`)
    if (next?.["event_type"] !== "token_issued" || next["agent_id"] !== agentId)
      throw new Error(`${agentId} is registered without a token`)
    const issued = String(next["detail"])
    const ttlSeconds = Number(part(issued, /, ttl (\d+) s$/))
    this.agents.set(agentId, {
      taskId,
      orchId: String(event["orch_id"]),
      scope: part(issued, /: scope (.*), ttl/),
      ttlSeconds,
      jti: part(issued, /^token (\w+) issued/),
      expiresAtMs: timeOf(event) + 1000 * ttlSeconds,
      isReleased: false,
    })
    return ["register", taskId]
  }

  #renew(agentId: string, from: string, to: string, atMs: number): Happened {
    const agent = this.agents.get(agentId)
    if (agent?.jti !== from || agent.isReleased) throw new Error(`${from} is renewed, which ${agentId} does not hold`)
    if (this.revoked.has(`token ${from}`)) throw new Error(`${from} is renewed after it was revoked`)
    this.revoked.add(`token ${from}`)
    this.superseded.add(from)
    agent.jti = to
    agent.expiresAtMs = atMs + 1000 * agent.ttlSeconds
    return ["renew", from]
  }

  #release(agentId: string, jti: string): Happened {
    if (this.revoked.has(`token ${jti}`)) throw new Error(`${jti} is released after it had ended`)
    this.revoked.add(`token ${jti}`)
    const agent = this.agents.get(agentId)
    if (agent?.jti === jti) agent.isReleased = true
    return ["release", jti]
  }

  #requireActive(appId: string): void {
    if (this.apps.get(appId) !== true) throw new Error(`${appId} is changed and is not active`)
  }
}

const timeOf = (event: Event): number => Date.parse(String(event["timestamp"]))

function part(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[1]
  if (found === undefined) throw new Error(`no ${pattern} in: ${text}`)
  return found
}
