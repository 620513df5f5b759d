import { appIdOf } from "../app-id.ts"
import type { Command } from "../command.ts"
import { command } from "../define-command.ts"
import { counted } from "../text.ts"
import { since } from "../time.ts"

/** `awrit app remove` */
export const appRemove: Command = command({
  name: "app remove",
  summary: "Deregister an app",
  details: [
    "In force at once: it cannot sign in, its tokens are revoked, its unused launch tokens are void. Its agents live on until their tokens expire, but can neither renew nor delegate. Its name stays taken.",
    "On a terminal this is asked first; --yes skips the question, and without a terminal it goes ahead.",
  ],
  args: { id: { type: "string", value: "APP-ID", description: "The app's id" } },
  examples: ["awrit app remove --id app-billing-1a2b3c", "awrit app remove --id app-billing-1a2b3c --yes"],
  async run(given, context) {
    const id = appIdOf(given.id, "--id")
    const admin = await context.admin()
    await context.confirm(async () => {
      const [app, agents] = await Promise.all([
        admin.getApp(id),
        admin.listAgents({ appId: id, status: "active", limit: 1 }),
      ])
      return `Deregister ${app.appId} (${app.status})? It can no longer sign in, and its ${counted(agents.total, "active agent")} can neither renew nor delegate.`
    })
    const { appId, deregisteredAt, status } = await admin.deregisterApp(id, context.answer)
    await context.out.record([
      ["app id", appId],
      ["status", status],
      ["deregistered", since(deregisteredAt)],
    ])
  },
})
