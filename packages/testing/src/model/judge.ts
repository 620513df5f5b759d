import type { Authority, Refusal } from "@agentwrit/authority"
import type { Random } from "../random.ts"
import type { Model } from "./model.ts"
import { OfflineVerifier } from "./offline-verifier.ts"
import { covers, type ModelToken, type Verdict } from "./rules.ts"

export const CALLER = { resource: "/model", source: "10.0.0.1" }
export const ALL_KINDS = ["admin", "app", "agent"] as const

/** How many of the tokens whose verdict is the same as before the broker is asked about after a step. */
const SAMPLED = 0.02
/** The same for tokens that expired before: there are many, and the clock never goes back. */
const SAMPLED_EXPIRED = 0.002

/** Compares what the model, the broker and offline verifiers say of tokens. A difference throws. */
export class Judge {
  readonly #model: Model
  readonly #random: Random
  readonly #now: () => number
  /** The verdict on each token after the step before. */
  readonly #judged = new Map<ModelToken, Verdict>()
  readonly #verifier = new OfflineVerifier()

  constructor(model: Model, random: Random, now: () => number) {
    this.#model = model
    this.#random = random
    this.#now = now
  }

  /** The broker restarted. */
  reconnect(): void {
    this.#verifier.reconnect()
  }

  /** Judges every token that had not expired at the time before, and a sample of the others. */
  async sample(authority: Authority): Promise<void> {
    await this.#verifier.follow(authority)
    for (const token of this.#model.tokens) {
      const before = this.#judged.get(token)
      const isSampled = this.#random.chance(before === "expired" ? SAMPLED_EXPIRED : SAMPLED)
      if (before === "expired" && !isSampled) continue
      const verdict = this.#model.verdict(token)
      this.#compare(token, "the offline verifier", this.#verdictOffline(authority, this.#verifier, token))
      if (verdict !== before || (isSampled && !this.#model.isReuse(token))) await this.ask(authority, token)
      this.#judged.set(token, verdict)
    }
  }

  /** Judges every token, also by a verifier that reads the whole feed. */
  async all(authority: Authority): Promise<void> {
    for (const token of this.#model.tokens) if (this.#model.isReuse(token)) await this.ask(authority, token)
    const late = new OfflineVerifier()
    for (const verifier of [this.#verifier, late]) await verifier.follow(authority)
    for (const token of this.#model.tokens) {
      this.#compare(token, "the offline verifier", this.#verdictOffline(authority, this.#verifier, token))
      this.#compare(token, "a late verifier", this.#verdictOffline(authority, late, token))
      await this.ask(authority, token)
    }
  }

  #verdictOffline(authority: Authority, verifier: OfflineVerifier, token: ModelToken): Verdict {
    return verifier.verdict(token.text, this.#now(), authority)
  }

  /** Presents the token to the broker, at validation and as a bearer. */
  async ask(authority: Authority, token: ModelToken): Promise<void> {
    this.#model.present(token)
    const isValid = (await authority.validateToken(CALLER, token.text)) !== undefined
    const presented = await authority.authenticate(CALLER, token.text, { kinds: ALL_KINDS }).then(
      () => "valid",
      ({ code }: Refusal) => (code === "token_revoked" ? "revoked" : code === "unauthorized" ? "expired" : code),
    )
    this.#compare(token, "the broker", presented)
    if (isValid !== (presented === "valid")) this.#compare(token, "validation", isValid ? "valid" : "not valid")
  }

  #compare(token: ModelToken, judge: string, said: string): void {
    const verdict = this.#model.verdict(token)
    if (said === verdict) return
    const by = this.#model.entries.filter((entry) => covers(entry, token)).map((entry) => JSON.stringify(entry))
    throw new Error(`${judge} says ${said}, the model ${verdict} by ${by.join(", ") || "nothing"}: ${lineOf(token)}`)
  }
}

export const nameOf = ({ kind, jti, sub }: ModelToken): string => `${kind} token ${jti} of ${sub}`

const lineOf = (token: ModelToken): string =>
  token.from === undefined ? nameOf(token) : `${nameOf(token)}, delegated from ${lineOf(token.from)}`
