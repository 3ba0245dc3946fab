#include <nlohmann/json.hpp>

#include "app/view_json.h"
#include "base/counted.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "ctl/json_table.h"

namespace sluice {

namespace {

constexpr std::size_t kItemsShown = 100;
constexpr std::size_t kItemsMax = 10'000;  // that the API gives at once

bool any_parked(const std::string& json) {
  const nlohmann::json parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_array()) return false;
  for (const nlohmann::json& item : parsed) {
    if (item.is_object() && item.value("state", "") == "parked") return true;
  }
  return false;
}

OutboxSelection selection_of(const CommandLine& line) {
  return {line.sink, line.day};
}

// ?sink=…&day=…, and a limit where there is one.
std::string query_of(const CommandLine& line, std::size_t limit) {
  std::string query;
  auto add = [&query](const std::string& member) { query += (query.empty() ? "?" : "&") + member; };
  if (limit > 0) add("limit=" + std::to_string(limit));
  if (!line.sink.empty()) add("sink=" + line.sink);
  if (line.day) add("day=" + format_date(*line.day));
  return query;
}

// Names of sinks are letters, digits and _ . - so that nothing in one needs to be escaped.
Status check_sink(const std::string& sink) {
  if (sink.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-") ==
      std::string::npos) {
    return {};
  }
  return make_error(ErrorCode::kInvalid, "--sink: \"" + sink + "\" is no name of a sink; see upload.to");
}

Result<Table> table_of_items(const std::string& json) {
  return table_of(json, {{"day", "date"},
                         {"revision", "revision", Table::Align::kRight},
                         {"sink", "sink"},
                         {"state", "state"},
                         {"attempts", "attempts", Table::Align::kRight},
                         {"done", "done"},
                         {"next try", "next_try"},
                         {"note", "note"}});
}

Result<std::string> items_of(const CommandContext& context, std::size_t limit) {
  return context.gateway.read(
      "/api/v1/upload" + query_of(context.line, limit), [&](StoreView& view) -> Result<std::string> {
        const auto& sinks = context.settings.upload.to;
        const Status known =
            context.configuration_wrong ? Status() : check_sink(view, sinks, context.line.sink);
        if (!known.ok()) return known.error();
        return outbox_json(view, selection_of(context.line), limit);
      });
}

int show_status(const CommandContext& context) {
  Result<std::string> json = items_of(context, kItemsShown);
  if (!json) return fail(context, json.error());
  const int exit_code = any_parked(*json) ? kExitFindings : kExitFine;
  if (context.line.json) {
    context.out << *json;
    return exit_code;
  }
  Result<Table> table = table_of_items(*json);
  if (!table) return fail(context, table.error());
  const bool all = context.line.sink.empty() && !context.line.day;
  context.out << (!table->empty() ? table->text()
                  : all           ? "nothing was ever to be delivered\n"
                                  : "nothing of that was ever to be delivered\n");
  if (exit_code == kExitFindings) {
    context.out
        << "\nThe receiver refused what is parked: correct it there, then run sluicectl upload retry, "
           "or give it up with sluicectl upload discard.\n";
  }
  return exit_code;
}

// Without --yes nothing is given up: it shows what would be.
int show_discard(const CommandContext& context) {
  Result<std::string> json = items_of(context, kItemsMax);
  if (!json) return fail(context, json.error());
  nlohmann::ordered_json open = nlohmann::ordered_json::array();
  const nlohmann::ordered_json items = nlohmann::ordered_json::parse(*json, nullptr, false);
  for (const auto& item : items) {
    if (!item.is_object()) continue;
    const std::string state = item.value("state", "");
    if (state == "pending" || state == "parked") open.push_back(item);
  }
  if (open.empty()) {
    context.out << (context.line.json ? "[]\n" : "nothing waits and nothing was refused\n");
    return kExitFine;
  }
  if (context.line.json) {
    context.out << open.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) << "\n";
  } else {
    Result<Table> table = table_of_items(open.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
    if (!table) return fail(context, table.error());
    context.out << table->text();
  }
  context.err << "sluicectl: these would be given up for good; add --yes to do it\n";
  return kExitUsage;
}

// `json`: the daemon's answer to the order.
std::string done_text(const std::string& action, const nlohmann::json& json) {
  if (action == "now") {
    return "asked to sum every finished day, and to deliver what waits; sluicectl upload shows when it is "
           "delivered\n";
  }
  const bool retry = action == "retry";
  const auto found = json.find(retry ? "waiting_again" : "discarded");
  const std::uint64_t changed = found != json.end() && found->is_number() ? found->get<std::uint64_t>() : 0;
  if (changed == 0) return "nothing waits and nothing was refused\n";
  return counted(changed, "delivery") +
         (retry ? " asked for again; sluicectl upload shows what becomes of it\n" : " given up\n");
}

int order(const CommandContext& context, const std::string& path) {
  Result<std::string> answer = context.gateway.ask("POST", path);
  if (!answer) return fail(context, answer.error());
  const nlohmann::json json = nlohmann::json::parse(*answer, nullptr, false);
  const bool as_it_is = context.line.json || !json.is_object();
  context.out << (as_it_is ? *answer : done_text(context.line.action, json));
  return kExitFine;
}

}  // namespace

int run_upload(const CommandContext& context) {
  const CommandLine& line = context.line;
  if (Status sink = check_sink(line.sink); !sink) {
    context.err << "sluicectl: " << sink.error().context << "\n";
    return kExitUsage;
  }
  if (line.action == "now") return order(context, "/api/v1/upload/now");
  if (line.action == "retry") return order(context, "/api/v1/upload/retry" + query_of(line, 0));
  if (line.action == "discard" && !line.yes) return show_discard(context);
  if (line.action == "discard") return order(context, "/api/v1/upload/discard" + query_of(line, 0));
  return show_status(context);
}

}  // namespace sluice
