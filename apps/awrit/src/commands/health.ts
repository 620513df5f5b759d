import { type Command, command } from "../command.ts"
import { span } from "../time.ts"

/** `awrit health` */
export const health: Command = command({
  name: "health",
  summary: "Show the broker's health",
  details: ["Exits with 1 if the broker is degraded or its audit trail is broken. Needs no admin secret."],
  args: {},
  examples: ["awrit health", "awrit health --json --broker-url https://broker.example"],
  async run(_given, context) {
    const { auditChain, auditEventsCount, dbConnected, status, uptime, version } = await (await context.admin()).health(
      context.answer,
    )
    await context.out.record([
      ["broker", context.settings.brokerUrl()],
      ["status", status],
      ["version", version],
      ["up for", span(uptime * 1000)],
      ["database", dbConnected ? "can commit" : "cannot commit"],
      ["audit events", String(auditEventsCount)],
      ["audit chain", auditChain],
    ])
    if (status === "ok" && auditChain !== "broken") return 0
    if (status !== "ok") context.out.warn("The broker cannot commit: check its log, disk and database.", "red")
    if (auditChain === "broken")
      context.out.warn(
        "The audit trail is broken: awrit audit verify shows where, and the broker's log shows since when.",
        "red",
      )
    return 1
  },
})
