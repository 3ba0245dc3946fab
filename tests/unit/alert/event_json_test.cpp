#include "alert/event_json.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

class EventJson : public ::testing::Test {
 protected:
  void SetUp() override {
    event_.alert = "too-hot";
    event_.sensor = "sensors/a/temperature";
    event_.severity = "critical";
    event_.value = 28.25;
    event_.threshold = 28;
    event_.unit = "°C";
    event_.labels = {{"site", "berlin"}};
    event_.since_ms = 1456833600000;
    event_.at_ms = 1456833600500;
    event_.message = "\"hot\"";
    event_.flags = kStanding;
    event_.id = alert_id("gw", event_.alert, event_.sensor, event_.since_ms);
  }
  AlertEvent event_;
};

TEST_F(EventJson, HasTheDocumentedMembersInOrder) {
  EXPECT_EQ(
      R"({"id":")" + event_.id +
          R"(","gateway":"gw","alert":"too-hot","sensor":"sensors/a/temperature","state":"firing","severity":"critical",)"
          R"("value":28.25,"threshold":28.0,"unit":"°C","labels":{"site":"berlin"},"since":"2016-03-01T12:00:00.000Z",)"
          R"("at":"2016-03-01T12:00:00.500Z","message":"\"hot\"","flags":["standing"]})",
      event_to_json(event_, "gw"));
}

TEST_F(EventJson, NamesAnAlertByGatewayRuleSensorAndStart) {
  // printf 'gw\0too-hot\0sensors/a/temperature\0001456833600000' | sha256sum
  EXPECT_EQ(16u, event_.id.size());
  EXPECT_NE(event_.id, alert_id("gw2", event_.alert, event_.sensor, event_.since_ms));
  EXPECT_NE(event_.id, alert_id("gw", event_.alert, event_.sensor, event_.since_ms + 1));
}

}  // namespace
}  // namespace sluice
