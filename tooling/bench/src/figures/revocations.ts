import { randomBytes } from "node:crypto"
import { cp, mkdir } from "node:fs/promises"
import { join } from "node:path"
import type { Revocation } from "@agentwrit/authority/ports"
import { encodeUtf8 } from "@agentwrit/core"
import { SqliteStore } from "@agentwrit/store-sqlite"
import { startBroker } from "../broker.ts"
import { type Figure, IN_FLIGHT } from "../figure.ts"
import { rateRow, sideBySide } from "../side-by-side.ts"
import { startRows } from "../starts.ts"
import { newToken, readKey, validation } from "../tokens.ts"

/** Tokens that are validated in turn. */
const TOKENS = 1000

export const revocations: Figure = {
  name: "revocations",
  async measure(bench) {
    const { profile } = bench
    const folder = await bench.folder()
    const none = join(folder, "none")
    const many = join(folder, "many")
    await mkdir(none)
    await (await startBroker(none))[Symbol.asyncDispose]()
    await cp(none, many, { recursive: true })
    await makeRevocations(many, profile.revocations)
    const of = `${profile.revocations.toLocaleString("en")} revocations`
    const starts = await startRows(bench, { measured: many, floor: none }, of, {
      start: [{ onTopAtMost: 2000 }],
      memory: [{ onTopAtMost: 100 }],
    })

    await using withNone = await startBroker(none)
    await using withMany = await startBroker(many)
    const key = readKey(join(none, "signing.key"))
    const requests = Array.from({ length: TOKENS }, () => validation(newToken(key)))
    const outcome = await sideBySide(
      {
        measured: withMany,
        floor: withNone,
        load: { inFlight: IN_FLIGHT, seconds: profile.seconds, polls: true },
        kind: () => ({ kind: "repeated", options: { requests, status: 200 } }),
      },
      profile,
    )
    return [rateRow(`validate, token seen before, ${of}`, outcome, { ratioAtLeast: 0.9 }), ...starts]
  },
}

/** Revocations in one commit. */
const BATCH = 5_000

const DAY_MS = 86_400_000

/** Revokes tokens that expire after every measurement. */
async function makeRevocations(folder: string, count: number): Promise<void> {
  await using store = await SqliteStore.open({ path: join(folder, "data.db") })
  // As the broker does, so that its next start finds the tables sealed.
  const recordsKey = readKey(join(folder, "audit.key")).sign(encodeUtf8("agentwrit-records-key-v1"))
  if (!(await store.trail.openSeal(recordsKey))) throw new Error("the tables are not as the broker left them")
  const revokedAt = Date.now()
  const times = { revokedAt, expiresAt: revokedAt + DAY_MS, pruneAfter: revokedAt + 2 * DAY_MS }
  for (let made = 0; made < count; made += BATCH) {
    const writes = Array.from({ length: Math.min(BATCH, count - made) }, () => {
      const revocation: Revocation = { level: "token", target: randomBytes(16).toString("hex"), ...times }
      return { type: "revoke", revocation } as const
    })
    await store.commit({ writes, events: [] })
  }
}
