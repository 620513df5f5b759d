import { KEY_ALGORITHMS, keyRotationRequest } from "@agentwrit/contract"
import { type Command, command } from "../command.ts"
import { UsageError } from "../errors.ts"
import { readFlags } from "../flags.ts"
import { exact } from "../time.ts"

/** `awrit key rotate` */
export const keyRotate: Command = command({
  name: "key rotate",
  summary: "Rotate a signing key: no good token is refused",
  details: [
    "A new key is published at once and signs after --signs-in seconds, so that every verifier knows it by then. The key before it verifies until all that it signed has expired.",
    "--audit lets a new key sign the audit trail's checkpoints. A verifier that pinned the former key still accepts the trail: run awrit audit verify with it.",
    "--signs-in 0 with --force lets a key sign that verifiers do not know yet: they fetch it with its first token. It also lets a key sign at once that is published already.",
  ],
  args: {
    alg: {
      type: "string",
      value: "ALG",
      description: "EdDSA, the default, signs native tokens; ES256 and RS256 sign for OAuth",
      choices: KEY_ALGORITHMS,
    },
    "signs-in": {
      type: "number",
      value: "SECONDS",
      description: "How long the new key is published before it signs, 0 to 604800; default 300",
    },
    force: { type: "boolean", description: "Allow --signs-in 0" },
    audit: { type: "boolean", description: "Rotate the audit key instead" },
  },
  examples: ["awrit key rotate", "awrit key rotate --signs-in 0 --force", "awrit key rotate --audit"],
  async run({ audit, ...given }, context) {
    if (audit === true) {
      if (Object.values(given).some((value) => value !== undefined && value !== false))
        throw new UsageError("--audit goes with no other flag: the new audit key signs at once")
      const { verifierKey } = await (await context.admin()).rotateAuditKey(context.answer)
      await context.out.record([["verifier key", verifierKey]])
      context.out.note(
        "Give it to everyone who keeps checkpoints. Those who pinned the former key can follow.",
        "green",
      )
      return
    }
    const rotation = readFlags(keyRotationRequest, given)
    const { kid, alg, state, signsFrom } = await (await context.admin()).rotateKey(rotation, context.answer)
    await context.out.record([
      ["kid", kid],
      ["alg", alg],
      ["state", state],
      ["signs from", signsFrom === undefined ? "now" : exact(signsFrom)],
    ])
  },
})
