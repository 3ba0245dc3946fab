// The rule for an office of daemon/alert/README.md over a year or so of temperatures, hour by hour: what it
// finds, and what a tighter band would find.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "app/backtest.h"
#include "support/temp_folder.h"
#include "unit/alert_docs/readme_examples.h"
#include "unit/backtest/small_gateway.h"

namespace sluice {

struct Hourly {
  std::int64_t time_ms = 0;
  std::string value;
};
using Failure = std::pair<std::int64_t, std::int64_t>;  // from, to

inline Settings office_settings(const std::string& band) {
  for (const Example& example : examples_of_the_alert_readme()) {
    std::size_t at = example.yaml.find("outside: [60, 82]");
    if (at == std::string::npos) continue;
    std::string yaml = example.yaml;
    yaml.replace(at, 17, "outside: " + band);
    Settings settings = parse_settings(configuration_with(yaml), "example").value();
    settings.gateway.id = "gw";
    return settings;
  }
  ADD_FAILURE() << "the rule is not in the README any more";
  return {};
}

inline std::size_t count_within(const std::vector<Episode>& episodes, const Failure& failure) {
  return static_cast<std::size_t>(std::count_if(episodes.begin(), episodes.end(), [&](const Episode& e) {
    return e.since_ms >= failure.first && e.since_ms <= failure.second;
  }));
}

// The rule fires in each failure, and outside of them `outside_max` times; a backtest says the same as the
// gateway did, and what a tighter band adds.
inline void expect_the_rule_to_find(const std::vector<Hourly>& readings, const std::vector<Failure>& failures,
                                    std::size_t outside_max) {
  const PairName pair("office-temperature", "office/temperature");
  const Settings documented = office_settings("[60, 82]");
  const Settings tighter = office_settings("[62, 80]");
  test::TempFolder folder;
  SmallGateway gateway(folder.path().string(), documented, readings.front().time_ms - kHour);
  for (const Hourly& reading : readings) {
    gateway.pass_ms(reading.time_ms - gateway.wall_ms());
    gateway.say(RecordKind::kMessage, pair.second, reading.value);
  }
  gateway.flush();

  std::vector<std::string> replayed;
  BacktestHooks hooks;
  hooks.event = [&](std::size_t configuration, const AlertEvent& event) {
    if (configuration == 0) replayed.push_back(event_to_json(event, "gw"));
  };
  auto view = must(StoreView::open(folder.file("sluice.db"), "", must(Calendar::load("UTC")), OnStore()));
  const BacktestReport report = must(backtest(*view, {&documented, &tighter}, {}, hooks));
  EXPECT_EQ(readings.size(), report.rows);
  EXPECT_EQ(gateway.events(), replayed);

  const std::vector<Episode>& found = report.episodes[0].histories().at(pair).episodes;
  std::size_t outside = found.size();
  for (const Failure& failure : failures) {
    EXPECT_LE(1u, count_within(found, failure)) << failure.first;
    outside -= count_within(found, failure);
  }
  EXPECT_GE(outside_max, outside);

  const EpisodeComparison comparison = compare(report.episodes[0], report.episodes[1]);
  EXPECT_EQ(0u, comparison.only_before) << "what is outside the wider band is outside the tighter one";
  EXPECT_LT(0u, comparison.only_after);
  EXPECT_LT(report.episodes[0].histories().at(pair).total_ms,
            report.episodes[1].histories().at(pair).total_ms);
}

}  // namespace sluice
