import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { awritOnPath } from "@agentwrit/testing/awrit"
import { afterAll, beforeAll, describe, expect, test } from "vitest"
import { missingPrograms } from "../../src/shell.ts"
import { programOnTerminal } from "../../src/terminal.ts"

const [TAB, TO_START, TO_END, ENTER] = ["\t", "\u0001", "\u0005", "\r"]

/** How each shell starts without user settings, and loads the completion as the help says. */
const SHELLS = {
  bash: { command: ["bash", "--norc", "--noprofile", "-i"], load: 'eval "$(awrit completion bash)"' },
  zsh: {
    command: ["zsh", "-f", "-i"],
    load: "mkdir .zfunc; awrit completion zsh > .zfunc/_awrit; fpath=($PWD/.zfunc $fpath); autoload -Uz compinit; compinit -u",
  },
  "zsh, evaluated": {
    command: ["zsh", "-f", "-i"],
    load: 'autoload -Uz compinit; compinit -u; eval "$(awrit completion zsh)"',
  },
  fish: { command: ["fish", "--no-config", "-i"], load: "awrit completion fish | source" },
} as const

describe.each(Object.entries(SHELLS))("in %s", (name, { command, load }) => {
  describe.skipIf(missingPrograms(`awrit's completion in ${name}`, command[0], "python3"))("a terminal", () => {
    let folder: string
    let bin: string
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "agentwrit-completion-"))
      bin = await awritOnPath(folder)
      writeFileSync(join(folder, "ca of ours.pem"), "")
    })
    afterAll(() => rmSync(folder, { recursive: true }))

    /** The completion of each line after pressing Tab. */
    async function completed(lines: readonly string[]): Promise<string[]> {
      const ready = (step: number): string => `READY-${step}`
      // The terminal echoes the typed line too. Only the shell's output contains these marks unbroken.
      const announce = (step: number): string => `echo READY'-'${step}${ENTER}`
      const typed = lines.map((line, step): readonly [string, string] => [
        ready(step),
        `${line}${TAB}${TO_START}echo 'LINE'": ${TO_END}:END"${ENTER}${announce(step + 1)}`,
      ])
      const { text } = await programOnTerminal(command, {
        columns: 200,
        env: { HOME: folder, PATH: `${bin}:${process.env["PATH"]}` },
        typed: [
          ["", `cd ${folder}${ENTER}${load.replaceAll("\n", ENTER)}${ENTER}${announce(0)}`],
          ...typed,
          [ready(lines.length), `exit${ENTER}`],
        ],
      })
      return [...text.matchAll(/LINE: (.*):END$/gm)].map(([, line = ""]) => line.trimEnd())
    }

    test("unambiguous words are completed", async () => {
      const cases = {
        "awrit app reg": "awrit app register",
        "awrit --json app u": "awrit --json app update",
        "awrit app register --sc": "awrit app register --scopes",
        "awrit app --broker-url http://x list --js": "awrit app --broker-url http://x list --json",
        "awrit revoke --level tas": "awrit revoke --level task",
        "awrit revoke --level=tas": "awrit revoke --level=task",
        // The value of a flag is not taken for a command.
        "awrit revoke --level agent --tar": "awrit revoke --level agent --target",
        "awrit --key app audit ev": "awrit --key app audit events",
        "awrit revoke --level agent li": "awrit revoke --level agent li",
        "awrit audit events --outcome d": "awrit audit events --outcome denied",
        "awrit app list -o y": "awrit app list -o yaml",
        "awrit completion z": "awrit completion zsh",
        "awrit health --ca ca": "awrit health --ca ca\\ of\\ ours.pem",
        "awrit app list reg": "awrit app list reg",
      }
      expect(await completed(Object.keys(cases))).toEqual(Object.values(cases))
    })
  })
})
