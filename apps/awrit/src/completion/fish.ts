import type { Argument, Command } from "../command.ts"
import { GLOBAL_FLAGS } from "../global-flags.ts"
import type { Tree } from "../tree.ts"
import { positionalWords, prefixes, takesFile, valueFlags } from "./words.ts"

/** The script for fish. */
export function fish(tree: Tree, commands: readonly Command[]): string {
  return `# fish completion of awrit: awrit completion fish > ~/.config/fish/completions/awrit.fish
${finder(commands)}
complete -c awrit -f
${[...groupLines(tree, []), ...flagLines(GLOBAL_FLAGS, ""), ...commands.flatMap(commandLines)].join("\n")}
`
}

/** The function that tests whether the words so far name a command or group. */
function finder(commands: readonly Command[]): string {
  return `function __awrit_at
  set -l found
  set -l is_value
  for word in (commandline -opc)[2..-1]
    if set -q is_value[1]
      set is_value
      continue
    end
    switch $word
      case ${valueFlags(commands).join(" ")}
        set is_value 1
      case '-*'
      case '*'
        set -l longer (string join ' ' -- $found $word)
        if contains -- $longer ${prefixes(commands).map(quoted).join(" ")}
          set found $longer
        end
    end
  end
  test "$found" = "$argv[1]"
end`
}

function groupLines(level: Tree, path: readonly string[]): string[] {
  return Object.entries(level).flatMap(([word, { commands, summary }]) => [
    `complete -c awrit${at(path.join(" "))} -a ${word} -d ${quoted(summary)}`,
    ...(commands === undefined ? [] : groupLines(commands, [...path, word])),
  ])
}

function commandLines(command: Command): string[] {
  const words = positionalWords(command)
  return [
    ...(words.length === 0 ? [] : [`complete -c awrit${at(command.name)} -a ${quoted(words.join(" "))}`]),
    ...flagLines(command.args, at(command.name)),
  ]
}

function flagLines(args: Command["args"], when: string): string[] {
  return Object.entries(args).flatMap(([name, argument]) =>
    argument.type === "positional"
      ? []
      : [
          `complete -c awrit${when} -l ${name}${argument.short === undefined ? "" : ` -s ${argument.short}`}${valueWords(argument)} -d ${quoted(argument.description)}`,
        ],
  )
}

function valueWords(argument: Argument): string {
  if (argument.type === "boolean") return ""
  const words = argument.choices === undefined ? "" : ` -a ${quoted(argument.choices.join(" "))}`
  return (takesFile(argument) ? " -r -F" : " -x") + words
}

const at = (name: string): string => ` -n ${quoted(`__awrit_at ${quoted(name)}`)}`

const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`
