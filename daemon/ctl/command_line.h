// sluicectl's command line.
#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "base/calendar.h"

namespace sluice {

struct CommandLine {
  std::string config = "/etc/sluice/sluice.yaml";
  std::string command;  // check, status, alerts, summary, upload, audit
  std::string action;   // alerts: list, test; upload: status, now, retry, discard
  std::string name;     // alerts test: a channel or a rule
  bool json = false;
  bool verbose = false;
  std::optional<Day> day;
  std::string sink;  // upload; empty: every sink
  bool yes = false;  // discard: really
  std::optional<int> revision;
  bool csv = false;      // report
  bool dry_run = false;  // summary: sum it now, and write nothing
};

struct ParsedCommandLine {
  CommandLine line;
  std::optional<int> exit_code;  // set: there is nothing to do any more (help was shown, or it was wrong)
};

// `arguments` without the program's name.
ParsedCommandLine parse_command_line(std::vector<std::string> arguments, std::ostream& out,
                                     std::ostream& err);

}  // namespace sluice
