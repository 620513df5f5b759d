import type { TrailReport, TreeHead } from "@agentwrit/audit"
import { encodeBase64 } from "@agentwrit/core"

/** The result of a verification. */
export interface Verdict {
  /** The verified broker URL, database or export. */
  readonly source: string
  readonly report: TrailReport
  /** What the trail was checked against, in words. */
  readonly checked: readonly string[]
  /** How the tables of a database contradict its trail; absent when they do not. */
  readonly tableProblem?: string
  /** What was not checked, and which flags would check it. */
  readonly advice?: string
}

/** Describes a checkpoint. */
export const checkpointWords = (which: string, { size }: TreeHead): string => `${which} checkpoint of ${size} events`

/** A verdict as name and value pairs. */
export function verdictParts({ checked, report, source, tableProblem }: Verdict): (readonly [string, string])[] {
  return [
    ["trail", source],
    ["verdict", report.ok && tableProblem === undefined ? "sound" : "BROKEN"],
    ...(tableProblem === undefined ? [] : [["how", tableProblem] as const]),
    ...(report.ok ? soundParts(report) : brokenParts(report)),
    ["checked", checked.join(", ")],
  ]
}

function soundParts({ count, headHash, root }: TrailReport & { ok: true }): (readonly [string, string])[] {
  return [
    ["events", String(count)],
    ["last hash", headHash],
    ["root", encodeBase64(root)],
  ]
}

function brokenParts({
  expected,
  found,
  position,
  reason,
}: TrailReport & { ok: false }): (readonly [string, string])[] {
  return [
    ["first bad event", String(position)],
    ["how", reason],
    ["expected", expected],
    ["found", found],
  ]
}

/** A verdict as JSON. */
export function verdictDocument({ checked, report, source, tableProblem }: Verdict): Record<string, unknown> {
  if (!report.ok) {
    const { expected, found, message, position, reason } = report
    return { ok: false, source, position, reason, expected, found, message, checked }
  }
  const { count, headHash, root } = report
  if (tableProblem !== undefined) return { ok: false, source, reason: "tables", message: tableProblem, checked }
  return { ok: true, source, events: count, head_hash: headHash, root: encodeBase64(root), checked }
}
