import type { Command } from "../command.ts"
import { completionScript, SHELLS } from "../completion/script.ts"
import { command } from "../define-command.ts"
import { UsageError } from "../errors.ts"

/** `awrit completion` */
export const completion: Command = command({
  name: "completion",
  summary: "Print a completion script for a shell",
  args: { shell: { type: "positional", description: "The shell: bash, zsh or fish", choices: SHELLS } },
  examples: [
    'eval "$(awrit completion bash)"',
    'awrit completion zsh > "$HOME/.zfunc/_awrit"',
    "awrit completion fish > ~/.config/fish/completions/awrit.fish",
  ],
  async run(given, context) {
    const shell = SHELLS.find((known) => known === given.shell)
    if (shell === undefined) throw new UsageError(`<shell> must be one of ${SHELLS.join(", ")}`)
    const script = await completionScript(shell, context.tree)
    await context.out.document({ shell, script })
    await context.out.lines([script.trimEnd()])
  },
})
