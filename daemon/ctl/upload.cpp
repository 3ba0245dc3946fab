#include <nlohmann/json.hpp>

#include "app/view_json.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "ctl/json_table.h"

namespace sluice {

namespace {

constexpr std::size_t kItemsShown = 100;

bool any_parked(const std::string& json) {
  const nlohmann::json parsed = nlohmann::json::parse(json, nullptr, false);
  if (!parsed.is_array()) return false;
  for (const nlohmann::json& item : parsed) {
    if (item.is_object() && item.value("state", "") == "parked") return true;
  }
  return false;
}

int show_status(const CommandContext& context) {
  Result<std::string> json =
      context.gateway.read("/api/v1/upload?limit=" + std::to_string(kItemsShown),
                           [](StoreView& view) { return outbox_json(view, kItemsShown); });
  if (!json) return fail(context, json.error());
  const int exit_code = any_parked(*json) ? kExitFindings : kExitFine;
  if (context.line.json) {
    context.out << *json;
    return exit_code;
  }
  Result<Table> table = table_of(*json, {{"day", "date"},
                                         {"revision", "revision", Table::Align::kRight},
                                         {"sink", "sink"},
                                         {"state", "state"},
                                         {"attempts", "attempts", Table::Align::kRight},
                                         {"done", "done"},
                                         {"next try", "next_try"},
                                         {"note", "note"}});
  if (!table) return fail(context, table.error());
  context.out << (table->empty() ? "nothing was ever to be delivered\n" : table->text());
  if (exit_code == kExitFindings) {
    context.out
        << "\nThe receiver refused what is parked: correct it there, then run sluicectl upload retry.\n";
  }
  return exit_code;
}

// The daemon's answer to an order: an object whose members are told one a line.
int order(const CommandContext& context, const std::string& path) {
  Result<std::string> answer = context.gateway.ask("POST", path);
  if (!answer) return fail(context, answer.error());
  const nlohmann::ordered_json json = nlohmann::ordered_json::parse(*answer, nullptr, false);
  if (context.line.json || !json.is_object()) {
    context.out << *answer;
    return kExitFine;
  }
  for (const auto& [name, value] : json.items()) {
    context.out << name << ": " << (value.is_string() ? value.get<std::string>() : value.dump()) << "\n";
  }
  return kExitFine;
}

}  // namespace

int run_upload(const CommandContext& context) {
  if (context.line.action == "now") return order(context, "/api/v1/upload/now");
  if (context.line.action == "retry") return order(context, "/api/v1/upload/retry");
  return show_status(context);
}

}  // namespace sluice
