#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/live_json.h"

namespace sluice {
namespace {

constexpr int kSensors = 25;

class SensorPages : public ::testing::Test {
 protected:
  static Checkpoint with_sensors() {
    Checkpoint checkpoint;
    for (SensorId id = 1; id <= kSensors; ++id) {
      checkpoint.sensors.push_back({id * 3, "room/" + std::to_string(id), "°C"});
    }
    return checkpoint;
  }
  Engine engine_{EngineSettings{}, *Calendar::load("UTC"), with_sensors()};
};

TEST_F(SensorPages, ListEachSensorOnce) {
  for (std::size_t limit : {1, 7, 25, 26}) {
    std::vector<std::string> names;
    std::int64_t after = 0;
    for (bool more = true; more;) {
      SensorPage page = sensor_page(engine_, after, limit);
      EXPECT_GE(limit, page.lines.size());
      for (const SensorLine& line : page.lines) names.push_back(line.name);
      more = page.next.has_value();
      after = page.next.value_or(0);
    }
    ASSERT_EQ(kSensors, static_cast<int>(names.size())) << limit;
    EXPECT_EQ("room/1", names.front());
    EXPECT_EQ("room/25", names.back());
  }
}

TEST_F(SensorPages, NameTheNextOne) {
  auto json = nlohmann::json::parse(sensors_json(sensor_page(engine_, 0, 2), 0));
  EXPECT_EQ(2u, json["sensors"].size());
  EXPECT_EQ(6, json["next"]);
  json = nlohmann::json::parse(sensors_json(sensor_page(engine_, 69, 2), 0));
  EXPECT_EQ("room/24", json["sensors"][0]["sensor"]);
  EXPECT_TRUE(json["next"].is_null());
}

}  // namespace
}  // namespace sluice
