#include <nlohmann/json.hpp>

#include "alert/silence_json.h"
#include "app/view_json.h"
#include "base/time_text.h"
#include "config/quantity.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "ctl/json_table.h"

namespace sluice {

namespace {

// Silences are few and their labels short, so a table shows them all.
int show_silences(const CommandContext& context) {
  Result<std::string> json =
      context.gateway.read("/api/v1/silences", [](StoreView& view) { return silences_json(view); });
  if (!json) return fail(context, json.error());
  if (context.line.json) {
    context.out << *json;
    return kExitFine;
  }
  Result<Table> table = table_of(*json, {{"id", "id", Table::Align::kRight},
                                         {"sensor", "sensor"},
                                         {"alert", "alert"},
                                         {"until", "until"},
                                         {"comment", "comment"}});
  if (!table) return fail(context, table.error());
  context.out << (table->empty() ? "nothing is silenced\n" : table->text());
  return kExitFine;
}

std::string what_it_covers(const Silence& silence) {
  std::string text = silence.alert.empty() ? "any alert" : "the alert " + silence.alert;
  text += silence.sensor == "#" ? " of any sensor" : " of sensors that match " + silence.sensor;
  const char* before = " with the label ";
  for (const auto& [name, value] : silence.labels) {
    text += before + name + "=" + value;
    before = ", ";
  }
  return printable(text);
}

int make_silence(const CommandContext& context) {
  const CommandLine& line = context.line;
  const auto span = parse_duration(line.span);
  if (!span || span->count() <= 0) {
    context.err << "sluicectl: --for: expected a duration such as 30m or 2h\n";
    return kExitUsage;
  }
  if (line.filter.empty() && line.alert.empty() && line.labels.empty() && !line.all) {
    context.err
        << "sluicectl: this would silence every alert of every sensor: say which with --sensor, --alert "
           "or --label, or add --all\n";
    return kExitUsage;
  }
  Silence silence;
  if (!line.filter.empty()) silence.sensor = line.filter;
  silence.alert = line.alert;
  silence.comment = line.comment;
  silence.until_ms = context.clock.now().wall_ms + span->count();
  for (const std::string& label : line.labels) {
    const std::size_t equals = label.find('=');
    if (equals == std::string::npos) {
      context.err << "sluicectl: --label: expected NAME=VALUE\n";
      return kExitUsage;
    }
    silence.labels[label.substr(0, equals)] = label.substr(equals + 1);
  }
  Result<std::string> made = context.gateway.ask("POST", "/api/v1/silences", silence_to_json(silence));
  if (!made) return fail(context, made.error());
  const nlohmann::json json = nlohmann::json::parse(*made, nullptr, false);
  if (line.json || !json.is_object() || !json.contains("id")) {
    context.out << *made;
    return kExitFine;
  }
  context.out << "silence " << json["id"].dump() << ": until " << format_rfc3339(silence.until_ms)
              << " nobody is told of " << what_it_covers(silence) << "\n";
  return kExitFine;
}

int end_silence(const CommandContext& context) {
  const std::string id = std::to_string(context.line.id);
  Result<std::string> ended = context.gateway.ask("POST", "/api/v1/silences/end?id=" + id);
  if (!ended) return fail(context, ended.error());
  context.out << (context.line.json ? *ended : "silence " + id + " has ended\n");
  return kExitFine;
}

}  // namespace

int run_alerts(const CommandContext& context) {
  if (context.line.action == "test") return run_alerts_test(context);
  if (context.line.action == "silences") return show_silences(context);
  if (context.line.action == "silence") return make_silence(context);
  if (context.line.action == "unsilence") return end_silence(context);
  Result<std::string> json = context.gateway.read(
      "/api/v1/alerts", [&](StoreView& view) { return alerts_json(view, context.gateway.gateway()); });
  if (!json) return fail(context, json.error());
  if (context.line.json) {
    context.out << *json;
    return kExitFine;
  }
  std::vector<TableColumn> columns = {{"since", "since"},
                                      {"severity", "severity"},
                                      {"alert", "alert"},
                                      {"sensor", "sensor"},
                                      {"value", "value", Table::Align::kRight},
                                      {"unit", "unit"},
                                      {"message", "message"}};
  // In a JSON text the quotes of a string are escaped: this can only be a member.
  if (json->find("\"note\":") != std::string::npos) columns.push_back({"note", "note"});
  Result<Table> table = table_of(*json, columns);
  if (!table) return fail(context, table.error());
  context.out << (table->empty() ? "no alert stands\n" : table->text());
  return kExitFine;
}

}  // namespace sluice
