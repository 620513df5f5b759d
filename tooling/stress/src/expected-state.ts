import type { OperationKind } from "./ledger.ts"

export type Event = Readonly<Record<string, unknown>>

/** What the trail says that happened, in the order of the trail. */
export interface Happened {
  readonly kind: OperationKind
  readonly marker: string
}

/** An agent as the trail tells of it. */
export interface ExpectedAgent {
  readonly taskId: string
  readonly orchId: string
  readonly scope: string
  /** Seconds. */
  readonly ttl: number
  jti: string
  /** Milliseconds since the Unix epoch. */
  expiresAt: number
  released: boolean
}

/** An app as the trail tells of it. */
export interface ExpectedApp {
  readonly name: string
  scopes: string
  /** As the trail spells it, with its unit. */
  tokenTtl: string
  active: boolean
}

/** The state that follows from the trail alone: the broker's own must be the same, or something is half there. */
export interface ExpectedState {
  readonly happened: Happened[]
  readonly agents: Map<string, ExpectedAgent>
  readonly apps: Map<string, ExpectedApp>
  /** As `level target`. */
  readonly revoked: Set<string>
  /** What the trail says that cannot be. */
  readonly problems: string[]
}

/** Replays the trail. */
export function stateOf(events: readonly Event[]): ExpectedState {
  const state: ExpectedState = { happened: [], agents: new Map(), apps: new Map(), revoked: new Set(), problems: [] }
  for (const [at, event] of events.entries()) {
    if (event["outcome"] !== "success") continue
    const type = String(event["event_type"])
    const tell = TELLERS[type]
    const said: Said = {
      at: Date.parse(String(event["timestamp"])),
      agent: String(event["agent_id"]),
      task: String(event["task_id"]),
      orch: String(event["orch_id"]),
      detail: String(event["detail"]),
      next: events[at + 1],
    }
    try {
      if (tell === undefined) throw new Error(`${type} is nothing that was tried`)
      tell(state, said)
    } catch (error) {
      state.problems.push(`${event["id"]}: ${error instanceof Error ? error.message : String(error)}`)
    }
  }
  return state
}

interface Said {
  readonly at: number
  readonly agent: string
  readonly task: string
  readonly orch: string
  readonly detail: string
  readonly next: Event | undefined
}

type Tell = (state: ExpectedState, said: Said) => void

const TELLERS: Readonly<Record<string, Tell>> = {
  launch_token_issued({ happened }, { detail }) {
    happened.push({ kind: "launch_token", marker: part(detail, /^launch token for (\S+):/) })
  },
  admin_auth({ happened }, { detail }) {
    happened.push({ kind: "sign_in", marker: part(detail, /token (\w+) for/) })
  },
  app_authenticated({ happened }, { detail }) {
    happened.push({ kind: "sign_in", marker: part(detail, /token (\w+) for/) })
  },
  agent_registered({ happened, agents }, { at, agent, task, orch, next }) {
    happened.push({ kind: "register", marker: task })
    if (agents.has(agent)) throw new Error(`${agent} is registered twice`)
    if (next?.["event_type"] !== "token_issued" || next["agent_id"] !== agent)
      throw new Error(`${agent} is registered without a token`)
    const issued = String(next["detail"])
    const ttl = Number(part(issued, /, ttl (\d+) s$/))
    agents.set(agent, {
      ...{ taskId: task, orchId: orch, scope: part(issued, /: scope (.*), ttl/), ttl, expiresAt: at + 1000 * ttl },
      ...{ jti: part(issued, /^token (\w+) issued/), released: false },
    })
  },
  token_issued({ agents }, { agent, detail }) {
    const jti = part(detail, /^token (\w+) issued/)
    if (agents.get(agent)?.jti !== jti) throw new Error(`a token is issued to ${agent}, who is not registered with it`)
  },
  token_renewed({ happened, agents, revoked }, { at, agent, detail }) {
    const from = part(detail, /^token (\w+) replaced/)
    happened.push({ kind: "renew", marker: from })
    const held = agents.get(agent)
    if (held?.jti !== from || held.released) throw new Error(`${from} is renewed, which ${agent} does not hold`)
    if (revoked.has(`token ${from}`)) throw new Error(`${from} is renewed, though it was revoked`)
    held.jti = part(detail, /replaced by (\w+)/)
    held.expiresAt = at + 1000 * held.ttl
    revoked.add(`token ${from}`)
  },
  token_released({ happened, agents, revoked }, { agent, detail }) {
    const jti = part(detail, /^token (\w+) released/)
    happened.push({ kind: "release", marker: jti })
    if (revoked.has(`token ${jti}`)) throw new Error(`${jti} is released, though it was renewed, revoked or released`)
    revoked.add(`token ${jti}`)
    const held = agents.get(agent)
    if (held?.jti === jti) held.released = true
  },
  delegation_created({ happened }, { detail }) {
    happened.push({ kind: "delegate", marker: part(detail, /read:mark:(d\d+),/) })
  },
  token_revoked({ happened, revoked }, { agent, detail }) {
    const target = `${part(detail, /^revoked at level (\w+)/)} ${agent}`
    happened.push({ kind: "revoke", marker: target })
    revoked.add(target)
  },
  app_registered({ happened, apps }, { detail }) {
    const appId = part(detail, /^(\S+) registered/)
    const name = part(appId, /^app-(.*)-[0-9a-f]{6}$/)
    happened.push({ kind: "create_app", marker: name })
    apps.set(appId, { name, ...ceilingIn(detail), active: true })
  },
  app_updated({ happened, apps }, { detail }) {
    happened.push({ kind: "update_app", marker: part(detail, /read:mark:(u\d+),/) })
    const app = apps.get(part(detail, /^(\S+) updated/))
    if (app?.active !== true) throw new Error(`an app is updated that is not there: ${detail}`)
    Object.assign(app, ceilingIn(detail))
  },
  // Beside app_updated, which says as much.
  scopes_ceiling_updated: () => undefined,
  app_deregistered({ happened, apps, revoked }, { detail }) {
    if (detail.endsWith("was deregistered already")) return
    const appId = part(detail, /^(\S+) deregistered/)
    happened.push({ kind: "deregister_app", marker: appId })
    const app = apps.get(appId)
    if (app?.active !== true) throw new Error(`an app is deregistered that is not there: ${detail}`)
    app.active = false
    revoked.add(`agent app:${appId}`)
  },
}

const ceilingIn = (detail: string) => ({
  scopes: part(detail, /ceiling (.*), token ttl/),
  tokenTtl: part(detail, /token ttl (.*)$/),
})

function part(text: string, pattern: RegExp): string {
  const found = pattern.exec(text)?.[1]
  if (found === undefined) throw new Error(`no ${pattern} in: ${text}`)
  return found
}
