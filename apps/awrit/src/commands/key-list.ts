import { type Command, command } from "../command.ts"
import { counted } from "../text.ts"
import { exact } from "../time.ts"

/** `awrit key list` */
export const keyList: Command = command({
  name: "key list",
  summary: "List the signing keys that sign, will sign, or still verify something",
  args: {},
  examples: ["awrit key list", "awrit key list --json | jq -r '.keys[0].kid'"],
  async run(_given, context) {
    const { keys } = await (await context.admin()).listKeys(context.answer)
    await context.out.table(keys, [
      { title: "KID", cell: ({ kid }) => kid },
      { title: "ALG", cell: ({ alg }) => alg },
      { title: "USE", cell: ({ use }) => use },
      { title: "STATE", cell: ({ state }) => state },
      { title: "SIGNS FROM", cell: ({ createdAt, signsFrom = createdAt }) => exact(signsFrom) },
      {
        title: "VERIFIES UNTIL",
        cell: ({ verifiesUntil }) => (verifiesUntil === undefined ? "" : exact(verifiesUntil)),
      },
    ])
    context.out.note(counted(keys.length, "signing key"))
  },
})
