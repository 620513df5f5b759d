import { type EventDraft, signCheckpoint } from "@agentwrit/audit"
import { SqliteStore } from "@agentwrit/store-sqlite"
import { readKey } from "./tokens.ts"

/** An agent and a task that have this many events in every trail, however long it is. */
export const FEW = { agentId: "spiffe://agentwrit.local/agent/crm/few/00000000000000ff", taskId: "few", events: 500 }

/** Commits in flight. */
const COMMITS_IN_FLIGHT = 256

/** The events of one agent. */
const LIFE = ["agent_registered", "token_issued", "token_renewed", "token_renewed", "token_released"] as const

/** Adds events to a trail through the store, mixed as a broker mixes them, and signs a checkpoint. */
export async function makeTrail(path: string, auditKeyPath: string, count: number): Promise<void> {
  await using store = await SqliteStore.open({ path })
  let made = 0
  const lanes = Array.from({ length: COMMITS_IN_FLIGHT }, async () => {
    while (made < count) {
      const at = made
      made += 2
      await store.commit({ writes: [], events: [draftAt(at, count), draftAt(at + 1, count)] })
    }
  })
  await Promise.all(lanes)
  const auditKey = readKey(auditKeyPath)
  await store.trail.seal((head) => signCheckpoint({ origin: "agentwrit.local/audit", ...head }, auditKey))
}

/** The event at one position. Without `count`, it is never of {@link FEW}. */
export function draftAt(at: number, count = Number.POSITIVE_INFINITY): EventDraft {
  const isFew = at % Math.max(1, Math.floor(count / FEW.events)) === 0
  const life = Math.floor(at / LIFE.length)
  const taskId = isFew ? FEW.taskId : `task-${life % 5_000}`
  const instance = life.toString(16).padStart(16, "0")
  return {
    event_type: LIFE[at % LIFE.length] ?? "token_issued",
    agent_id: isFew ? FEW.agentId : `spiffe://agentwrit.local/agent/crm/${taskId}/${instance}`,
    task_id: taskId,
    orch_id: "crm",
    detail: `event ${at} of a life: scope read:data:${life}, ttl 300 s`,
    resource: "/v1/register",
    outcome: at % 50 === 0 ? "denied" : "success",
  }
}
