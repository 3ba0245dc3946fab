// sluicectl's command line.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "base/calendar.h"
#include "ctl/import_lines.h"

namespace sluice {

struct CommandLine {
  std::string config = "/etc/sluice/sluice.yaml";
  std::string command;  // check, status, alerts, summary, upload, audit, …
  std::string
      action;        // alerts: list, test, silences, silence, unsilence; upload: status, now, retry, discard
  std::string name;  // alerts test: a channel or a rule
  std::string
      filter;  // discover: over topics; tail, sensors, export, backtest, silence: over sensors; empty: all
  std::string sensor;          // why
  std::string rule;            // why
  std::string reason;          // quarantine; empty: all
  std::string format = "csv";  // export: csv, ndjson
  std::string file;            // backup, export, import
  std::string against;         // backtest: the configuration to compare with; empty: none
  std::string broker;          // discover: instead of the configuration's; empty: that one
  std::string shell;           // completion
  std::size_t limit = 20;      // quarantine
  std::size_t count = 0;       // tail, discover: end after so many; 0: do not
  std::optional<std::chrono::milliseconds> duration;  // --for
  std::optional<std::int64_t> from_ms;                // export, backtest
  std::optional<std::int64_t> to_ms;                  // first instant after
  bool rejected = false;                              // tail: only what is rejected
  bool json = false;
  bool verbose = false;
  std::optional<Day> day;
  std::string sink;  // upload; empty: every sink
  bool yes = false;  // discard: really
  std::optional<int> revision;
  bool csv = false;      // report
  bool dry_run = false;  // summary: sum it now, and write nothing
  // alerts silence, unsilence
  std::string alert;
  std::vector<std::string> labels;  // NAME=VALUE
  bool all = false;                 // really every alert
  std::string span;                 // a duration
  std::string comment;
  std::uint64_t id = 0;
  ImportFormat import;   // import: how to read `file`
  bool explain = false;  // check: a sentence for each alert
};

struct ParsedCommandLine {
  CommandLine line;
  std::optional<int> exit_code;  // set: there is nothing to do any more (help was shown, or it was wrong)
};

// `arguments` without the program's name.
ParsedCommandLine parse_command_line(std::vector<std::string> arguments, std::ostream& out,
                                     std::ostream& err);

// A command, and what may follow it: its options and actions. For shells that complete command lines.
struct CommandWords {
  std::string name;
  std::string help;
  std::vector<std::string> words;
};
std::vector<CommandWords> command_words();

}  // namespace sluice
