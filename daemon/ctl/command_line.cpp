#include "ctl/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "config/sections.h"
#include "ctl/exit_code.h"
#include "version.h"

namespace sluice {

namespace {

constexpr const char* kExitCodes =
    "Exit status: 0 fine; 1 findings, problems or a refusal; 2 wrong command line; 3 audit: cannot be "
    "checked\n"
    "any more, rows have expired; 4 wrong configuration; 5 the daemon does not answer (commands that only "
    "read\n"
    "use the database then, and say so; status exits with 5 all the same).";

// Fills a CommandLine from CLI11's callbacks; lives as long as the parser.
class Parser {
 public:
  explicit Parser(CommandLine& line) : line_(line) {
    app_.set_version_flag("--version", std::string("sluicectl ") + kVersion);
    app_.add_option("--config", line_.config, "configuration file")->capture_default_str();
    app_.require_subcommand(1);
    app_.fallthrough();
    app_.footer(kExitCodes);
    add_commands();
  }
  CLI::App& app() { return app_; }
  bool now() const { return now_; }

 private:
  CLI::App* command(CLI::App& parent, const char* name, const char* help) {
    CLI::App* sub = parent.add_subcommand(name, help);
    sub->fallthrough();
    sub->add_flag("--json", line_.json, "print JSON");
    return sub;
  }
  void add_day(CLI::App& sub, const char* help) { add_date(sub, "--day", help); }
  void add_date(CLI::App& sub, const char* name, const char* help) {
    sub.add_option_function<std::string>(
        name,
        [this, name](const std::string& text) {
          Result<Day> day = parse_date(text);
          if (!day) throw CLI::ValidationError(name, day.error().context);
          line_.day = *day;
        },
        help);
  }
  CLI::App* upload_action(CLI::App& upload, const char* name, const char* help) {
    CLI::App* sub = command(upload, name, help);
    sub->add_option("--sink", line_.sink, "deliveries to this sink only (a name under upload.to)");
    add_day(*sub, "YYYY-MM-DD: deliveries of this day only");
    sub->callback([this, name] { line_.action = name; });
    return sub;
  }
  void add_commands() {
    CLI::App* check = command(app_, "check", "check the configuration");
    check->add_flag("--verbose", line_.verbose, "show every setting in force");
    command(app_, "status", "what the gateway is doing, and what is wrong");

    CLI::App* alerts = command(app_, "alerts", "alerts that stand");
    command(*alerts, "list", "alerts that stand (the default)")->callback([this] { line_.action = "list"; });
    CLI::App* test = command(*alerts, "test", "send a test to a channel, or to the channels of a rule");
    test->add_option("name", line_.name, "a channel or a rule")
        ->required()
        ->check(CLI::Validator(
            [](const std::string& text) {
              return is_name(text) ? "" : "expected letters, digits and _ . - only";
            },
            "NAME"));
    test->callback([this] { line_.action = "test"; });

    command(app_, "reload", "put the changed configuration file in force");

    CLI::App* summary = command(app_, "summary", "days with a summary, or the summary of one day");
    add_day(*summary, "YYYY-MM-DD: show this day's sensors");
    summary->add_option("--revision", line_.revision, "show this revision, not the newest")
        ->needs("--day")
        ->check(CLI::PositiveNumber);
    summary->add_flag("--dry-run", line_.dry_run, "sum the day now from its readings; write nothing")
        ->needs("--day")
        ->excludes("--revision");

    CLI::App* report = command(app_, "report", "days rolled up: a week, a month or a year");
    CLI::Option_group* length = report->add_option_group("period");
    for (const char* name : {"week", "month", "year"}) {
      length->add_flag_callback(
          std::string("--") + name, [this, name] { line_.action = name; },
          std::string("the ") + name + " that holds DATE");
    }
    length->require_option(1);
    add_date(*report, "date", "YYYY-MM-DD; today without it");
    report->add_flag("--csv", line_.csv, "print CSV")->excludes("--json");

    CLI::App* upload = command(app_, "upload", "deliveries of summaries");
    upload->add_flag("--now", now_, "sum and deliver what is due, now");
    upload_action(*upload, "status", "what waits and what was delivered (the default)");
    upload_action(*upload, "retry", "try again what the receiver refused or what waits");
    upload_action(*upload, "discard", "give up what waits or was refused")
        ->add_flag("--yes", line_.yes, "really; without it, show what would be given up");

    CLI::App* audit = command(app_, "audit", "prove the books from the database");
    add_day(*audit, "YYYY-MM-DD: report on this day only");
  }

  CommandLine& line_;
  bool now_ = false;
  CLI::App app_{"Talks to a running sluiced, and reads its database.", "sluicectl"};
};

}  // namespace

ParsedCommandLine parse_command_line(std::vector<std::string> arguments, std::ostream& out,
                                     std::ostream& err) {
  ParsedCommandLine parsed;
  Parser parser(parsed.line);
  std::reverse(arguments.begin(), arguments.end());  // CLI11 takes a vector from its end
  try {
    parser.app().parse(std::move(arguments));
  } catch (const CLI::ParseError& stop) {
    const bool fine = parser.app().exit(stop, out, err) == 0;
    parsed.exit_code = fine ? kExitFine : kExitUsage;
    return parsed;
  }
  const CLI::App& command = *parser.app().get_subcommands().front();
  parsed.line.command = command.get_name();
  if (parser.now()) parsed.line.action = "now";
  if (parser.now() && !command.get_subcommands().empty()) {
    err << "upload: --now stands alone\nRun with --help for more information.\n";
    parsed.exit_code = kExitUsage;
  }
  if (parsed.line.action.empty() && parsed.line.command == "alerts") parsed.line.action = "list";
  if (parsed.line.action.empty() && parsed.line.command == "upload") parsed.line.action = "status";
  return parsed;
}

}  // namespace sluice
