#include "unit/store/store_fixture.h"

namespace sluice {
namespace {

class Alerts : public StoreFixture {
 protected:
  AlertEvent event(const std::string& sensor, AlertState state, std::int64_t since_ms, std::int64_t at_ms,
                   std::vector<std::string> channels = {"mqtt", "ops"}) {
    AlertEvent e;
    e.alert = "hot";
    e.sensor = sensor;
    e.state = state;
    e.since_ms = since_ms;
    e.at_ms = at_ms;
    e.id = alert_id("test", e.alert, e.sensor, since_ms);
    e.channels = std::move(channels);
    e.labels = {{"site", "ber\"lin\\\n"}, {"ü", "1"}};
    e.message = "too hot";
    e.value = 28.5;
    e.unit = "°C";
    return e;
  }
  void happen(std::vector<AlertEvent> events) {
    Batch b = batch({});
    b.events = std::move(events);
    must(store_->commit(b));
  }
  std::vector<AlertEvent> undelivered() { return must(store_->load_checkpoint({0})).undelivered; }
};

constexpr auto kFire = AlertState::kFiring;
constexpr auto kOver = AlertState::kResolved;

TEST_F(Alerts, AreKeptWhole) {
  AlertEvent e = event("s", kFire, kStart, kStart + 5);
  e.flags = kStanding | kClockWasUnset;
  happen({e});
  AlertEvent read = must(view_->alert_history(1)).at(0).event;
  EXPECT_EQ(e.id, read.id);
  EXPECT_EQ(e.labels, read.labels);
  EXPECT_EQ(e.channels, read.channels);
  EXPECT_EQ(e.flags, read.flags);
  EXPECT_EQ(e.value, read.value);
  EXPECT_EQ(e.since_ms, read.since_ms);
  EXPECT_EQ(e.at_ms, read.at_ms);
}

TEST_F(Alerts, AreToldToEachChannelUntilItHasTheNewest) {
  const AlertEvent begun = event("s", kFire, kStart, kStart);
  happen({begun});
  EXPECT_EQ(2u, undelivered().size());
  must(store_->mark_delivered({Store::Delivered::of(begun, "mqtt")}));
  open();
  ASSERT_EQ(1u, undelivered().size());
  EXPECT_EQ((std::vector<std::string>{"ops"}), undelivered()[0].channels);
  const AlertEvent over = event("s", kOver, kStart, kStart + 10);
  happen({over});
  ASSERT_EQ(2u, undelivered().size());
  EXPECT_EQ(kOver, undelivered()[0].state);
  // Of the firing one, which is not the newest any more.
  EXPECT_EQ(1u, must(store_->mark_delivered({Store::Delivered::of(begun, "ops")})).size());
  EXPECT_EQ(2u, undelivered().size());
  EXPECT_EQ(
      0u,
      must(store_->mark_delivered({Store::Delivered::of(over, "ops"), Store::Delivered::of(over, "mqtt")}))
          .size());
  EXPECT_TRUE(undelivered().empty());
}

TEST_F(Alerts, AreToldToNoChannelOfANameThatWasGoneMeanwhile) {
  happen({event("s", kFire, kStart, kStart)});
  must(store_->keep_slots_of({"mqtt", "mail"}));
  ASSERT_EQ(1u, undelivered().size());
  EXPECT_EQ((std::vector<std::string>{"mqtt"}), undelivered()[0].channels);
  must(store_->keep_slots_of({}));
  EXPECT_TRUE(undelivered().empty());
}

TEST_F(Alerts, AreToldOfEachTransitionThatTheirReceiptIsNotOf) {
  AlertEvent begun = event("s", kFire, kStart, kStart);
  begun.severity = "warning";
  AlertEvent worse = begun;
  worse.severity = "critical";
  worse.flags = kNewLevel;
  AlertEvent again = worse;
  again.at_ms += 60000;
  again.flags = kRepeated;
  for (const AlertEvent& next : {worse, again}) {
    happen({begun, next});
    EXPECT_EQ(2u, must(store_->mark_delivered(
                           {Store::Delivered::of(begun, "ops"), Store::Delivered::of(begun, "mqtt")}))
                      .size());
    EXPECT_EQ(2u, undelivered().size()) << "of the newest nobody was told";
    must(store_->mark_delivered({Store::Delivered::of(next, "ops"), Store::Delivered::of(next, "mqtt")}));
    EXPECT_TRUE(undelivered().empty());
  }
}

TEST_F(Alerts, StandForThoseWhoWereToldEarlierAsWell) {
  AlertEvent again = event("s", kFire, kStart, kStart, {"mqtt"});
  again.formerly = {"pager"};
  happen({again});
  ASSERT_EQ(1u, undelivered().size());
  EXPECT_EQ((std::vector<std::string>{"mqtt"}), undelivered()[0].channels);
  EXPECT_EQ((std::vector<std::string>{"mqtt", "pager"}),
            must(store_->load_checkpoint({})).standing.at(0).channels);
}

TEST_F(Alerts, ThatMovedQuietlyAreToldToNobody) {
  AlertEvent e = event("s", kFire, kStart, kStart);
  e.flags = kQuiet;
  happen({e});
  EXPECT_TRUE(undelivered().empty());
  EXPECT_EQ(1u, must(view_->firing_alerts()).size());
  EXPECT_EQ(1u, must(store_->load_checkpoint({})).standing.size());
}

TEST_F(Alerts, StandUntilTheyAreResolved) {
  happen({event("b", kFire, kStart, kStart), event("a", kFire, kStart, kStart)});
  ASSERT_EQ(2u, must(view_->firing_alerts()).size());
  EXPECT_EQ("a", must(view_->firing_alerts())[0].sensor);
  happen({event("a", kOver, kStart, kStart + 1)});
  ASSERT_EQ(1u, must(view_->firing_alerts()).size());
}

TEST_F(Alerts, AreForgottenOldestFirstButNotThoseStillNeeded) {
  settings_.alert_events_max = 10;
  open();
  happen({event("standing", kFire, kStart, kStart, {})});
  happen({event("untold", kFire, kStart, kStart), event("untold", kOver, kStart, kStart + 1)});
  for (int i = 0; i < 50; ++i)
    happen({event("s", kFire, kStart + i, kStart + i, {}), event("s", kOver, kStart + i, kStart + i, {})});
  EXPECT_EQ(12u, must(view_->alert_history(1000)).size());
  EXPECT_EQ("standing", must(view_->firing_alerts()).at(0).sensor);
  EXPECT_EQ(2u, undelivered().size());
}

TEST_F(Alerts, SpanTheTimeFromFiringToResolved) {
  std::int64_t from = kStart + kDayMs;
  std::int64_t to = from + kDayMs;
  AlertEvent quiet = event("d", kFire, from + 50, from + 50);
  quiet.flags = kQuiet;
  AlertEvent told = event("d", kFire, from + 50, from + 60);
  told.flags = kStanding;
  happen({event("a", kFire, from - 10, from - 10), event("a", kOver, from - 10, from - 1),
          event("b", kFire, from - 9, from - 9), event("b", kOver, from - 9, from + 100),
          event("c", kFire, to - 5, to - 5), event("c", kOver, to - 5, to + 5), quiet, told,
          event("e", kFire, to, to), event("f", kOver, from - 20, from + 1)});
  auto spans = must(view_->alert_spans(from, to));
  ASSERT_EQ(4u, spans.size());
  EXPECT_EQ("f", spans[0].event.sensor);
  EXPECT_EQ("b", spans[1].event.sensor);
  EXPECT_EQ(from, spans[1].from_ms);
  EXPECT_EQ(from + 100, spans[1].to_ms);
  EXPECT_FALSE(spans[1].open);
  EXPECT_EQ("d", spans[2].event.sensor);
  EXPECT_EQ(from + 50, spans[2].from_ms);
  EXPECT_EQ(to, spans[2].to_ms);
  EXPECT_TRUE(spans[2].open);
  EXPECT_EQ("c", spans[3].event.sensor);
  EXPECT_TRUE(spans[3].open);  // at the end of the day, whatever came later
}

}  // namespace
}  // namespace sluice
