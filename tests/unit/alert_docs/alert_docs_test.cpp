// The examples of daemon/alert/README.md: each is loaded, and what stands below it is run and compared.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

#include "alert/event_json.h"
#include "base/time_text.h"
#include "config/quantity.h"
#include "config/settings.h"
#include "engine/engine.h"

namespace sluice {
namespace {

constexpr std::int64_t kMonday = 1772409600000;  // 2026-03-02T00:00:00Z

struct Example {
  std::string yaml;
  std::vector<std::string> lines;
};

class AlertDocs : public ::testing::Test {
 protected:
  // Every ```yaml block, with the plain block that follows it.
  static std::vector<Example> examples() {
    std::vector<Example> found;
    std::ifstream file(SLUICE_ALERT_README);
    enum { kText, kYaml, kLines } in = kText;
    for (std::string line; std::getline(file, line);) {
      if (line.starts_with("```")) {
        if (in != kText) {
          in = kText;
        } else if (line == "```yaml") {
          in = kYaml;
          found.emplace_back();
        } else {
          in = kLines;
        }
      } else if (in == kYaml) {
        found.back().yaml += line + "\n";
      } else if (in == kLines) {
        found.back().lines.push_back(line);
      }
    }
    return found;
  }

  void load(const std::string& yaml, std::int64_t start_ms = kMonday) {
    std::string text = "gateway: {id: test, timezone: UTC}\n" + yaml;
    if (yaml.find("readings:") == std::string::npos) text += "readings: [{ topic: \"#\", format: number }]\n";
    auto settings = parse_settings(text, "example");
    ASSERT_TRUE(settings.ok()) << settings.error().context << "\n" << text;
    EngineSettings engine;
    engine.decode = settings->decode;
    engine.alerts = settings->alerts;
    engine.alerts.gateway = "test";
    engine_ = std::make_unique<Engine>(engine, Calendar::load("UTC").value(), Checkpoint{});
    seq_ = 0;
    at(start_ms, RecordKind::kStart, "boot");
    at(start_ms, RecordKind::kClockTrusted);
    at(start_ms, RecordKind::kConnected);
    at(start_ms, RecordKind::kBacklogEnd);
  }
  void at(std::int64_t wall_ms, RecordKind kind, std::string topic = "", std::string payload = "",
          std::uint8_t flags = 0) {
    JournalRecord record;
    record.seq = ++seq_;
    record.kind = kind;
    record.flags = flags;
    record.wall_ms = wall_ms;
    record.boot_ms = wall_ms;
    record.topic = topic;
    record.payload = payload;
    engine_->handle(record);
  }
  std::string said() {
    std::string text;
    for (const AlertEvent& event : engine_->take_events()) {
      text += (text.empty() ? "" : ", ") + event.alert;
      text += event.state == AlertState::kFiring ? " firing " + event.severity : " resolved";
      std::vector<std::string> flags = flag_names(event.flags);
      for (const char* flag :
           {"standing", "repeated", "new_level", "flapping", "muted", "retained", "quiet"}) {
        if (std::find(flags.begin(), flags.end(), flag) != flags.end()) text += std::string(" ") + flag;
      }
      if (!event.message.empty()) text += " \"" + event.message + "\"";
    }
    return text;
  }
  // "10s  room/a 29 retained   too-hot firing warning": three spaces before what is said.
  void run(const std::string& line) {
    std::istringstream words(line);
    std::string offset;
    words >> offset;
    const auto passed = parse_duration(offset);
    ASSERT_TRUE(passed) << line;
    std::string rest;
    std::getline(words, rest);
    rest.erase(0, rest.find_first_not_of(' '));
    const std::int64_t wall_ms = kMonday + passed->count();
    std::string want = rest;
    const std::size_t gap = rest.find("  ");
    const std::string input = rest.substr(0, gap);
    if (input.find('/') != std::string::npos && input.find(' ') < input.size()) {
      want = gap == std::string::npos ? "" : rest.substr(rest.find_first_not_of(' ', gap));
      std::istringstream parts(input);
      std::string topic;
      std::string payload;
      std::string retained;
      parts >> topic >> payload >> retained;
      at(wall_ms, RecordKind::kMessage, topic, payload, retained == "retained" ? kRetainFlag : 0);
    } else {
      at(wall_ms, RecordKind::kTick);
    }
    EXPECT_EQ(want, said()) << line;
  }

  std::unique_ptr<Engine> engine_;
  std::uint64_t seq_ = 0;
};

TEST_F(AlertDocs, EveryExampleDoesWhatItSays) {
  const std::vector<Example> all = examples();
  EXPECT_LT(15u, all.size());
  for (const Example& example : all) {
    SCOPED_TRACE(example.yaml);
    ASSERT_NO_FATAL_FAILURE(load(example.yaml));
    for (const std::string& line : example.lines) run(line);
  }
}

TEST_F(AlertDocs, TheRuleForTheOfficeFindsBothFailures) {
  const char* path = std::getenv("SLUICE_AMBIENT_TEMPERATURE");
  if (path == nullptr) {
    std::cout << "not looked at: SLUICE_AMBIENT_TEMPERATURE names no file of timestamp,value lines\n";
    return;
  }
  for (const Example& example : examples()) {
    if (example.yaml.find("office-temperature") == std::string::npos) continue;
    load(example.yaml, *parse_rfc3339("2013-07-03T00:00:00Z"));
  }
  ASSERT_NE(nullptr, engine_);
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  std::vector<std::int64_t> began;
  while (std::getline(file, line)) {
    std::string time = line.substr(0, 19) + "Z";
    time[10] = 'T';
    const auto wall_ms = parse_rfc3339(time);
    ASSERT_TRUE(wall_ms) << line;
    at(*wall_ms, RecordKind::kMessage, "office/temperature", line.substr(20));
    for (const AlertEvent& event : engine_->take_events()) {
      if (event.state == AlertState::kFiring) began.push_back(event.since_ms);
    }
  }
  const std::pair<const char*, const char*> failures[] = {{"2013-12-15T07:00:00Z", "2013-12-30T09:00:00Z"},
                                                          {"2014-03-29T15:00:00Z", "2014-04-20T22:00:00Z"}};
  std::size_t outside = began.size();
  for (const auto& [from, to] : failures) {
    const auto inside =
        std::count_if(began.begin(), began.end(), [&, from = from, to = to](std::int64_t at_ms) {
          return at_ms >= *parse_rfc3339(from) && at_ms <= *parse_rfc3339(to);
        });
    EXPECT_LE(1, inside) << from;
    outside -= static_cast<std::size_t>(inside);
  }
  EXPECT_GE(1u, outside);
}

}  // namespace
}  // namespace sluice
