import { chainEvent, GENESIS_HASH, type EventDraft } from "./src/index.ts"
import { canonicalText } from "./src/canonical-event.ts"
import { sha256, encodeHex, encodeUtf8 } from "@agentwrit/core"
const draft: EventDraft = { event_type: "agent_registered", agent_id: "spiffe://agentwrit.local/agent/orch-1/task-1/0123456789abcdef", task_id: "task-1", orch_id: "orch-1", detail: "registered with scope read:data:*, write:data:1", resource: "/v1/register", outcome: "success" }
const { event } = chainEvent(draft, { sequence: 1, timestamp: "2026-03-29T00:00:00.000Z", prevHash: GENESIS_HASH })
const N = 200_000
const text = canonicalText(event); const bytes = encodeUtf8("\0" + text)
const pos = { sequence: 1, timestamp: "2026-03-29T00:00:00.000Z", prevHash: GENESIS_HASH }
let sink: unknown
const cases: Record<string, (i: number) => unknown> = {
  chain: () => chainEvent(draft, pos),
  canonical: (i) => canonicalText({ ...event, id: "evt-" + i }),
  spreadonly: (i) => ({ ...event, id: "evt-" + i }),
  utf8: (i) => encodeUtf8("\0" + text),
  sha: () => sha256(bytes),
  shasub: () => sha256(bytes.subarray(1)),
  hex: () => encodeHex(bytes.subarray(0, 32)),
}
for (const round of [0, 1, 2]) for (const [name, f] of Object.entries(cases)) {
  const t = performance.now()
  for (let i = 0; i < N; i++) sink = f(i)
  if (round) console.log(name, ((performance.now() - t) / N * 1000).toFixed(2))
}
