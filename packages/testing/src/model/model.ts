import { ancestorsOf, covers, isWithin, type ModelEntry, type ModelToken, type Verdict } from "./rules.ts"

/** An app as the model knows it. */
export interface ModelApp {
  readonly appId: string
  readonly clientId: string
  ceiling: readonly string[]
  /** Every secret that it ever had, and until when each is good, in Unix milliseconds. */
  secrets: { readonly text: string; readonly until: number }[]
  isInactive: boolean
  isRevoked: boolean
}

/** A launch token as the model knows it. */
export interface ModelLaunch {
  readonly text: string
  readonly app: ModelApp | undefined
  readonly scope: readonly string[]
  /** Unix milliseconds. */
  readonly createdAt: number
  readonly expiresAt: number
  readonly singleUse: boolean
  isSpent: boolean
}

/** A superseded token that comes back later than this after its renewal ends its agent. */
const REUSE_AFTER_MS = 10_000

/** A token that is about to be issued. */
export type NewToken = Omit<ModelToken, "text" | "jti" | "exp">

/**
 * CONTRACT 2 and 3 as a small program: who holds what, what is revoked, and what the broker must refuse. The methods
 * that end in `Faults` name every code that fits a request: the broker must do it when there is none, and otherwise
 * refuse it with one of them.
 */
export class Model {
  readonly tokens: ModelToken[] = []
  readonly launches: ModelLaunch[] = []
  readonly apps: ModelApp[] = []
  readonly entries: ModelEntry[] = []
  /** The own token of each agent: registration makes it, renewal replaces it. */
  readonly current = new Map<string, ModelToken>()
  readonly #revoked = new Set<ModelToken>()
  /** When each superseded token was renewed, in Unix milliseconds. */
  readonly #renewedAt = new Map<ModelToken, number>()
  readonly #now: () => number

  /** @param now Unix milliseconds. */
  constructor(now: () => number) {
    this.#now = now
  }

