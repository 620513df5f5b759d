import { decode, launchTokenParameters } from "@agentwrit/contract"
import { type Command, command } from "../command.ts"
import { UsageError } from "../errors.ts"

/** `awrit launch-token revoke` */
export const launchTokenRevoke: Command = command({
  name: "launch-token revoke",
  summary: "Revoke a launch token",
  details: [
    "No agent can register with it any more. Agents that registered with it keep their tokens.",
    "On a terminal, it asks first; --yes skips the question.",
  ],
  args: {
    id: { type: "string", value: "ID", description: "Its id, lt-{16 hex characters}, as launch-token list shows it" },
  },
  examples: ["awrit launch-token revoke --id lt-5a1f0c7be2d94386"],
  async run(given, context) {
    if (given.id === undefined) throw new UsageError("--id is missing: awrit launch-token list shows the ids")
    const read = decode(launchTokenParameters, { id: given.id })
    if (!read.ok) throw new UsageError(`--id ${read.detail.slice("id ".length)}`)
    const { id } = read.value
    await context.confirm(async () => `Revoke launch token ${id}?`)
    await (await context.admin()).revokeLaunchToken(id, { signal: context.out.gone })
    await context.out.document({ revoked: true, id })
    context.out.note("The launch token is void.", "green")
  },
})
