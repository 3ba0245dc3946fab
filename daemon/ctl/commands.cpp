#include "ctl/commands.h"

#include <filesystem>

#include "base/check.h"
#include "base/counted.h"
#include "ctl/exit_code.h"
#include "decode/topic_filter.h"

namespace sluice {

namespace {

// What a command does with the configuration.
enum class Wants {
  kNothing,  // does without one
  kPlace,    // where the daemon and its database are
  kRules,    // all of it, but no password
  kAll,      // and the files that it names
  kBroker,   // where that is; nothing else has to be there
};

constexpr struct {
  const char* name;
  int (*run)(const CommandContext&);
  Wants wants;
} kCommands[] = {
    {"check", run_check, Wants::kAll},
    {"status", run_status, Wants::kPlace},
    {"alerts", run_alerts, Wants::kPlace},
    {"summary", run_summary, Wants::kPlace},
    {"upload", run_upload, Wants::kPlace},
    {"audit", run_audit, Wants::kPlace},
    {"discover", run_discover, Wants::kBroker},
    {"tail", run_tail, Wants::kAll},
    {"sensors", run_sensors, Wants::kPlace},
    {"quarantine", run_quarantine, Wants::kPlace},
    {"why", run_why, Wants::kPlace},
    {"backup", run_backup, Wants::kPlace},
    {"export", run_export, Wants::kPlace},
    {"import", run_import, Wants::kAll},
    {"completion", run_completion, Wants::kNothing},
    {"reload", run_reload, Wants::kRules},
    {"report", run_report, Wants::kPlace},
    {"backtest", run_backtest, Wants::kRules},
};

Wants wants_of(const CommandLine& line) {
  if (line.command == "summary" && line.dry_run) return Wants::kRules;
  for (const auto& command : kCommands) {
    if (line.command == command.name) return command.wants;
  }
  return Wants::kAll;
}

// The daemon keeps its configuration when the file has become wrong, so that must not keep anybody from
// asking it. But a file that is not there, or not to be read, tells of no daemon.
Result<Settings> settings_of_place(const CommandLine& line, std::ostream& err, bool& wrong) {
  std::vector<Problem> problems;
  Result<Settings> loaded =
      load_settings(line.config, NamedFiles::kNotLookedAt, ReadingsSection::kRequired, &problems);
  if (loaded || loaded.error().code != ErrorCode::kInvalid) return loaded;
  const std::string& all = loaded.error().context;
  err << "sluicectl: warning: " << all.substr(0, all.find('\n'))
      << (problems.size() > 1 ? "; and more, see sluicectl check" : "")
      << " (a running sluiced has an older configuration)\n";
  wrong = true;
  Settings settings;
  settings.gateway = read_gateway_section(line.config);
  return settings;
}

// Who looks for topics has no readings entries yet, and maybe no configuration.
Result<Settings> settings_of_broker(const CommandLine& line) {
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

struct LoadedSettings {
  Result<Settings> settings = Settings();
  std::vector<Problem> problems;
  bool wrong = false;  // these are `gateway` alone, of a configuration that is wrong
};

LoadedSettings settings_for(const CommandLine& line, std::ostream& err) {
  LoadedSettings loaded;
  switch (wants_of(line)) {
    case Wants::kNothing:
      loaded.settings = load_settings(line.config, NamedFiles::kNotLookedAt);
      if (!loaded.settings) loaded.settings = Settings();
      break;
    case Wants::kPlace:
      loaded.settings = settings_of_place(line, err, loaded.wrong);
      break;
    case Wants::kRules:
      loaded.settings = load_settings(line.config, NamedFiles::kNotLookedAt);
      break;
    case Wants::kAll:
      loaded.settings = load_settings(line.config, NamedFiles::kMustBeReadable, ReadingsSection::kRequired,
                                      &loaded.problems);
      break;
    case Wants::kBroker:
      loaded.settings = settings_of_broker(line);
  }
  return loaded;
}

}  // namespace

std::string waiting_text(std::uint64_t readings) {
  return counted(readings, "reading") + (readings == 1 ? " waits" : " wait") +
         " for the clock, which is not trusted yet (see clock.trust)";
}

int fail(const CommandContext& context, const Error& error) {
  context.err << "sluicectl: " << error.context << "\n";
  return exit_code_of(error);
}

int run_command(const CommandLine& line, Clock& clock, std::ostream& out, std::ostream& err) {
  LoadedSettings loaded = settings_for(line, err);
  const Result<Settings>& settings = loaded.settings;
  if (!settings) {
    if (line.json && line.command == "check") {
      out << wrong_json(line.config, settings.error(), loaded.problems);
      return kExitConfiguration;
    }
    err << settings.error().context << "\n";
    return kExitConfiguration;
  }
  GatewayAccess gateway(*settings, err);
  for (const auto& command : kCommands) {
    if (line.command == command.name) {
      return command.run(CommandContext{line, *settings, gateway, clock, out, err, loaded.wrong});
    }
  }
  check_failed(__FILE__, __LINE__, "command", "the command line knows a command that has no function");
}

}  // namespace sluice