  /** Now in whole Unix seconds, as tokens count. */
  get seconds(): number {
    return Math.floor(this.#now() / 1000)
  }

  verdict(token: ModelToken): Verdict {
    if (this.#now() / 1000 >= token.exp) return "expired"
    return this.#revoked.has(token) ? "revoked" : "valid"
  }

  /** Takes a token that the broker has issued. */
  issue(token: ModelToken): void {
    const covering = this.entries.find((entry) => covers(entry, token))
    if (covering !== undefined)
      throw new Error(`a token was issued that is revoked at level ${covering.level}: ${covering.target}`)
    this.tokens.push(token)
    if (token.kind === "agent" && token.from === undefined) this.current.set(token.sub, token)
  }

  /** Appends an entry to the revocation list. */
  list(entry: ModelEntry): void {
    this.entries.push(entry)
    for (const token of this.tokens)
      if (this.verdict(token) === "valid" && covers(entry, token)) this.#revoked.add(token)
  }

  /** What an operator revokes. Level `agent` with an app as target is level `app`. */
  revoke(level: ModelEntry["level"], target: string): void {
    const isApp = level === "app" || (level === "agent" && target.startsWith("app:"))
    if (isApp) this.#revokeApp(target.replace("app:", ""))
    else this.list({ level, target, ...(level === "all" && { before: this.seconds }) })
  }

  renew(held: ModelToken, renewed: ModelToken): void {
    this.#renewedAt.set(held, this.#now())
    this.list({ level: "token", target: held.jti, alone: true })
    this.issue(renewed)
  }

  /** Whether somebody who presents this token now ends its agent. */
  isReuse(token: ModelToken): boolean {
    const renewedAt = this.#renewedAt.get(token) ?? Number.POSITIVE_INFINITY
    const isLate = this.#now() - renewedAt > REUSE_AFTER_MS
    return isLate && this.verdict(token) === "revoked" && !this.#isListed("agent", token.sub)
  }

  /** Somebody presents a token, at any route. */
  present(token: ModelToken): void {
    if (this.isReuse(token)) this.list({ level: "agent", target: token.sub })
  }

  deregister(app: ModelApp, endsAgents: boolean): void {
    if (endsAgents) this.#revokeApp(app.appId)
    app.isInactive = true
    // The app's own tokens end, and no restore takes that back.
    this.list({ level: "agent", target: `app:${app.appId}` })
  }

  /** An active agent (CONTRACT 2): its own token is good. */
  isActive(agentId: string): boolean {
    const own = this.current.get(agentId)
    return own !== undefined && this.verdict(own) === "valid"
  }

  /** Codes for a token that is presented to a route for these kinds. */
  bearerFaults(token: ModelToken, kinds: readonly ModelToken["kind"][]): string[] {
    const verdict = this.verdict(token)
    if (verdict !== "valid") return [verdict === "expired" ? "unauthorized" : "token_revoked"]
    return kinds.includes(token.kind) ? [] : ["forbidden", "insufficient_scope"]
  }

  signInFaults(app: ModelApp, secret: string, issued: NewToken): string[] {
    const isGood = app.secrets.some(({ text, until }) => text === secret && this.#now() < until)
    return when(!isGood || app.isInactive || app.isRevoked, "unauthorized") ?? this.#bornRevoked(issued)
  }

  launchFaults(app: ModelApp | undefined, scope: readonly string[]): string[] {
    return [...this.#ceilingFaults(app, scope), ...this.#bornRevoked()]
  }

  registrationFaults(launch: ModelLaunch, task: string, issued: NewToken): string[] {
    const { app, scope, isSpent, expiresAt } = launch
    return [
      ...(when(isSpent || this.#now() >= expiresAt || this.#isVoid(launch), "unauthorized") ?? []),
      ...(when(!isWithin(issued.scope, scope), "scope_violation") ?? []),
      ...(when(this.#isListed("task", task), "forbidden") ?? []),
      ...this.#ceilingFaults(app, issued.scope),
      ...this.#bornRevoked(issued),
    ]
  }

  renewalFaults(held: ModelToken, issued: NewToken): string[] {
    const faults = this.bearerFaults(held, ["agent"])
    if (faults.length > 0) return faults
    return [
      ...(when(held.from !== undefined, "forbidden") ?? []),
      ...this.#ceilingFaults(this.#appOf(held), held.scope),
      ...this.#bornRevoked(issued),
    ]
  }

  delegationFaults(held: ModelToken, to: string, issued: NewToken): string[] {
    const faults = this.bearerFaults(held, ["agent"])
    if (faults.length > 0) return faults
    const line = [held, ...ancestorsOf(held), this.current.get(to)]
    return [
      ...(when(to === held.sub, "invalid_request") ?? []),
      ...(when(!isWithin(issued.scope, held.scope), "scope_violation") ?? []),
      ...(when(ancestorsOf(held).length >= 5, "scope_violation") ?? []),
      ...(when(this.#isListed("chain", held.sub), "forbidden") ?? []),
      ...(when(!this.isActive(to), "not_found") ?? []),
      ...line.flatMap((token) => this.#ceilingFaults(this.#appOf(token), issued.scope)),
      ...this.#bornRevoked(issued),
    ]
  }

  /** Codes for a change of an app by an operator. */
  changeFaults(app: ModelApp): string[] {
    return app.isInactive ? ["conflict"] : []
  }

  #revokeApp(appId: string): void {
    for (const app of this.apps) if (app.appId === appId) app.isRevoked = true
    this.list({ level: "app", target: appId, before: this.seconds })
  }

  #appOf(token: ModelToken | undefined): ModelApp | undefined {
    return this.apps.find(({ appId }) => appId === token?.app)
  }

  #isListed(level: ModelEntry["level"], target: string): boolean {
    return this.entries.some((entry) => entry.level === level && entry.target === target)
  }

  /** A launch token ends with a revocation of its app or of everything. */
  #isVoid({ app, createdAt }: ModelLaunch): boolean {
    return this.entries.some(
      ({ level, target, before = 0 }) =>
        (level === "all" || (level === "app" && target === app?.appId)) && Math.floor(createdAt / 1000) <= before,
    )
  }

  /** An operator's agents have no app and no ceiling. */
  #ceilingFaults(app: ModelApp | undefined, scope: readonly string[]): string[] {
    if (app === undefined) return []
    return when(app.isInactive || app.isRevoked || !isWithin(scope, app.ceiling), "forbidden") ?? []
  }

  /** A cutoff covers whole seconds, so that in its own second nothing can be issued that it would not end. */
  #bornRevoked(issued?: NewToken): string[] {
    const token = issued ?? { kind: "agent", sub: "", iat: this.seconds, scope: [] }
    const isCovered = this.entries.some(
      (entry) => (entry.before ?? 0) >= token.iat && covers(entry, { text: "", jti: "", exp: 0, ...token }),
    )
    return when(isCovered, "unavailable") ?? []
  }
}

const when = (isFault: boolean, code: string): string[] | undefined => (isFault ? [code] : undefined)
