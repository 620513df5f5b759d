import type { AuditEvent } from "@agentwrit/contract"
import { eventLine } from "../event-columns.ts"
import type { Output } from "../output.ts"
import { tableLines } from "../table.ts"
import { counted, visible } from "../text.ts"
import { exact, span } from "../time.ts"
import type { Snapshot } from "./watcher.ts"

/** How many events of each kind the screen keeps. */
export const KEPT_EVENTS = 50

/** What a screen shows. */
export interface Shown {
  readonly brokerUrl: string
  readonly intervalMs: number
  readonly snapshot: Snapshot | undefined
  /** The last denials and revocations, oldest first. */
  readonly denied: readonly AuditEvent[]
  readonly revoked: readonly AuditEvent[]
  /** Why the broker does not answer, and since when. */
  readonly trouble: { readonly message: string; readonly since: number } | undefined
}

/** The part of an {@link Output} that a screen is made for. */
export type Terminal = Pick<Output, "styled" | "width" | "height">

/** The lines of a screen, at most as many as the terminal has. */
export function screenLines(shown: Shown, terminal: Terminal): string[] {
  const { brokerUrl, intervalMs, snapshot, trouble } = shown
  const { styled } = terminal
  const head = [
    `${styled("bold", "AgentWrit")} ${brokerUrl}  every ${span(intervalMs)}, Ctrl-C ends`,
    trouble === undefined
      ? ""
      : styled("red", `no answer since ${exact(trouble.since)}: ${visible(trouble.message)}; trying again`),
  ]
  const lines = snapshot === undefined ? head : [...head, ...snapshotLines(shown, snapshot, terminal)]
  return lines.slice(0, terminal.height)
}

function snapshotLines({ denied, revoked }: Shown, snapshot: Snapshot, { height, styled, width }: Terminal): string[] {
  const { agents, at, health } = snapshot
  // A third of the rows below the head for the events, the rest for the agents.
  const eventRows = Math.max(1, Math.floor((height - 10) / 6))
  const events = (title: string, of: readonly AuditEvent[]): string[] => [
    "",
    styled("bold", title),
    ...(of.length === 0 ? ["none"] : of.slice(-eventRows).toReversed().map(eventLine)),
  ]
  const bold = (text: string): string => styled("bold", text)
  const columns = [
    { title: "AGENT ID", cell: ({ agentId }: Agent) => agentId },
    { title: "EXPIRES IN", cell: ({ expiresAt }: Agent) => span(Math.max(0, expiresAt - at)) },
    { title: "SCOPE", cell: ({ scope }: Agent) => scope.join(" "), cuttable: true },
  ]
  return [
    `${exact(at)}  ${statusOf(health)}, version ${health.version}, up for ${span(health.uptime * 1000)}`,
    ratesOf(snapshot),
    ...events("DENIED", denied),
    ...events("REVOKED", revoked),
    "",
    ...(agents.agents.length === 0 ? [bold("No agent is active.")] : tableLines(agents.agents, columns, width, bold)),
  ]
}

type Agent = Snapshot["agents"]["agents"][number]

const statusOf = ({ auditChain, status }: Snapshot["health"]): string =>
  auditChain === "broken" ? `${status}, audit trail BROKEN` : status

/** The counts of a snapshot, in one line. */
export function ratesOf({ agents, issuedRate, validatedRate }: Snapshot): string {
  const rate = (value: number | undefined): string => (value === undefined ? "–" : value.toFixed(1))
  return `${counted(agents.total, "active agent")}, ${rate(issuedRate)} tokens issued a second, ${rate(validatedRate)} validated a second`
}

/** Enters the alternate screen, hides the cursor, and clips lines at the edge. */
const ENTER = "\u001b[?1049h\u001b[?25l\u001b[?7l"
const LEAVE = "\u001b[?7h\u001b[?25h\u001b[?1049l"
const HOME = "\u001b[H"
const CLEAR_LINE = "\u001b[K"
const CLEAR_BELOW = "\u001b[J"

/** A screen that is drawn in place. At the end of the scope the terminal is as it was. */
export class Screen implements Disposable {
  readonly #out: Output

  constructor(out: Output) {
    this.#out = out
    out.draw(ENTER)
  }

  show(shown: Shown): void {
    const lines = screenLines(shown, this.#out).map((line) => line + CLEAR_LINE)
    this.#out.draw(HOME + lines.join("\r\n") + CLEAR_BELOW)
  }

  [Symbol.dispose](): void {
    this.#out.draw(LEAVE)
  }
}
