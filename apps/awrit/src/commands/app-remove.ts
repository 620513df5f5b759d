import { appIdOf } from "../app-id.ts"
import { type Command, command } from "../command.ts"
import { counted } from "../text.ts"
import { since } from "../time.ts"

/** `awrit app remove` */
export const appRemove: Command = command({
  name: "app remove",
  summary: "Deregister an app",
  details: [
    "Takes effect at once: the app cannot sign in, its own tokens are revoked, and its unused launch tokens are invalid. Its agents keep their tokens until they expire, but cannot renew or delegate. Its name stays reserved. --revoke also ends its agents, and everything that they delegated.",
    "On a terminal, it asks first; --yes skips the question.",
  ],
  args: {
    id: { type: "string", value: "APP", description: "The app's id or name" },
    revoke: { type: "boolean", description: "Also revoke its agents, and everything that they delegated" },
  },
  examples: ["awrit app remove --id app-billing-1a2b3c", "awrit app remove --id app-billing-1a2b3c --revoke --yes"],
  async run(given, context) {
    const admin = await context.admin()
    const id = await appIdOf(given.id, "--id", admin)
    await context.confirm(async () => {
      const [app, agents] = await Promise.all([
        admin.getApp(id),
        admin.listAgents({ appId: id, status: "active", limit: 1 }),
      ])
      const end = given.revoke ? "are revoked with everything that they delegated" : "cannot renew or delegate"
      return `Deregister ${app.appId} (${app.status})? It can no longer sign in, and its ${counted(agents.total, "active agent")} ${end}.`
    })
    const { appId, deregisteredAt, status } = await admin.deregisterApp(id, { ...context.answer, revoke: given.revoke })
    await context.out.record([
      ["app id", appId],
      ["status", status],
      ["deregistered", since(deregisteredAt)],
    ])
  },
})
