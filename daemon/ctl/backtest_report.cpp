#include "ctl/backtest_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "base/counted.h"
#include "base/time_text.h"
#include "ctl/table.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;

constexpr std::size_t kShownMax = 50;  // episodes or differences in a table

std::string head(const BacktestTexts& texts) {
  const BacktestReport& report = texts.report;
  if (report.rows == 0) return "there are no readings in that time\n";
  std::string text = fmt::format("{} to {}: {}, {} looked at\n", format_rfc3339(report.from_ms),
                                 format_rfc3339(report.to_ms), counted(report.rows, "reading"),
                                 counted(report.sensors, "sensor"));
  if (report.expired) text += "older readings have expired: rules that stood before them are not known\n";
  return text;
}

std::string duration(std::int64_t ms) {
  return ms == 0 ? "-" : format_duration(ms);
}

std::string lasted(const Episode& episode) {
  return episode.ended_ms ? format_duration(*episode.ended_ms - episode.fired_ms) : "stands";
}

std::string fired(const std::vector<Episode>& episodes) {
  if (episodes.empty()) return "-";
  return format_rfc3339(episodes.front().fired_ms) +
         (episodes.size() == 1 ? "" : fmt::format(" and {} more", episodes.size() - 1));
}

std::string lasted(const std::vector<Episode>& episodes) {
  return episodes.empty() ? "-" : lasted(episodes.front());
}

std::string told(const RuleHistory& history) {
  return std::to_string(history.count - history.untold);
}

// Rules that fired on no sensor.
std::string never_fired(const Settings& settings, const Episodes& episodes) {
  std::set<std::string> fired;
  for (const auto& [pair, history] : episodes.histories()) fired.insert(pair.first);
  std::string names;
  for (const Rule& rule : settings.alerts.rules) {
    if (fired.count(rule.name) == 0) names += (names.empty() ? "" : ", ") + rule.name;
  }
  return names.empty() ? "" : "never fires: " + printable(names) + "\n";
}

std::string left_out(const Episodes& episodes) {
  if (episodes.not_listed() == 0) return "";
  return fmt::format("counted, but not listed: {} episodes more; narrow it with --sensor, --from and --to\n",
                     episodes.not_listed());
}

Json json_of(const Episode& episode) {
  return Json{{"since", format_rfc3339(episode.since_ms)},
              {"fired", format_rfc3339(episode.fired_ms)},
              {"ended", episode.ended_ms ? Json(format_rfc3339(*episode.ended_ms)) : Json(nullptr)},
              {"value", episode.value},
              {"told", episode.told}};
}

Json json_of(const std::vector<Episode>& episodes) {
  Json list = Json::array();
  for (const Episode& episode : episodes) list.push_back(json_of(episode));
  return list;
}

std::string dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void write_rules_json(const Episodes& episodes, const std::string& file, std::ostream& out) {
  out << R"({"config":)" << dump(file) << R"(,"not_listed":)" << episodes.not_listed() << R"(,"rules":[)";
  const char* separator = "\n";
  for (const auto& [pair, history] : episodes.histories()) {
    Json json{{"alert", pair.first},
              {"sensor", pair.second},
              {"episodes", history.count},
              {"untold", history.untold},
              {"total_s", static_cast<double>(history.total_ms) / 1000},
              {"longest_s", static_cast<double>(history.longest_ms) / 1000}};
    std::string text = dump(json);
    text.back() = ',';
    out << separator << text << R"("list":[)";
    separator = "";
    for (const Episode& episode : history.episodes) {
      out << separator << "\n" << dump(json_of(episode));
      separator = ",";
    }
    out << "]}";
    separator = ",\n";
  }
  out << "]}";
}

}  // namespace

