import {
  type AuditEvent,
  formatVerifierKey,
  openCheckpoint,
  parseVerifierKeys,
  signBridge,
  signCheckpoint,
  TrailKeys,
  verifierKeyOf,
  verifyTrail,
} from "@agentwrit/audit"
import { createSigningKey, type SigningKey } from "@agentwrit/core"
import { describe, expect, test } from "vitest"
import { chained, draft } from "./trail.ts"

const origin = "agentwrit.local/audit"
const keyOf = (fill: number) => createSigningKey(new Uint8Array(32).fill(fill))
const [first, second, third, foreign] = [keyOf(1), keyOf(2), keyOf(3), keyOf(9)]
const pinOf = (key: SigningKey, name = origin) => verifierKeyOf(name, key.publicKey)

/** A trail whose key rotates: the events, and a checkpoint of each size by the keys that sign then. */
function rotatingTrail(...keys: readonly SigningKey[]) {
  const drafts = [draft()]
  let { events, edge } = chained(drafts)
  for (const [at, next] of keys.slice(1).entries()) {
    const bridge = signBridge({ origin, size: edge.size, root: edge.root() }, keys[at] as SigningKey, next)
    drafts.push(rotation(bridge), draft())
    ;({ events, edge } = chained(drafts))
  }
  const headAt = (size: number) => ({ origin, size, root: chained(drafts.slice(0, size)).edge.root() })
  return { events, headAt, noteAt: (size: number, ...by: SigningKey[]) => signCheckpoint(headAt(size), ...by) }
}

const rotation = (bridge: string) => draft({ event_type: "key_rotated", data: { audit_keys: [{ bridge }] } })

/** What a verification with these pins says of a checkpoint: ok, where the trail is broken, or the code of the error. */
async function verdict(events: readonly unknown[], note: string, ...pinned: readonly SigningKey[]): Promise<string> {
  const keys = new TrailKeys(pinned.map((key) => pinOf(key)) as [ReturnType<typeof pinOf>])
  try {
    const report = await verifyTrail(events, { signed: { keys, notes: [note] } })
    return report.ok ? "ok" : report.reason
  } catch (error) {
    return (error as { code: string }).code
  }
}

describe("whoever pinned a key", () => {
  const { events, noteAt } = rotatingTrail(first, second, third)

  test.each<[string, string, SigningKey[], string]>([
    ["the first, at the end", noteAt(5, third), [first], "ok"],
    ["the first, before the rotation", noteAt(1, first), [first], "ok"],
    ["the first, at the checkpoint of both keys", noteAt(2, first, second), [first], "ok"],
    ["the second, at the end", noteAt(5, third), [second], "ok"],
    ["the last, at the end", noteAt(5, third), [third], "ok"],
    ["all of them, as audit.pub has them", noteAt(5, third), [third, second, first], "ok"],
    ["all of them, before the rotation", noteAt(1, first), [third, second, first], "ok"],
    ["the first, of a checkpoint that it signed too late", noteAt(5, first), [first], "checkpoint_key_rotated"],
    ["all, of a checkpoint that the first signed too late", noteAt(5, first), [third, first], "checkpoint_key_rotated"],
    [
      "a forger's key and the first, as he wrote audit.pub",
      noteAt(5, third),
      [foreign, first],
      "checkpoint_key_rotated",
    ],
    ["an unrelated key", noteAt(5, third), [foreign], "note_not_signed_by_key"],
    ["the last, of a checkpoint by a key before", noteAt(1, first), [third], "note_not_signed_by_key"],
  ])("%s", async (_case, note, pinned, expected) => {
    expect(await verdict(events, note, ...pinned)).toBe(expected)
    expect(
      await verdict(
        events.map((event) => JSON.stringify(event)),
        note,
        ...pinned,
      ),
    ).toBe(expected)
  })
})

test("a forger cannot put his key before the real ones and sign a trail of his own", async () => {
  const { events, noteAt } = rotatingTrail(foreign)
  expect(await verdict(events, noteAt(1, foreign), foreign, first)).toBe("checkpoint_key_rotated")
})

test("a thief of a former key cannot cut the rotation off and go on by himself", async () => {
  const { events, noteAt } = rotatingTrail(first, second)
  const forked = chained([draft(), draft({ detail: "forged" })])
  const note = signCheckpoint({ origin, size: 2, root: forked.edge.root() }, first)
  expect(await verdict(forked.events, note, second, first)).toBe("checkpoint_key_rotated")
  expect(await verdict(events, noteAt(3, second), second, first)).toBe("ok")
})

