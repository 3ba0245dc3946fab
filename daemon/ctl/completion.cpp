// Scripts that complete sluicectl's command lines. Commands and options are asked of the command line itself,
// so that the scripts cannot fall behind; names of sensors and rules are asked of sluicectl when they are
// needed.
#include <nlohmann/json.hpp>
#include <sstream>

#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "ctl/sensor_list.h"

namespace sluice {

namespace {

std::string words_of(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

std::string bash_script(const std::vector<CommandWords>& commands) {
  std::string script =
      "# bash completion of sluicectl\n"
      "_sluicectl() {\n"
      "  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} command= config=() i\n"
      "  for ((i = 1; i < COMP_CWORD; i++)); do\n"
      "    case ${COMP_WORDS[i]} in\n"
      "      --config) config=(--config \"${COMP_WORDS[++i]}\") ;;\n"
      "      -*) ;;\n"
      "      *) command=${COMP_WORDS[i]}; break ;;\n"
      "    esac\n"
      "  done\n"
      "  local at=$((COMP_CWORD - i)) words=\n"
      "  if [[ $before == --config ]]; then COMPREPLY=($(compgen -f -- \"$word\")); return; fi\n"
      "  case $command in\n";
  std::string names;
  for (const CommandWords& command : commands) {
    names += (names.empty() ? "" : " ") + command.name;
    script += "    " + command.name + ") words=\"" + words_of(command.words) + "\" ;;\n";
  }
  script += "    '') words=\"" + names +
            " --config --help --version\" ;;\n"
            "  esac\n"
            "  if [[ $word != -* ]]; then\n"
            "    case $command$at in\n"
            "      why1|tail1|sensors1) words+=\" $(sluicectl \"${config[@]}\" completion sensors "
            "2>/dev/null)\" ;;\n"
            "      completion1) words+=\" bash zsh fish\" ;;\n"
            "      why2) words+=\" $(sluicectl \"${config[@]}\" completion rules 2>/dev/null)\" ;;\n"
            "      backup*|export*) compopt -o default ;;\n"
            "    esac\n"
            "  fi\n"
            "  COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
            "}\n"
            "complete -F _sluicectl sluicectl\n";
  return script;
}

std::string zsh_script(const std::vector<CommandWords>& commands) {
  return "#compdef sluicectl\n"
         "autoload -U +X bashcompinit && bashcompinit\n" +
         bash_script(commands) +
         // zsh reads the file when it completes for the first time, and then still wants that completion.
         "if (( $+compstate )); then _bash_complete -F _sluicectl; fi\n";
}

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' || c == '\\' ? std::string("\\") + c : std::string(1, c);
  return out + "'";
}

std::string fish_script(const std::vector<CommandWords>& commands) {
  std::string script = "# fish completion of sluicectl\ncomplete -c sluicectl -f\n";
  for (const CommandWords& command : commands) {
    script += "complete -c sluicectl -n __fish_use_subcommand -a " + command.name + " -d " +
              quoted(command.help) + "\n";
    for (const std::string& word : command.words) {
      const bool option = word.starts_with("--");
      script += "complete -c sluicectl -n '__fish_seen_subcommand_from " + command.name + "' " +
                (option ? "-l " + word.substr(2) : "-a " + word) + "\n";
    }
  }
  script +=
      "complete -c sluicectl -l config -r -F\n"
      "complete -c sluicectl -n '__fish_seen_subcommand_from why tail sensors' -a '(sluicectl completion "
      "sensors "
      "2>/dev/null)'\n"
      "complete -c sluicectl -n '__fish_seen_subcommand_from why' -a '(sluicectl completion rules "
      "2>/dev/null)'\n"
      "complete -c sluicectl -n '__fish_seen_subcommand_from backup export' -F\n";
  return script;
}

// One a line; nothing where nothing can be known.
int list_sensors(const CommandContext& context) {
  std::ostringstream ignored;
  GatewayAccess quiet(context.settings, ignored);
  auto list = list_of_sensors(quiet, context.clock);
  if (!list) return exit_code_of(list.error());
  for (const auto& sensor : nlohmann::json::parse(*list)) context.out << sensor.value("sensor", "") << "\n";
  return kExitFine;
}

}  // namespace

int run_completion(const CommandContext& context) {
  const std::string& shell = context.line.shell;
  if (shell == "sensors") return list_sensors(context);
  if (shell == "rules") {
    for (const Rule& rule : context.settings.alerts.rules) context.out << rule.name << "\n";
    return kExitFine;
  }
  const std::vector<CommandWords> commands = command_words();
  context.out << (shell == "bash"  ? bash_script(commands)
                  : shell == "zsh" ? zsh_script(commands)
                                   : fish_script(commands));
  return kExitFine;
}

}  // namespace sluice
