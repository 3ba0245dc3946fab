#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "base/counted.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "ctl/table.h"
#include "summary/rollup.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;

struct Period {
  Day first = 0;
  Day last = 0;
};

Day first_of_month(int year, int month) {
  return parse_date(fmt::format("{:04}-{:02}-01", year, month)).value();
}

// The week (from Monday), month or year that holds the day.
Period period_of(const std::string& length, Day day) {
  if (length == "week") {
    const Day weekday = ((day + 3) % 7 + 7) % 7;  // 1970-01-01 was a Thursday
    return {day - weekday, day - weekday + 6};
  }
  const std::string date = format_date(day);
  const int year = std::stoi(date.substr(0, 4));
  if (length == "year") return {first_of_month(year, 1), first_of_month(year + 1, 1) - 1};
  const int month = std::stoi(date.substr(5, 2));
  const Day next = month == 12 ? first_of_month(year + 1, 1) : first_of_month(year, month + 1);
  return {first_of_month(year, month), next - 1};
}

Result<Rollup> roll_up(StoreView& view, const Period& period) {
  Result<std::vector<Day>> days = view.summary_days();
  if (!days) return days.error();
  Rollup rollup;
  for (Day day : *days) {
    if (day < period.first || day > period.last) continue;
    Result<std::optional<SummaryRevision>> newest = view.newest(day);
    if (!newest) return newest.error();
    if (!*newest) continue;
    Result<SummaryView> document = summary_from_json((*newest)->body);
    if (!document) return document.error();
    rollup.add(*document);
  }
  return rollup;
}

std::string to_json(const Rollup& rollup, const Period& period) {
  Json json;
  json["from"] = format_date(period.first);
  json["to"] = format_date(period.last);
  json["days"] = rollup.days();
  json["incomplete_days"] = rollup.incomplete_days();
  json["sensors"] = Json::array();
  for (const auto& [sensor, line] : rollup.sensors()) {
    json["sensors"].push_back(Json{{"sensor", sensor},
                                   {"unit", line.unit},
                                   {"kind", sensor_kind_word(line.kind)},
                                   {"days", line.days},
                                   {"count", line.count},
                                   {"min", line.min},
                                   {"mean", line.mean},
                                   {"max", line.max},
                                   {"increase", line.increase ? Json(*line.increase) : Json(nullptr)},
                                   {"coverage", line.coverage ? Json(*line.coverage) : Json(nullptr)},
                                   {"in_alert_s", line.in_alert_s}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

// RFC 4180: a quote in a quoted field is doubled.
std::string csv_text(const std::string& text) {
  std::string out = "\"";
  for (char c : text) out += c == '"' ? "\"\"" : std::string(1, c);
  return out + "\"";
}

std::string to_csv(const Rollup& rollup) {
  auto number = [](const std::optional<double>& value) { return value ? fmt::format("{}", *value) : ""; };
  std::string text = "sensor,unit,kind,days,count,min,mean,max,increase,coverage,in_alert_s\n";
  for (const auto& [sensor, line] : rollup.sensors()) {
    text += fmt::format("{},{},{},{},{},{},{},{},{},{},{}\n", csv_text(sensor), csv_text(line.unit),
                        sensor_kind_word(line.kind), line.days, line.count, line.min, line.mean, line.max,
                        number(line.increase), number(line.coverage), line.in_alert_s);
  }
  return text;
}

std::string to_text(const Rollup& rollup, const Period& period) {
  std::string text =
      fmt::format("{} to {}: {} with a summary, {} incomplete\n", format_date(period.first),
                  format_date(period.last), counted(rollup.days(), "day"), rollup.incomplete_days());
  Table table;
  table.column("sensor");
  table.column("unit");
  for (const char* title : {"days", "count", "min", "mean", "max", "increase", "coverage", "in alert"}) {
    table.column(title, Table::Align::kRight);
  }
  for (const auto& [sensor, line] : rollup.sensors()) {
    table.row({sensor, line.unit, std::to_string(line.days), std::to_string(line.count),
               number_text(line.min), number_text(line.mean), number_text(line.max),
               line.increase ? number_text(*line.increase) : "-",
               line.coverage ? fmt::format("{:.1f} %", *line.coverage * 100) : "-",
               line.in_alert_s > 0 ? fmt::format("{:.0f} s", line.in_alert_s) : "-"});
  }
  return table.empty() ? text : text + "\n" + table.text();
}

}  // namespace

int run_report(const CommandContext& context) {
  Result<std::unique_ptr<StoreView>> view = context.gateway.open_database();
  if (!view) return fail(context, view.error());
  const Day day = context.line.day.value_or((*view)->calendar().day_of(context.clock.now().wall_ms));
  const Period period = period_of(context.line.action, day);
  Result<Rollup> rollup = roll_up(**view, period);
  if (!rollup) return fail(context, rollup.error());
  context.out << (context.line.json  ? to_json(*rollup, period)
                  : context.line.csv ? to_csv(*rollup)
                                     : to_text(*rollup, period));
  return kExitFine;
}

}  // namespace sluice
