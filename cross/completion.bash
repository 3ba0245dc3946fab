# Completion of sluiced, sluicectl and sluice-drivers for bash: what a program's --help lists.
_sluice() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command=() word
  case "$previous" in
    --config) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
  esac
  # A subcommand has a help of its own: the first word that is no option and no option's value.
  for word in "${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    [[ $word == [a-z]* ]] && command=("$word") && break
  done
  local words
  words=$("${COMP_WORDS[0]}" "${command[@]}" --help 2>/dev/null |
    sed -nE 's/^  (-[a-zA-Z],)?(--[a-z-]+).*/\2/p; /^(Subcommands|Commands):/,/^$/s/^  ([a-z]+) .*/\1/p')
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _sluice sluiced sluicectl sluice-drivers
