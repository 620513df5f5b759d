import { hash, timingSafeEqual } from "node:crypto"
import type { JsonObject } from "@agentwrit/core"
import { type HmacPads, hmacPads } from "../keys/hmac-pads.ts"
import type { Agent, App, LaunchToken, StoredKeyRing } from "../ports/records.ts"
import { agentIdentity, appRight, keyRingRight, launchTokenRight } from "./rights.ts"

/**
 * Seals records that give rights with an HMAC-SHA256 under a key that is not in the database. A record that someone
 * else wrote or changed does not open.
 */
export class Seals {
  readonly #pads: HmacPads

  /** @param key secret bytes; every broker over the same store needs the same. */
  constructor(key: Uint8Array) {
    this.#pads = hmacPads(key)
  }

  app(app: App): Uint8Array {
    return this.#mac("app", appRight(app))
  }

  launchToken(token: LaunchToken): Uint8Array {
    return this.#mac("launch_token", launchTokenRight(token))
  }

  /** Covers what never changes about an agent; its current token changes with each renewal. */
  agent(agent: Agent): Uint8Array {
    return this.#mac("agent", agentIdentity(agent))
  }

  keyRing(ring: StoredKeyRing): Uint8Array {
    return this.#mac("key_ring", keyRingRight(ring))
  }

  // The members of a right always come in one order, so its JSON is the same each time.
  #mac(kind: string, right: JsonObject): Uint8Array {
    const text = Buffer.from(JSON.stringify([kind, right]))
    // Two hashes: a createHmac for each record was the largest part of a renewal's seal.
    const inner = hash("sha256", Buffer.concat([this.#pads.inner, text]), "buffer")
    return hash("sha256", Buffer.concat([this.#pads.outer, inner]), "buffer")
  }
}

/** Whether a record has the right seal. */
export function isSealed({ mac }: { readonly mac?: Uint8Array | undefined }, expected: Uint8Array): boolean {
  return mac?.length === expected.length && timingSafeEqual(mac, expected)
}
