#include "unit/store/store_fixture.h"

namespace sluice {
namespace {

class Zones : public StoreFixture {
 protected:
  void open_in(const char* zone) {
    view_.reset();
    store_.reset();
    store_ = must(Store::open(settings_, must(Calendar::load(zone)), log_));
    calendar_ = store_->calendar();
    view_ = must(StoreView::open(settings_.path, "", calendar(),
                                 [this](const std::function<Status(Store&)>& f) { return f(*store_); }));
  }
};

TEST_F(Zones, OfANewDatabaseAreTheConfiguredOne) {
  open_in("Asia/Tokyo");
  EXPECT_EQ("Asia/Tokyo", view_->calendar().zone_name(kFirstDay));
  open_in("Europe/Berlin");
  EXPECT_EQ("Europe/Berlin", view_->calendar().zone_name(kFirstDay)) << "it had no day";
}

TEST_F(Zones, ChangeAfterTheDaysThatAreKnown) {
  commit({reading(1, kStart + 12 * kHour, 1)});
  open_in("Asia/Tokyo");
  const Calendar utc = calendar();
  for (const Calendar* days : {&store_->calendar(), &view_->calendar()}) {
    EXPECT_EQ(utc.end_ms(kFirstDay), days->end_ms(kFirstDay));
    EXPECT_EQ(15 * kHour, days->end_ms(kFirstDay + 1) - days->begin_ms(kFirstDay + 1));
    EXPECT_EQ("Asia/Tokyo", days->zone_name(kFirstDay + 2));
  }
  // 16:00 of the next day in UTC is the day after in Tokyo.
  commit({reading(1, kStart + kDayMs + 14 * kHour, 2), reading(1, kStart + kDayMs + 16 * kHour, 3)});
  EXPECT_EQ("UTC", day_state(kFirstDay + 1).zone);
  EXPECT_EQ("Asia/Tokyo", day_state(kFirstDay + 2).zone);
  std::vector<double> values;
  for (Day day : {kFirstDay, kFirstDay + 1, kFirstDay + 2}) {
    must(view_->visit_rows(store_->calendar().begin_ms(day), store_->calendar().end_ms(day),
                           [&](const Reading& r) { values.push_back(r.value); }));
  }
  EXPECT_EQ((std::vector<double>{1, 2, 3}), values) << "each row is of one day";
  open_in("Asia/Tokyo");
  EXPECT_EQ("UTC", view_->calendar().zone_name(kFirstDay + 1)) << "starting again changes nothing";
}

TEST_F(Zones, ThatSawNoDayAreForgotten) {
  commit({reading(1, kStart + 12 * kHour, 1)});
  open_in("Asia/Tokyo");
  open_in("UTC");
  EXPECT_EQ(calendar().begin_ms(kFirstDay + 9), view_->calendar().begin_ms(kFirstDay + 9));
  EXPECT_EQ(kDayMs, view_->calendar().end_ms(kFirstDay + 1) - view_->calendar().begin_ms(kFirstDay + 1));
}

// Whatever zones follow each other, and whenever: the days of the database tile the time line.
TEST_F(Zones, NeverLeaveAGapOrAnOverlap) {
  const char* zones[] = {"UTC", "Pacific/Kiritimati", "Pacific/Pago_Pago", "America/Havana",
                         "Asia/Kathmandu"};
  std::mt19937_64 random(7);
  std::int64_t now_ms = kStart;
  for (int i = 0; i < 25; ++i) {
    open_in(zones[random() % 5]);
    for (int rows = static_cast<int>(random() % 3); rows > 0; --rows) {
      now_ms += static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(kDayMs));
      commit({reading(1, now_ms, 1)});
    }
    const Calendar& days = view_->calendar();
    std::int64_t end_ms = days.begin_ms(kFirstDay - 3);
    for (Day day = kFirstDay - 3; day < kFirstDay + 60; ++day) {
      ASSERT_EQ(end_ms, days.begin_ms(day));
      end_ms = days.end_ms(day);
      ASSERT_LE(days.begin_ms(day), end_ms);
    }
    for (const auto& row : stored_rows()) {
      const Day day = days.day_of(row.time_ms);
      ASSERT_TRUE(must(view_->day_state(day)).has_value()) << "a row whose day is not known";
    }
  }
}

}  // namespace
}  // namespace sluice
