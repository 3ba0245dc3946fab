# Completion of sluiced and sluice-drivers for bash: what a program's --help lists.
_sluice() {
  local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} words
  case "$previous" in
    --config) mapfile -t COMPREPLY < <(compgen -f -- "$current"); return ;;
  esac
  words=$("${COMP_WORDS[0]}" --help 2>/dev/null | sed -nE 's/^  (-[a-zA-Z],)?(--[a-z-]+).*/\2/p')
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
}
complete -o default -F _sluice sluiced sluice-drivers
