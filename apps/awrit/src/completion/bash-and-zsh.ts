import type { Arguments, Command } from "../command.ts"
import { GLOBAL_FLAGS } from "../global-flags.ts"
import type { Tree } from "../tree.ts"
import { flagsOf, flagsWhere, positionalWords, prefixes, takesFile, valueFlags } from "./words.ts"

/** The script for bash. */
export function bash(tree: Tree, commands: readonly Command[]): string {
  return `# bash completion of awrit: eval "$(awrit completion bash)"
${finder(tree, commands)}
_awrit() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="\${COMP_WORDS[COMP_CWORD - 1]}" awrit_words
  # bash splits --flag=value at the =.
  if [ "$current" = "=" ]; then
    current=""
  elif [ "$previous" = "=" ]; then
    previous="\${COMP_WORDS[COMP_CWORD - 2]}"
  fi
  _awrit_find "$current" "$previous" "\${COMP_WORDS[@]:1:COMP_CWORD-1}"
  if [ "$awrit_words" = "(files)" ]; then
    # readline's own completion handles spaces; bash 3 has no compopt.
    COMPREPLY=()
    compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "$current"))
  else
    COMPREPLY=($(compgen -W "$awrit_words" -- "$current"))
  fi
}
complete -F _awrit awrit
`
}

/** The script for zsh, for a folder of `$fpath` or for `eval`. */
export function zsh(tree: Tree, commands: readonly Command[]): string {
  return `#compdef awrit
# zsh completion of awrit: awrit completion zsh > a file _awrit in a folder of $fpath, or eval "$(awrit completion zsh)"
${finder(tree, commands)}
_awrit() {
  local current="$words[CURRENT]" previous="$words[CURRENT-1]" awrit_words
  if [[ "$current" == --*=* ]]; then
    previous="\${current%%=*}"
    current="\${current#*=}"
    compset -P '*='
  fi
  _awrit_find "$current" "$previous" "\${(@)words[2,CURRENT-1]}"
  if [ "$awrit_words" = "(files)" ]; then
    _files
  else
    compadd -- \${=awrit_words}
  fi
}
if [ "$funcstack[1]" = "_awrit" ]; then _awrit "$@"; else compdef _awrit awrit; fi
`
}

/** The function that finds the possible next words. Its variable names are not special in any of the shells. */
function finder(tree: Tree, commands: readonly Command[]): string {
  return `_awrit_find() {
  local current="$1" last="$2" found="" is_value="" flags="" word
  shift 2
  for word in "$@"; do
    if [ -n "$is_value" ]; then
      is_value=""
      continue
    fi
    case "$word" in
    ${valueFlags(commands).join("|")}) is_value=1 ;;
    -*) ;;
    *)
      case "\${found:+$found }$word" in
      ${prefixes(commands)
        .map((prefix) => `"${prefix}"`)
        .join("|")}) found="\${found:+$found }$word" ;;
      esac
      ;;
    esac
  done
  awrit_words=""
  case "$found $last" in
${valueCases(commands).join("\n")}
  esac
  if [ -n "$awrit_words" ]; then return; fi
  case "$found" in
${wordCases(tree, commands).join("\n")}
  esac
  # Offer flags after a dash, or if nothing else can follow.
  case "$current" in
  -*) awrit_words="" ;;
  esac
  if [ -z "$awrit_words" ]; then awrit_words="$flags"; fi
}`
}

/** `case` lines for the values of flags. */
function valueCases(commands: readonly Command[]): string[] {
  const choices = commands.flatMap(({ name, args }) =>
    Object.entries(args).flatMap(([flag, { type, choices: words }]) =>
      words === undefined || type === "positional"
        ? []
        : [`    "${name} --${flag}") awrit_words="${words.join(" ")}" ;;`],
    ),
  )
  const files = flagsWhere(commands, takesFile).map((flag) => `*" ${flag}"`)
  return [...choices, `    ${files.join("|")}) awrit_words="(files)" ;;`]
}

/** `case` lines for the words and flags after each command or group. */
function wordCases(tree: Tree, commands: readonly Command[]): string[] {
  const groups = (level: Tree, path: readonly string[]): string[] => [
    caseLine(path.join(" "), Object.keys(level), {}),
    ...Object.entries(level).flatMap(([word, { commands: below }]) => (below ? groups(below, [...path, word]) : [])),
  ]
  return [
    ...groups(tree, []),
    ...commands.map((command) => caseLine(command.name, positionalWords(command), command.args)),
  ]
}

const caseLine = (name: string, words: readonly string[], args: Arguments): string =>
  `    "${name}") awrit_words="${words.join(" ")}" flags="${flagsOf({ ...args, ...GLOBAL_FLAGS }).join(" ")}" ;;`
