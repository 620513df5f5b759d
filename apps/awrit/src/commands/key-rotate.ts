import { KEY_ALGORITHMS, keyRotationRequest } from "@agentwrit/contract"
import { type Command, command } from "../command.ts"
import { readFlags } from "../flags.ts"
import { exact } from "../time.ts"

/** `awrit key rotate` */
export const keyRotate: Command = command({
  name: "key rotate",
  summary: "Rotate a signing key: no good token is refused",
  details: [
    "A new key is published at once and signs after --signs-in seconds, so that every verifier knows it by then. The key before it verifies until all that it signed has expired.",
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
  },
  examples: ["awrit key rotate", "awrit key rotate --signs-in 0 --force"],
  async run(given, context) {
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
