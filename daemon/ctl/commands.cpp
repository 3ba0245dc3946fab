#include "ctl/commands.h"

#include "base/check.h"
#include "ctl/exit_code.h"

namespace sluice {

namespace {

constexpr struct {
  const char* name;
  int (*run)(const CommandContext&);
} kCommands[] = {
    {"check", run_check},   {"status", run_status}, {"alerts", run_alerts}, {"summary", run_summary},
    {"upload", run_upload}, {"audit", run_audit},   {"reload", run_reload}, {"report", run_report},
};

}  // namespace

int fail(const CommandContext& context, const Error& error) {
  context.err << "sluicectl: " << error.context << "\n";
  return exit_code_of(error);
}

int run_command(const CommandLine& line, Clock& clock, std::ostream& out, std::ostream& err) {
  Result<Settings> settings = load_settings(line.config);
  if (!settings) {
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
