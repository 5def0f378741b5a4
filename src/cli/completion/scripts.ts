import type { Shell } from './values.ts';

/**
 * What a shell reads to complete `cox`. Each hands the words up to the cursor to `cox completion --words`, and
 * neither expands nor runs any of them.
 */
export const SCRIPTS: Readonly<Record<Shell, string>> = {
  bash: `# bash completion of cox: source <(cox completion bash)
_cox_completion() {
  local rest=\${COMP_LINE:0:COMP_POINT} index word line
  local words=()
  COMPREPLY=()
  # Readline also splits at characters such as = and @: what has no blank between is one word again.
  for ((index = 0; index <= COMP_CWORD; index++)); do
    word=\${COMP_WORDS[index]}
    [[ $rest == [[:blank:]]* || $index -eq 0 ]] && words+=("")
    rest=\${rest#"\${rest%%[![:blank:]]*}"}
    [[ $index -eq $COMP_CWORD ]] && word=$rest
    words[\${#words[@]}-1]+=$word
    rest=\${rest#"$word"}
  done
  # $2 is what a reply replaces: the end of the last word.
  local kept=\${words[\${#words[@]}-1]}
  kept=\${kept%"$2"}
  while IFS= read -r line; do
    case $line in
      :files | :directories)
        compopt -o filenames 2>/dev/null
        local action=-f
        [[ $line == :directories ]] && action=-d
        while IFS= read -r word; do COMPREPLY+=("$word"); done < <(compgen "$action" -- "$2")
        ;;
      *)
        line=\${line%%$'\\t'*}
        COMPREPLY+=("\${line#"$kept"}")
        ;;
    esac
  done < <(command cox completion --words -- "\${words[@]:1}" 2>/dev/null </dev/null)
}
complete -F _cox_completion cox`,
  zsh: `#compdef cox
# zsh completion of cox: source <(cox completion zsh), or a file _cox in a folder of $fpath
_cox() {
  local -a lines candidates
  local line value
  lines=("\${(@f)$(command cox completion --words -- "\${(@Q)words[2,CURRENT-1]}" "\${(Q)PREFIX}" 2>/dev/null </dev/null)}")
  for line in $lines; do
    case $line in
      :files) compset -P '--*='; _files; return ;;
      :directories) compset -P '--*='; _files -/; return ;;
      *)
        value=\${line%%$'\\t'*}
        line=\${line#*$'\\t'}
        candidates+=("\${value//:/\\\\:}\${line:+:$line}")
        ;;
    esac
  done
  _describe 'cox' candidates
}
if [[ \${funcstack[1]} == _cox ]]; then
  _cox "$@"
else
  compdef _cox cox
fi`,
  fish: `# fish completion of cox: cox completion fish | source
function __cox_completion
    set -l before (commandline -opc)
    set -l current (commandline -ct)
    set -l flag (string match -r -- '^--[^=]*=' "$current")
    for line in (command cox completion --words -- $before[2..] "$current" 2>/dev/null </dev/null)
        switch $line
            case ':files'
                for path in (__fish_complete_path (string replace -- "$flag" '' "$current"))
                    echo "$flag$path"
                end
            case ':directories'
                for path in (__fish_complete_directories (string replace -- "$flag" '' "$current") '')
                    echo "$flag$path"
                end
            case '*'
                echo $line
        end
    end
end
complete -c cox -f -a '(__cox_completion)'`,
};
