#include "ctl/command_line.h"

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/time_argument.h"
#include "config/problems.h"
#include "config/quantity.h"
#include "config/sections.h"
#include "ctl/argument_checks.h"
#include "ctl/exit_code.h"
#include "version.h"

namespace sluice {

namespace {

constexpr const char* kExitCodes =
    "Exit status: 0 fine; 1 findings, problems, a refusal, or a name that there is not; 2 wrong command "
    "line;\n"
    "3 audit: cannot be checked any more, rows have expired; 4 wrong configuration; 5 the daemon does not "
    "answer (commands that only "
    "read\n"
    "use the database then, and say so; status exits with 5 all the same).";

constexpr std::pair<const char*, const char*> kExamples[] = {
    {"check", "sluicectl --config ./sluice.yaml check --verbose"},
    {"status", "sluicectl status || echo look at it"},
    {"alerts", "sluicectl alerts --json"},
    {"summary", "sluicectl summary --day 2026-03-29"},
    {"upload", "sluicectl upload --now"},
    {"backtest", "sluicectl --config new.yaml backtest --against /etc/sluice/sluice.yaml --from 2026-03-01"},
    {"audit", "sluicectl audit --day 2026-03-29"},
    {"reload", "sluicectl check && sluicectl reload"},
    {"report", "sluicectl report --month 2026-03-01"},
    {"discover", "sluicectl discover --for 1m 'zigbee2mqtt/#' > readings.yaml"},
    {"tail", "sluicectl tail --rejected 'sensors/#'"},
    {"sensors", "sluicectl sensors 'sensors/+/temperature'"},
    {"quarantine", "sluicectl quarantine --reason malformed --limit 5"},
    {"why", "sluicectl why sensors/hall/temperature too-hot"},
    {"backup", "sluicectl backup /mnt/usb/sluice-2026-03-29.db"},
    {"export", "sluicectl export --from 2026-03-01 --to 2026-04-01 --sensor 'sensors/#' march.csv"},
    {"import",
     "sluicectl import --sensor 'room/{node}/{column}' --value temperature --value humidity old.csv"},
    {"completion", "sluicectl completion bash > ~/.local/share/bash-completion/completions/sluicectl"},
};

// The same for actions, which are commands of a command.
constexpr struct {
  const char* command;
  const char* action;
  const char* example;
} kActionExamples[] = {
    {"alerts", "list", "sluicectl alerts list --json"},
    {"alerts", "test", "sluicectl alerts test too-hot"},
    {"alerts", "silences", "sluicectl alerts silences"},
    {"alerts", "silence",
     "sluicectl alerts silence --sensor 'sensors/hall/+' --for 2h --comment 'the window is open'"},
    {"alerts", "unsilence", "sluicectl alerts unsilence 3"},
    {"upload", "status", "sluicectl upload status --json"},
    {"upload", "retry", "sluicectl upload retry --sink cloud"},
    {"upload", "discard", "sluicectl upload discard --sink cloud --day 2026-03-29 --yes"},
};

ImportFormat::Kind import_kind(const std::string& word) {
  return word == "csv"      ? ImportFormat::Kind::kCsv
         : word == "ndjson" ? ImportFormat::Kind::kNdjson
                            : ImportFormat::Kind::kValues;
}

// Names what is no command, where CLI11 only says that one is missing or that there is a word too many.
std::string unknown_command(const CLI::App& app) {
  const std::vector<std::string> left = app.remaining(true);
  if (left.empty() || left.front().starts_with('-')) return "";
  const CLI::App* around = &app;
  std::string path;
  for (auto taken = app.get_subcommands(); !taken.empty(); taken = around->get_subcommands()) {
    around = taken.front();
    path += around->get_name() + " ";
  }
  std::vector<std::string> known;
  for (const CLI::App* command : around->get_subcommands([](const CLI::App*) { return true; })) {
    if (!command->get_name().empty()) known.push_back(command->get_name());  // not a group of options
  }
  if (known.empty()) return "";
  const std::string meant = nearest(left.front(), known);
  return "unknown command " + in_quotes(path + left.front()) +
         (meant.empty() ? "; expected " + path + listed(known) : "; did you mean \"" + path + meant + "\"?");
}

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
    add_broker_commands();
    add_reading_commands();
    add_database_commands();
    for (const auto& [name, example] : kExamples) {
      app_.get_subcommand(name)->footer(std::string("Example: ") + example);
    }
    for (const auto& [command, action, example] : kActionExamples) {
      app_.get_subcommand(command)->get_subcommand(action)->footer(std::string("Example: ") + example);
    }
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
  CLI::Option* add_filter(CLI::App& sub, const char* name, const char* help) {
    return sub.add_option(name, line_.filter, help)
        ->check(CLI::Validator(filter_fault, "", "filter"))
        ->type_name("FILTER");
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
  void add_silences(CLI::App& alerts) {
    command(alerts, "silences", "silences that have not ended")->callback([this] {
      line_.action = "silences";
    });
    CLI::App* silence = command(alerts, "silence", "tell nobody of some alerts for a while");
    add_filter(*silence, "--sensor", "filter over sensors; without it, all");
    silence->add_option("--alert", line_.alert, "name of an alert; without it, all");
    silence->add_flag("--all", line_.all, "really every alert: without --sensor, --alert and --label");
    silence->add_option("--label", line_.labels, "NAME=VALUE that the alert must have; may be repeated");
    silence->add_option("--for", line_.span, "how long, such as 30m or 2h")
        ->required()
        ->check(CLI::Validator(duration_fault, "", "duration"))
        ->type_name("DURATION");
    silence->add_option("--comment", line_.comment, "why, for people");
    silence->callback([this] { line_.action = "silence"; });
    CLI::App* unsilence = command(alerts, "unsilence", "end a silence");
    unsilence->add_option("id", line_.id, "its number")->required();
    unsilence->callback([this] { line_.action = "unsilence"; });
  }
  void add_commands() {
    CLI::App* check = command(app_, "check", "check the configuration");
    check->add_flag("--verbose", line_.verbose, "show every setting in force");
    check->add_flag("--explain", line_.explain, "say what each derived sensor is and each alert does");
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
    add_silences(*alerts);

    CLI::App* summary = command(app_, "summary", "days with a summary, or the summary of one day");
    add_day(*summary, "YYYY-MM-DD: show this day's sensors");
    summary->add_option("--revision", line_.revision, "show this revision, not the newest")
        ->needs("--day")
        ->check(CLI::Validator(count_fault, "", "count"));
    summary
        ->add_flag("--dry-run", line_.dry_run,
                   "sum the day, or today so far, now from its readings; write nothing")
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

  void add_for(CLI::App& sub, const char* help) {
    sub.add_option_function<std::string>(
           "--for",
           [this](const std::string& text) {
             line_.duration = parse_duration(text);
             if (!line_.duration) throw CLI::ValidationError("--for", duration_fault(text));
           },
           help)
        ->type_name("DURATION");
  }
  void add_time(CLI::App& sub, const char* name, std::optional<std::int64_t>& time_ms, const char* help) {
    sub.add_option_function<std::string>(
           name,
           [name, &time_ms](const std::string& text) {
             time_ms = parse_time_argument(text);
             if (!time_ms) throw CLI::ValidationError(name, kTimeArgumentExpected);
           },
           help)
        ->type_name("TIME");
  }
  void add_broker_commands() {
    CLI::App* discover = command(app_, "discover", "listen to the broker, and propose readings entries");
    add_filter(*discover, "filter", "topic filter; all topics without it");
    add_for(*discover, "how long to listen (30s)");
    discover->add_option("--count", line_.count, "end after so many messages")
        ->check(CLI::Validator(count_fault, "", "count"));
    discover->add_option("--broker", line_.broker, "mqtt://HOST:PORT: this broker, without a configuration")
        ->check(CLI::Validator(broker_fault, "", "broker"))
        ->type_name("ADDRESS");

    CLI::App* tail = command(app_, "tail", "readings as the gateway sees them, live");
    add_filter(*tail, "filter", "filter over sensor names, such as sensors/+/temperature");
    tail->add_flag("--rejected", line_.rejected, "only what is rejected, with the reason");
    add_for(*tail, "how long (until ^C)");
    tail->add_option("--count", line_.count, "end after so many lines")
        ->check(CLI::Validator(count_fault, "", "count"));
  }
  void add_reading_commands() {
    CLI::App* sensors = command(app_, "sensors", "each sensor's newest value, its age and rate");
    add_filter(*sensors, "filter", "filter over sensor names");

    CLI::App* quarantine = command(app_, "quarantine", "what could not be used, and why");
    quarantine->add_option("--reason", line_.reason, "only this reason, such as malformed");
    quarantine->add_option("--limit", line_.limit, "so many samples at most")
        ->check(CLI::Validator(limit_fault, "", "limit"))
        ->capture_default_str();

    CLI::App* why = command(app_, "why", "where a rule stands on a sensor, and what it waits for");
    why->add_option("sensor", line_.sensor, "name of the sensor")->required();
    why->add_option("rule", line_.rule, "name of the rule")->required();
  }
  void add_import() {
    ImportFormat& format = line_.import;
    CLI::App* in = command(app_, "import", "readings from a file, while sluiced is stopped");
    in->add_option("file", line_.file, "where from; - is standard input")->required();
    in->add_option_function<std::string>(
          "--format", [&format](const std::string& word) { format.kind = import_kind(word); },
          "csv (with a header), ndjson, or values: one number a line")
        ->check(CLI::IsMember({"csv", "ndjson", "values"}));
    in->add_option("--time", format.time, "column or member with the time")->capture_default_str();
    in->add_option("--value", format.values, "column or member with a value (value); may be repeated");
    in->add_option("--sensor", format.sensor,
                   "name of the sensor; {x} is column x, {column} that of the value")
        ->capture_default_str();
    in->add_option("--unit", format.unit, "unit of the sensors (the column unit, if there is one)");
    in->add_option("--separator", format.separator, "between CSV columns (,)");
    add_time(*in, "--from", line_.from_ms, "values: the time of the first line");
    in->add_option_function<std::string>(
          "--every",
          [&format](const std::string& text) {
            format.every = parse_duration(text);
            if (!format.every) throw CLI::ValidationError("--every", duration_fault(text));
          },
          "values: the time between lines")
        ->type_name("DURATION");
    in->add_flag("--dry-run", line_.dry_run, "look at every line; write nothing");
  }
  void add_database_commands() {
    CLI::App* backup =
        command(app_, "backup", "copy the database while the gateway runs, and check the copy");
    backup->add_option("file", line_.file, "the copy; it must not be there yet")->required();

    CLI::App* out = command(app_, "export", "readings as CSV or JSON lines");
    out->add_option("file", line_.file, "where to; it must not be there yet (standard output)");
    add_time(*out, "--from", line_.from_ms, "first instant (the oldest reading)");
    add_time(*out, "--to", line_.to_ms, "first instant after (the newest reading)");
    add_filter(*out, "--sensor", "filter over sensor names");
    out->get_option("--json")->description("the same as --format ndjson: JSON, a reading a line");
    out->add_option("--format", line_.format, "csv or ndjson")
        ->check(CLI::IsMember({"csv", "ndjson"}))
        ->excludes("--json")
        ->capture_default_str();

    add_import();

    CLI::App* backtest = command(app_, "backtest", "when the rules of a configuration would have fired");
    backtest->add_option("--against", line_.against, "compare with the rules of this configuration")
        ->type_name("FILE");
    add_time(*backtest, "--from", line_.from_ms, "first instant to report on (the oldest reading)");
    add_time(*backtest, "--to", line_.to_ms, "first instant after (the newest reading)");
    add_filter(*backtest, "--sensor", "filter over sensor names");

    CLI::App* completion = command(app_, "completion", "a script that completes command lines in a shell");
    completion->add_option("shell", line_.shell, "bash, zsh or fish")
        ->required()
        ->check(CLI::Validator(shell_fault, "", "shell"))
        ->type_name("SHELL");
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
    const std::string unknown = stop.get_exit_code() == 0 ? "" : unknown_command(parser.app());
    if (!unknown.empty()) {
      err << unknown << "\nRun with --help for more information.\n";
      parsed.exit_code = kExitUsage;
      return parsed;
    }
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

std::vector<CommandWords> command_words() {
  CommandLine unused;
  Parser parser(unused);
  std::vector<CommandWords> commands;
  for (const CLI::App* command : parser.app().get_subcommands([](const CLI::App*) { return true; })) {
    CommandWords& words = commands.emplace_back();
    words.name = command->get_name();
    words.help = command->get_description();
    for (const CLI::App* action : command->get_subcommands([](const CLI::App*) { return true; })) {
      if (!action->get_name().empty()) words.words.push_back(action->get_name());  // not a group of options
    }
    for (const CLI::Option* option : command->get_options()) {
      for (const std::string& name : option->get_lnames()) words.words.push_back("--" + name);
    }
  }
  return commands;
}

}  // namespace sluice
