#include "alert/alert_slots.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

class AlertSlotsOf : public ::testing::Test {
 protected:
  static AlertEvent event(const std::string& alert, AlertState state, std::vector<std::string> channels) {
    AlertEvent event;
    event.alert = alert;
    event.sensor = "s";
    event.state = state;
    event.channels = std::move(channels);
    return event;
  }
  // The names of the alerts that are there for a channel.
  std::string fetched(const std::string& channel) {
    std::string names;
    while (auto item = slots_.channel(channel).wait_pop(std::chrono::milliseconds(0)))
      names += item->second.alert + ' ';
    return names;
  }
  std::string standing(const std::string& channel) const {
    std::string names;
    for (const AlertEvent& event : slots_.standing_for(channel)) names += event.alert + ' ';
    return names;
  }
  AlertSlots slots_{{"mqtt", "ops"}};
};

constexpr auto kFire = AlertState::kFiring;
constexpr auto kOver = AlertState::kResolved;

TEST_F(AlertSlotsOf, AreForTheChannelsThatAnEventNames) {
  slots_.put(event("a", kFire, {"ops", "absent"}));
  slots_.put(event("b", kFire, {"mqtt", "ops"}));
  EXPECT_EQ("b ", fetched("mqtt"));
  EXPECT_EQ("a b ", fetched("ops"));
}

TEST_F(AlertSlotsOf, TellNobodyOfAnAlertWithoutChannels) {
  slots_.put(event("a", kFire, {}));
  EXPECT_EQ("", fetched("mqtt"));
  EXPECT_EQ("", standing("mqtt"));
  EXPECT_EQ(1u, slots_.standing().size()) << "it stands all the same";
  slots_.put(event("a", kOver, {}));
  EXPECT_EQ("", fetched("ops"));
}

TEST_F(AlertSlotsOf, LetAnAlertStandForThoseWhoAreToldOfIt) {
  slots_.restore_standing({event("old", kFire, {"ops"})});
  slots_.put(event("new", kFire, {"mqtt"}));
  EXPECT_EQ("new ", standing("mqtt"));
  EXPECT_EQ("old ", standing("ops"));
  AlertEvent again = event("new", kFire, {"mqtt"});
  again.formerly = {"ops"};
  slots_.put(again);
  EXPECT_EQ("", fetched("ops")) << "told earlier, and not again";
  EXPECT_EQ("new old ", standing("ops"));
  slots_.put(event("new", kOver, {"mqtt"}));
  EXPECT_EQ("", standing("mqtt"));
}

}  // namespace
}  // namespace sluice