void write_backtest(const BacktestTexts& texts, std::ostream& out) {
  const Episodes& episodes = texts.report.episodes.front();
  out << head(texts);
  if (!episodes.histories().empty()) {
    Table rules;
    rules.column("alert");
    rules.column("sensor");
    for (const char* title : {"episodes", "told", "total", "longest"})
      rules.column(title, Table::Align::kRight);
    std::vector<std::pair<PairName, Episode>> all;
    for (const auto& [pair, history] : episodes.histories()) {
      rules.row({pair.first, pair.second, std::to_string(history.count), told(history),
                 duration(history.total_ms), duration(history.longest_ms)});
      for (const Episode& episode : history.episodes) all.emplace_back(pair, episode);
    }
    out << "\n" << rules.text();
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.second.fired_ms < b.second.fired_ms; });
    const std::size_t first = all.size() > kShownMax ? all.size() - kShownMax : 0;
    Table list;
    for (const char* title : {"fired", "alert", "sensor"}) list.column(title);
    for (const char* title : {"lasted", "value"}) list.column(title, Table::Align::kRight);
    list.column("");
    for (std::size_t i = first; i < all.size(); ++i) {
      const auto& [pair, episode] = all[i];
      list.row({format_rfc3339(episode.fired_ms), pair.first, pair.second, lasted(episode),
                number_text(episode.value), episode.told ? "" : "told nobody"});
    }
    out << "\n" << list.text();
    if (first > 0) out << "and " << first << " before; --json lists them\n";
  }
  out << left_out(episodes) << never_fired(*texts.configurations.front(), episodes);
}

void write_comparison(const BacktestTexts& texts, const EpisodeComparison& comparison, std::ostream& out) {
  const Episodes& before = texts.report.episodes.front();
  const Episodes& after = texts.report.episodes.back();
  out << head(texts);
  std::set<PairName> pairs;
  for (const Episodes* side : {&before, &after}) {
    for (const auto& [pair, history] : side->histories()) pairs.insert(pair);
  }
  if (!pairs.empty()) {
    Table rules;
    rules.column("alert");
    rules.column("sensor");
    for (const char* title : {"episodes", "now", "told", "now", "total", "now"})
      rules.column(title, Table::Align::kRight);
    static const RuleHistory kNone;
    for (const PairName& pair : pairs) {
      auto of = [&](const Episodes& side) -> const RuleHistory& {
        auto found = side.histories().find(pair);
        return found == side.histories().end() ? kNone : found->second;
      };
      const RuleHistory& b = of(before);
      const RuleHistory& a = of(after);
      rules.row({pair.first, pair.second, std::to_string(b.count), std::to_string(a.count), told(b), told(a),
                 duration(b.total_ms), duration(a.total_ms)});
    }
    out << "\n" << rules.text();
  }
  if (!comparison.differences.empty()) {
    Table list;
    for (const char* title : {"", "alert", "sensor", "fired", "lasted", "now fired", "lasts"})
      list.column(title);
    for (std::size_t i = 0; i < std::min(kShownMax, comparison.differences.size()); ++i) {
      const Difference& d = comparison.differences[i];
      list.row({d.before.empty()  ? "new"
                : d.after.empty() ? "gone"
                                  : "moved",
                d.pair.first, d.pair.second, fired(d.before), lasted(d.before), fired(d.after),
                lasted(d.after)});
    }
    out << "\n" << list.text();
    if (comparison.differences.size() > kShownMax)
      out << "and " << comparison.differences.size() - kShownMax << " more; --json lists them\n";
  }
  out << left_out(before) << left_out(after);
  out << fmt::format("\n{} the same, {} moved, {} gone, {} new\n", comparison.same, comparison.moved,
                     comparison.only_before, comparison.only_after);
}

void write_backtest_json(const BacktestTexts& texts, const EpisodeComparison* comparison, std::ostream& out) {
  const BacktestReport& report = texts.report;
  Json top{{"from", format_rfc3339(report.from_ms)},
           {"to", format_rfc3339(report.to_ms)},
           {"readings", report.rows},
           {"sensors", report.sensors},
           {"expired", report.expired}};
  std::string text = dump(top);
  text.back() = ',';
  out << text << "\n\"new\":";
  write_rules_json(report.episodes.back(), texts.file, out);
  if (comparison != nullptr) {
    out << ",\n\"old\":";
    write_rules_json(report.episodes.front(), texts.against, out);
    Json counts{{"complete", comparison->complete},
                {"same", comparison->same},
                {"moved", comparison->moved},
                {"only_old", comparison->only_before},
                {"only_new", comparison->only_after}};
    text = dump(counts);
    text.back() = ',';
    out << ",\n\"difference\":" << text << R"("list":[)";
    const char* separator = "\n";
    for (const Difference& d : comparison->differences) {
      Json json{{"alert", d.pair.first},
                {"sensor", d.pair.second},
                {"old", json_of(d.before)},
                {"new", json_of(d.after)}};
      out << separator << dump(json);
      separator = ",\n";
    }
    out << "]}";
  }
  out << "}\n";
}

}  // namespace sluice