test("a thief of a former key cannot write another history around its bridge, and stop before the rotation", async () => {
  const bridge = signBridge({ origin, size: 1, root: chained([draft()]).edge.root() }, first, second)
  const forged = chained([draft({ detail: "forged" }), rotation(bridge), draft({ detail: "forged too" })])
  const newest = signCheckpoint({ origin, size: 1, root: chained([draft({ detail: "forged" })]).edge.root() }, first)
  const keys = new TrailKeys([pinOf(second), pinOf(first)])
  const report = verifyTrail(forged.events, { signed: { keys, notes: [], newest } })
  await expect(report).rejects.toMatchObject({ code: "checkpoint_key_rotated" })
  // With a line that only looks like the newest key's.
  const claimed = `${newest}${signCheckpoint({ origin, size: 1, root: new Uint8Array(32) }, second)
    .split("\n")
    .at(-2)}\n`
  const again = verifyTrail(forged.events, { signed: { keys, notes: [], newest: claimed } })
  await expect(again).rejects.toMatchObject({ code: "bad_note_signature" })
  const { events, noteAt } = rotatingTrail(first, second)
  const genuine = new TrailKeys([pinOf(second), pinOf(first)])
  const signed = { keys: genuine, notes: [noteAt(1, first)], newest: noteAt(2, first, second) }
  expect((await verifyTrail(events, { signed })).ok).toBe(true)
})

test("a key with the id of a pinned one is not taken for it", async () => {
  const seeded = (seed: number) => {
    const bytes = new Uint8Array(32)
    new DataView(bytes.buffer).setUint32(0, seed)
    return createSigningKey(bytes)
  }
  const [genuine, forger] = [seeded(55_623), seeded(88_956)]
  expect(pinOf(forger).id).toBe(pinOf(genuine).id)
  const { events, noteAt } = rotatingTrail(first, forger)
  expect(await verdict(events, noteAt(3, forger), genuine, first)).toBe("checkpoint_key_rotated")
})

describe("a bridge leads nowhere", () => {
  const head = { origin, size: 1, root: chained([draft()]).edge.root() }
  const other = "agentwrit.example/audit"
  const withLine = (line: string, by: SigningKey): string => signBridge(head, by, second).replace(/next-key .*/, line)

  test.each<[string, unknown]>([
    ["signed by another than the pinned key", rotation(signBridge(head, foreign, second))],
    ["of another trail", rotation(signBridge({ ...head, origin: other }, first, second))],
    ["to itself", rotation(signBridge(head, first, first))],
    ["changed to name another key", rotation(withLine(`next-key ${formatVerifierKey(pinOf(foreign))}`, first))],
    ["to no key", rotation(withLine("next-key nobody", first))],
    ["that names no key", rotation(signCheckpoint(head, first))],
    ["that is no note", rotation("nothing")],
    ["in another event", { ...rotation(signBridge(head, first, second)), event_type: "key_retired" }],
    ["of another form", draft({ event_type: "key_rotated", data: { audit_keys: [{ bridge: 7 }] } })],
    ["in no list", draft({ event_type: "key_rotated", data: { audit_keys: {} } })],
    ["without data", draft({ event_type: "key_rotated" })],
  ])("%s", (_case, event) => {
    const keys = new TrailKeys([pinOf(first)])
    expect(keys.follow(event)).toBe(false)
    expect(keys.newest.id).toBe(pinOf(first).id)
  })

  test("from a key that another one had followed", () => {
    const keys = new TrailKeys([pinOf(first)])
    expect(keys.follow(rotation(signBridge(head, first, second)))).toBe(true)
    expect(keys.follow(rotation(signBridge(head, first, foreign)))).toBe(false)
    expect(keys.newest.id).toBe(pinOf(second).id)
  })
})

test("a broken trail is told as such, also when its checkpoint is by an unknown key", async () => {
  const { events, noteAt } = rotatingTrail(first, second)
  const edited = events.with(0, { ...(events[0] as AuditEvent), detail: "edited" })
  expect(await verdict(edited, noteAt(3, second), first)).toBe("hash")
})

test("a bridge is a checkpoint of both keys", () => {
  const head = { origin, size: 1, root: chained([draft()]).edge.root() }
  const bridge = signBridge(head, first, second)
  for (const key of [first, second]) expect(openCheckpoint(bridge, pinOf(key))).toStrictEqual(head)
})

test("the lines of audit.pub are verifier keys, the newest first", () => {
  const lines = [second, first].map((key) => formatVerifierKey(pinOf(key)))
  expect(parseVerifierKeys(`${lines.join("\r\n")}\n`).map(({ id }) => id)).toEqual([pinOf(second).id, pinOf(first).id])
  expect(() => parseVerifierKeys("")).toThrow("this is not a verifier key")
  expect(() => parseVerifierKeys(`${lines[0]}\nno key\n`)).toThrow("this is not a verifier key")
})
