#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "app/live_json.h"
#include "base/time_text.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "ctl/percent.h"
#include "ctl/table.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;

std::string text_of(const Json& json) {
  const auto text = [&](const char* name) {
    return json.value(name, Json()).is_string() ? json[name].get<std::string>() : "";
  };
  const std::string unit = text("unit").empty() ? "" : " " + text("unit");
  std::string out = fmt::format("{} on {}: {}", text("rule"), text("sensor"), text("state"));
  if (!text("since").empty()) out += " since " + text("since");
  out += "\n  condition  " + text("condition");
  if (json["value"].is_number()) {
    out += fmt::format("\n  value      {}{}, {} ago", number_text(json["value"].get<double>()), unit,
                       age_text(json["value_age_ms"].get<std::int64_t>()));
  }
  out += "\n  now        " + text("text");
  if (!text("deadline").empty()) out += " (at " + text("deadline") + ")";
  const char* before = "\n  stored     ";
  for (const Json& row : json["newest"]) {
    out += before + row.value("time", "") + "  " + number_text(row.value("value", 0.0)) + unit;
    before = "\n             ";
  }
  return out + "\n";
}

}  // namespace

int run_why(const CommandContext& context) {
  const CommandLine& line = context.line;
  Result<std::string> text = context.gateway.read(
      "/api/v1/why?sensor=" + percent_encoded(line.sensor) + "&rule=" + percent_encoded(line.rule),
      [&](StoreView& view) -> Result<std::string> {
        if (context.configuration_wrong)
          return make_error(ErrorCode::kInvalid,
                            "without sluiced the rule is looked up in the configuration; correct that first");
        auto about = explain_stored(view, context.settings, line.sensor, line.rule);
        if (!about) return about.error();
        return why_json(view, line.sensor, line.rule, *about, context.clock.now().wall_ms);
      });
  if (!text) return fail(context, text.error());
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("newest") || !json.contains("value")) {
    return fail(context, make_error(ErrorCode::kInvalid,
                                    "the answer cannot be read; are sluiced and sluicectl "
                                    "of the same version?"));
  }
  context.out << (line.json ? *text : text_of(json));
  return kExitFine;
}

}  // namespace sluice
