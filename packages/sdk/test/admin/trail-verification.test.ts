import { type SharedTestBroker, shareTestBroker } from "@agentwrit/testing/broker"
import { ADMIN_SECRET } from "@agentwrit/testing/broker-process"
import { launchToken } from "@agentwrit/testing/client"
import { type Edit, startProxy } from "@agentwrit/testing/proxy"
import { beforeEach, describe, expect, test } from "vitest"
import { AgentWritAdmin } from "../../src/admin/index.ts"

let shared: SharedTestBroker
let verifierKey: string
shareTestBroker((started) => {
  shared = started
  verifierKey = started.broker.verifierKey
})

const adminAt = (brokerUrl: string): AgentWritAdmin => new AgentWritAdmin({ brokerUrl, adminSecret: ADMIN_SECRET })

beforeEach(async () => {
  await launchToken(shared.url, shared.admin)
})

test("a sound trail verifies against its present checkpoint and a kept one", async () => {
  const admin = adminAt(shared.url)
  const checkpoint = await admin.checkpoint()
  await launchToken(shared.url, shared.admin)
  const progress: [number, number][] = []
  const { kept, present, report } = await admin.verifyTrail({
    verifierKey,
    checkpoint,
    onProgress: (done, total) => progress.push([done, total]),
  })
  expect(report).toMatchObject({ ok: true })
  expect(kept?.size).toBeLessThan(present?.size ?? 0)
  expect(report.ok && report.count).toBeGreaterThanOrEqual(present?.size ?? Number.NaN)
  expect(progress.at(-1)?.[0]).toBe(report.ok && report.count)
  expect((await admin.verifyTrail()).report.ok).toBe(true)
})

describe("a dishonest broker", () => {
  const behind = async (edit: Edit): Promise<AsyncDisposable & { admin: AgentWritAdmin }> => {
    const proxy = await startProxy(shared.url)
    proxy.edit = (chunk, path) => (path.startsWith("/v1/audit/events") ? edit(chunk, path) : chunk)
    return { admin: adminAt(proxy.url), [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose]() }
  }

  test("an edited event is found at its position", async () => {
    await using edited = await behind((chunk) =>
      chunk.replace('"event_type":"admin_auth"', '"event_type":"admin_ruth"'),
    )
    expect((await edited.admin.verifyTrail()).report).toMatchObject({ ok: false, position: 1, reason: "hash" })
  })

  test("a cut tail is found by the present checkpoint when a key is pinned", async () => {
    await using cut = await behind((chunk) => {
      const answer = JSON.parse(chunk)
      return JSON.stringify({ ...answer, events: answer.events.slice(0, 1), total: 1 })
    })
    expect((await cut.admin.verifyTrail()).report.ok).toBe(true)
    expect((await cut.admin.verifyTrail({ verifierKey })).report).toMatchObject({
      ok: false,
      position: 2,
      reason: "checkpoint_size",
    })
  })
})

test("a checkpoint of another key and an invalid key are refused", async () => {
  const admin = adminAt(shared.url)
  const checkpoint = await admin.checkpoint()
  await expect(
    admin.verifyTrail({ verifierKey, checkpoint: checkpoint.replace(/\n\d+\n/, "\n1\n") }),
  ).rejects.toMatchObject({ code: "bad_note_signature" })
  await expect(admin.verifyTrail({ verifierKey: "nonsense" })).rejects.toMatchObject({ code: "malformed_verifier_key" })
  await expect(admin.verifyTrail({ checkpoint })).rejects.toThrow(TypeError)
})
