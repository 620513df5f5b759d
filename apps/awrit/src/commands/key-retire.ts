import { decode, keyParameters } from "@agentwrit/contract"
import { type Command, command } from "../command.ts"
import { UsageError } from "../errors.ts"
import { since } from "../time.ts"

/** `awrit key retire` */
export const keyRetire: Command = command({
  name: "key retire",
  summary: "End a signing key at once, with all that it signed",
  details: [
    "For an incident. Every token and every delegation that the key signed ends now, here and at verifiers that follow the feed. If it is the current key, the next one signs, or else a new one.",
    "On a terminal, it asks first; --yes skips the question.",
  ],
  args: { kid: { type: "string", value: "KID", description: "The key's id, as awrit key list shows it" } },
  examples: ["awrit key retire --kid kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"],
  async run(given, context) {
    if (given.kid === undefined) throw new UsageError("--kid is missing: awrit key list shows the ids")
    const read = decode(keyParameters, { kid: given.kid })
    if (!read.ok) throw new UsageError(`--${read.detail}`)
    await context.confirm(async () => `Retire key ${given.kid}? Everything that it signed ends now.`)
    const { kid, status, retiredAt } = await (await context.admin()).retireKey(read.value.kid, context.answer)
    await context.out.record([
      ["kid", kid],
      ["status", status],
      ["retired", since(retiredAt)],
    ])
  },
})
