// alerts test NAME: a channel, or the channels of a rule, are sent a test.
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>
#include <utility>

#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "ctl/table.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::chrono::milliseconds kPause{200};  // between two questions about a slow channel

// What the newest answer says, if it is one.
Result<Json> parsed(const Result<std::string>& answer) {
  if (!answer) return answer.error();
  Json json = Json::parse(*answer, nullptr, false);
  if (json.is_object() && json.contains("channels") && json["channels"].is_array()) return json;
  return make_error(ErrorCode::kInvalid,
                    "the answer is not that of a test; are sluiced and sluicectl of the same version?");
}

}  // namespace

int run_alerts_test(const CommandContext& context) {
  Result<Json> json = parsed(context.gateway.ask("POST", "/api/v1/alerts/test?name=" + context.line.name));
  // A channel answers within its own time limit. A reload forgets the test: once more, then.
  bool again = true;
  while (json && !json->value("done", true)) {
    std::this_thread::sleep_for(kPause);
    json =
        parsed(context.gateway.ask("GET", "/api/v1/alerts/test?test=" + json->value("test", std::string())));
    if (json || json.error().code != ErrorCode::kNotFound || !std::exchange(again, false)) continue;
    json = parsed(context.gateway.ask("POST", "/api/v1/alerts/test?name=" + context.line.name));
  }
  if (!json) return fail(context, json.error());
  Table table;
  for (const char* title : {"channel", "told", "error"}) table.column(title);
  bool all_told = true;
  for (const Json& entry : (*json)["channels"]) {
    const bool told = entry["told"].is_boolean() && entry["told"].get<bool>();
    all_told = all_told && told;
    table.row({entry.value("channel", ""), told ? "yes" : "no", entry.value("error", "")});
  }
  context.out << (context.line.json ? json->dump() + "\n" : table.text());
  return all_told ? kExitFine : kExitFindings;
}

}  // namespace sluice
