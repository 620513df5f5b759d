import type { Arguments, Command } from "./command.ts"
import { GLOBAL_FLAGS } from "./global-flags.ts"
import { allCommands, type Tree } from "./tree.ts"

/** The shells that there is a script for. */
export const SHELLS = ["bash", "zsh", "fish"] as const

/** One of {@link SHELLS}. */
export type Shell = (typeof SHELLS)[number]

/** A completion script that knows every command, flag and word of a flag; it starts no process as it completes. */
export async function completionScript(shell: Shell, tree: Tree): Promise<string> {
  const commands = await allCommands(tree)
  if (shell === "fish") return fish(tree, commands)
  return shell === "bash" ? bash(tree, commands) : zsh(tree, commands)
}

const flagsOf = (args: Arguments): string[] =>
  Object.entries(args).flatMap(([name, { type }]) => (type === "positional" ? [] : [`--${name}`]))

/** `case` lines of what may follow each word or words. */
function wordCases(tree: Tree, commands: readonly Command[]): string[] {
  const groups = (level: Tree, path: readonly string[]): string[] => [
    `    "${path.join(" ")}") words="${Object.keys(level).join(" ")}" ;;`,
    ...Object.entries(level).flatMap(([word, { commands: below }]) => (below ? groups(below, [...path, word]) : [])),
  ]
  const leaves = commands.map(({ name, args }) => {
    const shells = name === "completion" ? `${SHELLS.join(" ")} ` : ""
    return `    "${name}") words="${shells}${[...flagsOf(args), ...flagsOf(GLOBAL_FLAGS)].join(" ")}" ;;`
  })
  return [...groups(tree, []), ...leaves]
}

/** `case` lines of the words that a flag takes, or of files. */
function valueCases(commands: readonly Command[]): string[] {
  const choices = commands.flatMap(({ name, args }) =>
    Object.entries(args).flatMap(([flag, { choices: words }]) =>
      words === undefined ? [] : [`    "${name} --${flag}") values="${words.join(" ")}" ;;`],
    ),
  )
  const all: Arguments[] = [GLOBAL_FLAGS, ...commands.map(({ args }) => args)]
  const files = new Set(
    all.flatMap((args) =>
      Object.entries(args).flatMap(([flag, { value }]) =>
        value === "FILE" || value === "DATABASE" ? [`--${flag}`] : [],
      ),
    ),
  )
  return [...choices, `    ${[...files].map((flag) => `*" ${flag}"`).join("|")}) values="(files)" ;;`]
}

/** The shell function that finds, from the words so far, what may come: shared by bash and zsh. */
function finder(tree: Tree, commands: readonly Command[]): string {
  return `_awrit_words() {
  local previous="$1" path="" word
  shift
  for word in "$@"; do
    case "$word" in
    -*) ;;
    *)
      case "\${path:+$path }$word" in
      ${prefixes(commands)
        .map((prefix) => `"${prefix}"`)
        .join("|")}) path="\${path:+$path }$word" ;;
      esac
      ;;
    esac
  done
  values=""
  case "$path $previous" in
${valueCases(commands).join("\n")}
  esac
  words=""
  case "$path" in
${wordCases(tree, commands).join("\n")}
  esac
}`
}

function prefixes(commands: readonly Command[]): string[] {
  const all = commands.flatMap(({ name }) => {
    const words = name.split(" ")
    return words.map((_, at) => words.slice(0, at + 1).join(" "))
  })
  return [...new Set(all)]
}

function bash(tree: Tree, commands: readonly Command[]): string {
  return `# bash completion of awrit: eval "$(awrit completion bash)"
${finder(tree, commands)}
_awrit() {
  local current="\${COMP_WORDS[COMP_CWORD]}" words values
  _awrit_words "\${COMP_WORDS[COMP_CWORD - 1]}" "\${COMP_WORDS[@]:1:COMP_CWORD-1}"
  if [ "$values" = "(files)" ]; then
    COMPREPLY=($(compgen -f -- "$current"))
  elif [ -n "$values" ]; then
    COMPREPLY=($(compgen -W "$values" -- "$current"))
  else
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  fi
}
complete -F _awrit awrit
`
}

function zsh(tree: Tree, commands: readonly Command[]): string {
  return `#compdef awrit
# zsh completion of awrit: awrit completion zsh > a file _awrit in a folder of $fpath
${finder(tree, commands)}
_awrit() {
  local words_now=("\${words[@]}") position=$CURRENT words values
  _awrit_words "\${words_now[position-1]}" "\${(@)words_now[2,position-1]}"
  if [ "$values" = "(files)" ]; then
    _files
  elif [ -n "$values" ]; then
    compadd -- \${=values}
  else
    compadd -- \${=words}
  fi
}
if [ "$funcstack[1]" = "_awrit" ]; then _awrit "$@"; else compdef _awrit awrit; fi
`
}

function fish(tree: Tree, commands: readonly Command[]): string {
  const quoted = (text: string): string => `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`
  const seen = (path: readonly string[]): string =>
    path.map((word) => `__fish_seen_subcommand_from ${word}`).join("; and ")
  const lines: string[] = []
  const group = (level: Tree, path: readonly string[]): void => {
    const words = Object.keys(level).join(" ")
    const none = `not __fish_seen_subcommand_from ${words}`
    const when = path.length === 0 ? none : `${seen(path)}; and ${none}`
    for (const [word, { commands: below, summary }] of Object.entries(level)) {
      lines.push(`complete -c awrit -f -n ${quoted(when)} -a ${word} -d ${quoted(summary)}`)
      if (below !== undefined) group(below, [...path, word])
    }
  }
  group(tree, [])
  const flag = (name: string, { choices, description, type, value }: Arguments[string], when: string): string =>
    [
      `complete -c awrit${when} -l ${name}`,
      type === "boolean" ? "" : value === "FILE" || value === "DATABASE" ? " -r -F" : " -x",
      choices === undefined ? "" : ` -a ${quoted(choices.join(" "))}`,
      ` -d ${quoted(description)}`,
    ].join("")
  for (const [name, argument] of Object.entries(GLOBAL_FLAGS)) lines.push(flag(name, argument, ""))
  for (const { name, args } of commands) {
    const when = ` -n ${quoted(seen(name.split(" ")))}`
    for (const [word, argument] of Object.entries(args))
      if (argument.type !== "positional") lines.push(flag(word, argument, when))
  }
  lines.push(`complete -c awrit -f -n ${quoted(seen(["completion"]))} -a ${quoted(SHELLS.join(" "))}`)
  return `# fish completion of awrit: awrit completion fish > ~/.config/fish/completions/awrit.fish\n${lines.join("\n")}\n`
}
