// sluicectl's commands, one file each. Each prints to `out`, or says on `err` why it cannot, and returns the
// exit status.
#pragma once

#include <cstdint>
#include <ostream>
#include <string>
#include <vector>

#include "base/clock.h"
#include "config/settings.h"
#include "ctl/command_line.h"
#include "ctl/gateway_access.h"

namespace sluice {

struct CommandContext {
  const CommandLine& line;
  const Settings& settings;
  GatewayAccess& gateway;
  Clock& clock;
  std::ostream& out;
  std::ostream& err;
  bool configuration_wrong = false;  // then `settings` only says where the gateway is
};

int run_check(const CommandContext& context);
int run_status(const CommandContext& context);
int run_alerts(const CommandContext& context);
int run_alerts_test(const CommandContext& context);
int run_summary(const CommandContext& context);
int run_upload(const CommandContext& context);
int run_audit(const CommandContext& context);
int run_backtest(const CommandContext& context);
int run_reload(const CommandContext& context);
int run_report(const CommandContext& context);
int run_discover(const CommandContext& context);
int run_tail(const CommandContext& context);
int run_sensors(const CommandContext& context);
int run_quarantine(const CommandContext& context);
int run_why(const CommandContext& context);
int run_backup(const CommandContext& context);
int run_export(const CommandContext& context);
int run_import(const CommandContext& context);
int run_completion(const CommandContext& context);

// A configuration that cannot be used, for `check --json`.
std::string wrong_json(const std::string& file, const Error& error, const std::vector<Problem>& problems);

// "51 readings wait for the clock (see clock.trust)": stored, and on no day yet.
std::string waiting_text(std::uint64_t readings);

int fail(const CommandContext& context, const Error& error);  // says it; returns its exit status

// Reads the configuration and runs the command of `line`.
int run_command(const CommandLine& line, Clock& clock, std::ostream& out, std::ostream& err);

}  // namespace sluice
