#include "app/store_loop.h"

#include <gtest/gtest.h>

#include "store/view.h"
#include "support/ram_journal.h"
#include "support/temp_folder.h"

namespace sluice {
namespace {

class AStoreLoop : public ::testing::Test {
 protected:
  Batch batch_with(const AlertEvent& event) {
    Batch batch;
    batch.cursor = {journal_->id(), append()};
    batch.clock.boot_id = clock_.boot_id();
    batch.events = {event};
    return batch;
  }
  std::unique_ptr<Store> open() {
    StoreSettings settings;
    settings.path = folder_.path() / "sluice.db";
    settings.max_size_bytes = 200'000;
    return std::move(Store::open(settings, calendar_, log_).value());
  }
  std::uint64_t append() { return journal_->append({RecordKind::kTick, 0, 0, {}, {}}).value(); }
  static AlertEvent firing() {
    AlertEvent event;
    event.id = "0123456789abcdef";
    event.alert = "hot";
    event.sensor = "a";
    event.state = AlertState::kFiring;
    event.channels = {"mqtt"};
    return event;
  }
  void pass_receipts() {
    clock_.pass_ms(11000);
    loop_.step(std::chrono::milliseconds(0));
  }
  // Of a day that nobody has summed, so none of them may go but by force.
  void put_readings(int count) {
    Batch batch;
    batch.cursor = {journal_->id(), append()};
    batch.clock.boot_id = clock_.boot_id();
    if (sensors_++ == 0) batch.new_sensors = {{1, "a", ""}};
    for (int i = 0; i < count; ++i)
      batch.readings.push_back({1, kPayloadTime, clock_.now().wall_ms, clock_.now().wall_ms, i + 0.5});
    const Day day = calendar_.day_of(clock_.now().wall_ms);
    batch.counts[day][Counter::kReadingsDecoded] = batch.counts[day][Counter::kReadingsStored] =
        static_cast<std::uint64_t>(count);
    loop_.put(std::move(batch));
    clock_.pass_ms(61'000);
    loop_.step(std::chrono::milliseconds(0));
  }
  // What the loop said since the last time: "readings-removed: 5 since the start".
  std::string told() {
    vitals_.conditions.carry(*journal_);
    std::string text;
    for (const test::KeptRecord& record : test::read_all(*journal_, seen_)) {
      seen_ = record.seq;
      if (record.kind == RecordKind::kGatewayCondition) text += record.topic + ": " + record.payload + "\n";
    }
    return text;
  }
  std::uint64_t expired() {
    auto view = StoreView::open(folder_.path() / "sluice.db", "", calendar_, {});
    const Ledger ledger = (*view)->ledger().value();
    std::uint64_t rows = 0;
    for (const auto& [day, counts] : ledger) rows += counts[Counter::kReadingsExpired];
    return rows;
  }
  std::string removed(std::uint64_t rows) {
    return "readings-removed: " + std::to_string(rows) + " since the start\n";
  }
  std::size_t undelivered() { return store_->load_checkpoint({}).value().undelivered.size(); }

  test::TempFolder folder_;
  FakeClock clock_{1700000000000};
  Log log_{LogLevel::kError, Log::Style::kPlain};
  Calendar calendar_ = Calendar::load("Etc/UTC").value();
  std::unique_ptr<Journal> journal_ = test::ram_journal(clock_);
  std::unique_ptr<Store> store_ = open();
  Vitals vitals_;
  StoreLoop loop_{*store_, *journal_, clock_, vitals_, log_};
  std::uint64_t seen_ = 0;  // of the journal, by told()
  int sensors_ = 0;
};

TEST_F(AStoreLoop, KeepsAReceiptThatIsQuickerThanTheBatchOfItsTransition) {
  Batch batch = batch_with(firing());
  loop_.delivered(Store::Delivered::of(firing(), "mqtt"));
  pass_receipts();
  loop_.put(std::move(batch));
  loop_.step(std::chrono::milliseconds(0));
  EXPECT_EQ(1u, undelivered());
  pass_receipts();
  EXPECT_EQ(0u, undelivered());
}

TEST_F(AStoreLoop, ForgetsAReceiptWhoseTransitionWasReplaced) {
  AlertEvent event = firing();
  event.id = "ffffffffffffffff";
  loop_.delivered(Store::Delivered::of(event, "mqtt"));
  pass_receipts();
  event = firing();
  loop_.put(batch_with(event));
  loop_.step(std::chrono::milliseconds(0));
  pass_receipts();
  event.id = "ffffffffffffffff";  // nobody was told of this one
  loop_.put(batch_with(event));
  loop_.step(std::chrono::milliseconds(0));
  pass_receipts();
  EXPECT_EQ(1u, undelivered());
}

TEST_F(AStoreLoop, TellsHowManyReadingsItsSizeForcedOutBeforeASummaryHeldThem) {
  put_readings(3000);
  EXPECT_EQ("", told()) << "there is room";
  EXPECT_EQ(3000u, store_->status().rows);
  put_readings(3000);
  put_readings(3000);
  std::uint64_t gone = 9000 - store_->status().rows;
  EXPECT_LT(0u, gone);
  EXPECT_EQ(gone, expired());
  EXPECT_EQ(removed(gone), told());
  put_readings(3000);
  EXPECT_EQ("", told()) << "not every minute";
  clock_.pass_ms(1'800'000);
  put_readings(1);
  gone = 12001 - store_->status().rows;
  EXPECT_EQ(removed(gone), told());
}

}  // namespace
}  // namespace sluice
