/** A completion script a shell. Each asks `awrit __complete` for the words that can follow, one a line. */
export const SCRIPTS = {
  bash: `# bash completion of awrit: eval "$(awrit completion bash)"
_awrit() {
  local IFS=$'\\n'
  COMPREPLY=($(command awrit __complete bash "\${COMP_LINE:0:COMP_POINT}" 2>/dev/null))
  if [ "\${COMPREPLY[0]}" = ":files" ]; then
    # readline's own completion handles spaces; bash 3 has no compopt.
    COMPREPLY=()
    compopt -o default 2>/dev/null || COMPREPLY=($(compgen -f -- "\${COMP_WORDS[COMP_CWORD]}"))
  fi
}
complete -F _awrit awrit`,

  zsh: `#compdef awrit
# zsh completion of awrit: awrit completion zsh > a file _awrit in a folder of $fpath, or eval "$(awrit completion zsh)"
_awrit() {
  local -a found
  found=(\${(f)"$(command awrit __complete zsh "\${(@)words[2,CURRENT]}" 2>/dev/null)"})
  if [ "$found[1]" = ":files" ]; then
    if [[ "$words[CURRENT]" == --*=* ]]; then compset -P '*='; fi
    _files
  else
    compadd -- $found
  fi
}
if [ "$funcstack[1]" = "_awrit" ]; then _awrit "$@"; else compdef _awrit awrit; fi`,

  fish: `# fish completion of awrit: awrit completion fish > ~/.config/fish/completions/awrit.fish
function __awrit
  set -l current (commandline -ct)
  set -l found (command awrit __complete fish (commandline -opc)[2..-1] "$current" 2>/dev/null)
  if test "$found[1]" = ":files"
    set -l flag (string match -r -- '^--[^=]*=' "$current")
    __fish_complete_path (string replace -- "$flag" "" "$current") | string replace -r '^' "$flag"
  else
    printf '%s\\n' $found
  end
end
complete -c awrit -f -a '(__awrit)'`,
} as const
