#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/time_text.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "ctl/sensor_list.h"
#include "ctl/table.h"
#include "decode/topic_filter.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;

std::string rate_text(const Json& per_minute) {
  if (!per_minute.is_number()) return "-";
  const double rate = per_minute.get<double>();
  if (rate >= 120) return fmt::format("{:.3g}/s", rate / 60);
  if (rate >= 1) return fmt::format("{:.3g}/min", rate);
  return fmt::format("{:.3g}/h", rate * 60);
}

Table table_of_sensors(const Json& list) {
  Table table;
  table.column("sensor");
  table.column("value", Table::Align::kRight);
  table.column("unit");
  for (const char* title : {"age", "rate", "rejected"}) table.column(title, Table::Align::kRight);
  table.column("last reason");
  for (const Json& sensor : list) {
    const Json& age = sensor["age_s"];
    const Json& reason = sensor["last_reject"];
    table.row({sensor.value("sensor", ""),
               sensor["value"].is_number() ? number_text(sensor["value"].get<double>()) : "-",
               sensor.value("unit", ""), age.is_number() ? age_text(age.get<std::int64_t>() * 1000) : "never",
               rate_text(sensor["per_minute"]),
               sensor["rejected"].is_number() ? sensor["rejected"].dump() : "-",
               reason.is_string() ? reason.get<std::string>().substr(reason.get<std::string>().find('/') + 1)
                                  : ""});
  }
  return table;
}

}  // namespace

int run_sensors(const CommandContext& context) {
  const std::string& filter = context.line.filter;
  Result<std::string> list = list_of_sensors(context.gateway, context.clock);
  if (!list) return fail(context, list.error());
  Json parsed = Json::parse(*list);
  Json wanted = Json::array();
  const std::size_t all = parsed.size();
  for (Json& sensor : parsed) {
    if (filter.empty() || topic_matches(filter, sensor.value("sensor", "")))
      wanted.push_back(std::move(sensor));
  }
  if (context.line.json) {
    context.out << wanted.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  } else if (!wanted.empty()) {
    context.out << table_of_sensors(wanted).text();
  } else if (all == 0) {
    context.out << "no sensor was heard yet\n";
  }
  if (all == 0 || !wanted.empty()) return kExitFine;
  return fail(context, make_error(ErrorCode::kNotFound, fmt::format("no sensor matches \"{}\"; sluicectl "
                                                                    "sensors lists the {} that there are",
                                                                    filter, all)));
}

}  // namespace sluice
