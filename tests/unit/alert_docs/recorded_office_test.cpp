// The rule for an office of daemon/alert/README.md on eleven months of a real one: SLUICE_AMBIENT_TEMPERATURE
// names a file of lines "2013-07-04 00:00:00,69.88083514", in °F. Without it nothing is looked at.
#include <gtest/gtest.h>

#include <cstdlib>
#include <iostream>

#include "app/backtest.h"
#include "base/time_text.h"
#include "support/temp_folder.h"
#include "unit/alert_docs/readme_examples.h"
#include "unit/backtest/small_gateway.h"

namespace sluice {
namespace {

const PairName kPair("office-temperature", "office/temperature");

// When the machine that heats or cools it is known to have failed.
constexpr std::pair<const char*, const char*> kFailures[] = {
    {"2013-12-15T07:00:00Z", "2013-12-30T09:00:00Z"}, {"2014-03-29T15:00:00Z", "2014-04-20T22:00:00Z"}};

Settings settings_with(const std::string& band) {
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

struct Hourly {
  std::int64_t time_ms = 0;
  std::string value;
};

std::vector<Hourly> readings_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::vector<Hourly> readings;
  while (std::getline(file, line)) {
    std::string time = line.substr(0, 19) + "Z";
    time[10] = 'T';
    readings.push_back({parse_rfc3339(time).value(), line.substr(20)});
  }
  return readings;
}

std::size_t count_within(const std::vector<Episode>& episodes, const char* from, const char* to) {
  return static_cast<std::size_t>(std::count_if(episodes.begin(), episodes.end(), [&](const Episode& e) {
    return e.since_ms >= *parse_rfc3339(from) && e.since_ms <= *parse_rfc3339(to);
  }));
}

TEST(RecordedOffice, FindsBothFailuresAndABacktestTellsWhatATighterBandAdds) {
  const char* path = std::getenv("SLUICE_AMBIENT_TEMPERATURE");
  if (path == nullptr) {
    std::cout << "not looked at: SLUICE_AMBIENT_TEMPERATURE names no file of timestamp,value lines\n";
    return;
  }
  const std::vector<Hourly> readings = readings_of(path);
  ASSERT_LT(7000u, readings.size()) << path;
  const Settings documented = settings_with("[60, 82]");
  const Settings tighter = settings_with("[62, 80]");
  test::TempFolder folder;
  SmallGateway gateway(folder.path().string(), documented, readings.front().time_ms - kHour);
  for (const Hourly& reading : readings) {
    gateway.pass_ms(reading.time_ms - gateway.wall_ms());
    gateway.say(RecordKind::kMessage, kPair.second, reading.value);
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

  const std::vector<Episode>& found = report.episodes[0].histories().at(kPair).episodes;
  std::size_t outside = found.size();
  for (const auto& [from, to] : kFailures) {
    EXPECT_LE(1u, count_within(found, from, to)) << from;
    outside -= count_within(found, from, to);
  }
  EXPECT_GE(1u, outside);

  const EpisodeComparison comparison = compare(report.episodes[0], report.episodes[1]);
  EXPECT_EQ(0u, comparison.only_before) << "what is outside the wider band is outside the tighter one";
  EXPECT_LT(0u, comparison.only_after);
  EXPECT_LT(report.episodes[0].histories().at(kPair).total_ms,
            report.episodes[1].histories().at(kPair).total_ms);
}

}  // namespace
}  // namespace sluice
