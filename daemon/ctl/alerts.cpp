#include "app/view_json.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "ctl/json_table.h"

namespace sluice {

int run_alerts(const CommandContext& context) {
  if (context.line.action == "test") return run_alerts_test(context);
  Result<std::string> json = context.gateway.read(
      "/api/v1/alerts", [&](StoreView& view) { return alerts_json(view, context.gateway.gateway()); });
  if (!json) return fail(context, json.error());
  if (context.line.json) {
    context.out << *json;
    return kExitFine;
  }
  Result<Table> table = table_of(*json, {{"since", "since"},
                                         {"severity", "severity"},
                                         {"alert", "alert"},
                                         {"sensor", "sensor"},
                                         {"value", "value", Table::Align::kRight},
                                         {"unit", "unit"},
                                         {"message", "message"}});
  if (!table) return fail(context, table.error());
  context.out << (table->empty() ? "no alert stands\n" : table->text());
  return kExitFine;
}

}  // namespace sluice
