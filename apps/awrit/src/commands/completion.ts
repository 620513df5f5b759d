import { type Command, command } from "../command.ts"
import { SCRIPTS } from "../completion/scripts.ts"
import { UsageError } from "../errors.ts"

const SHELLS = Object.keys(SCRIPTS) as (keyof typeof SCRIPTS)[]

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
  async run(given, { out }) {
    const shell = SHELLS.find((known) => known === given.shell)
    if (shell === undefined) throw new UsageError(`<shell> must be one of ${SHELLS.join(", ")}`)
    await out.document({ shell, script: SCRIPTS[shell] })
    await out.lines([SCRIPTS[shell]])
  },
})
