#include "ctl/commands.h"

#include <filesystem>

#include "base/check.h"
#include "ctl/exit_code.h"
#include "decode/topic_filter.h"

namespace sluice {

namespace {

constexpr struct {
  const char* name;
  int (*run)(const CommandContext&);
} kCommands[] = {
    {"check", run_check},           {"status", run_status}, {"alerts", run_alerts},
    {"summary", run_summary},       {"upload", run_upload}, {"audit", run_audit},
    {"discover", run_discover},     {"tail", run_tail},     {"sensors", run_sensors},
    {"quarantine", run_quarantine}, {"why", run_why},       {"backup", run_backup},
    {"export", run_export},         {"import", run_import}, {"completion", run_completion},
    {"reload", run_reload},         {"report", run_report}, {"backtest", run_backtest},
};

// Who looks for topics has no readings entries yet, and maybe no configuration.
Result<Settings> settings_for(const CommandLine& line, std::vector<Problem>& problems) {
  if (line.command == "completion") {
    Result<Settings> settings = load_settings(line.config, NamedFiles::kNotLookedAt);
    return settings ? settings : Result<Settings>(Settings());  // the scripts need none
  }
  // What would alert needs no password.
  if (line.command == "backtest") return load_settings(line.config, NamedFiles::kNotLookedAt);
  if (line.command != "discover") {
    return load_settings(line.config, NamedFiles::kMustBeReadable, ReadingsSection::kRequired, &problems);
  }
  Settings settings;
  std::error_code ignored;
  const bool nothing_yet =
      line.config == CommandLine().config && !std::filesystem::exists(line.config, ignored);
  if (line.broker.empty() && !nothing_yet) {
    Result<Settings> loaded =
        load_settings(line.config, NamedFiles::kMustBeReadable, ReadingsSection::kMayBeAbsent);
    if (!loaded) return loaded.error();
    settings = std::move(*loaded);
  } else if (!line.broker.empty()) {
    settings.mqtt.uri = line.broker;
  }
  return settings;
}

}  // namespace

int fail(const CommandContext& context, const Error& error) {
  context.err << "sluicectl: " << error.context << "\n";
  return exit_code_of(error);
}

int run_command(const CommandLine& line, Clock& clock, std::ostream& out, std::ostream& err) {
  std::vector<Problem> problems;
  Result<Settings> settings = settings_for(line, problems);
  if (!settings) {
    if (line.json && line.command == "check") {
      out << wrong_json(line.config, settings.error(), problems);
      return kExitConfiguration;
    }
    err << settings.error().context << "\n";
    return kExitConfiguration;
  }
  GatewayAccess gateway(*settings, err);
  for (const auto& command : kCommands) {
    if (line.command == command.name) {
      return command.run(CommandContext{line, *settings, gateway, clock, out, err});
    }
  }
  check_failed(__FILE__, __LINE__, "command", "the command line knows a command that has no function");
}

}  // namespace sluice
