// A gateway's engine with the rules of a few lines of YAML, and a line that says what happens and what it
// says.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "alert/event_json.h"
#include "config/quantity.h"
#include "config/settings.h"
#include "engine/engine.h"
#include "unit/alert_docs/readme_examples.h"

namespace sluice {

inline constexpr std::int64_t kMonday = 1772409600000;  // 2026-03-02T00:00:00Z

class AlertDocs : public ::testing::Test {
 protected:
  void load(const std::string& yaml) {
    const Result<Settings> settings = parse_settings(configuration_with(yaml), "example");
    ASSERT_TRUE(settings.ok()) << settings.error().context << "\n" << yaml;
    EngineSettings engine;
    engine.decode = settings->decode;
    engine.alerts = settings->alerts;
    engine.alerts.gateway = "test";
    engine_ = std::make_unique<Engine>(engine, Calendar::load("UTC").value(), Checkpoint{});
    seq_ = 0;
    at(kMonday, RecordKind::kStart, "boot");
    at(kMonday, RecordKind::kClockTrusted);
    at(kMonday, RecordKind::kConnected);
    at(kMonday, RecordKind::kBacklogEnd);
  }
  void at(std::int64_t wall_ms, RecordKind kind, std::string topic = "", std::string payload = "",
          std::uint8_t flags = 0) {
    at_clocks(wall_ms, wall_ms, kind, topic, payload, flags);
  }
  // With the two clocks apart.
  void at_clocks(std::int64_t wall_ms, std::int64_t boot_ms, RecordKind kind, const std::string& topic = "",
                 const std::string& payload = "", std::uint8_t flags = 0) {
    JournalRecord record;
    record.seq = ++seq_;
    record.kind = kind;
    record.flags = flags;
    record.wall_ms = wall_ms;
    record.boot_ms = boot_ms;
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
      for (const char* flag : {"standing", "repeated", "new_level", "flapping", "muted", "silenced", "queued",
                               "late", "retained", "duplicate", "clock_unset", "quiet"}) {
        if (std::find(flags.begin(), flags.end(), flag) != flags.end()) text += std::string(" ") + flag;
      }
      if (!event.message.empty()) text += " \"" + event.message + "\"";
    }
    return text;
  }
  // What happens beside readings. False: it is none of this.
  bool happens(std::int64_t wall_ms, const std::string& what) {
    if (what == "offline") {
      at(wall_ms, RecordKind::kDisconnected);
    } else if (what == "online") {
      at(wall_ms, RecordKind::kConnected, "", "", kSessionPresent);
    } else if (what == "backlog ends") {
      at(wall_ms, RecordKind::kBacklogEnd);
    } else if (what == "reboot") {
      at(wall_ms, RecordKind::kStart, "another boot");
    } else if (what == "clock set") {
      at(wall_ms, RecordKind::kClockTrusted);
    } else if (what.starts_with("silence ")) {
      at(wall_ms, RecordKind::kSilence, "", what.substr(8));
    } else {
      return false;
    }
    return true;
  }
  // "10s  room/a 29 retained   too-hot firing warning": two spaces or more before what is said.
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
    const std::string after = gap == std::string::npos ? "" : rest.substr(rest.find_first_not_of(' ', gap));
    if (happens(wall_ms, input)) {
      want = after;
    } else if (input.find('/') != std::string::npos && input.find(' ') < input.size()) {
      want = after;
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

}  // namespace sluice
