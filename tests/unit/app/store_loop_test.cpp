#include "app/store_loop.h"

#include <gtest/gtest.h>

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
    return std::move(Store::open(settings, Calendar::load("Etc/UTC").value(), log_).value());
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
  std::size_t undelivered() { return store_->load_checkpoint({}).value().undelivered.size(); }

  test::TempFolder folder_;
  FakeClock clock_{1700000000000};
  Log log_{LogLevel::kError, Log::Style::kPlain};
  std::unique_ptr<Journal> journal_ = test::ram_journal(clock_);
  std::unique_ptr<Store> store_ = open();
  Vitals vitals_;
  StoreLoop loop_{*store_, *journal_, clock_, vitals_, log_};
};

TEST_F(AStoreLoop, KeepsAReceiptThatIsQuickerThanTheBatchOfItsTransition) {
  Batch batch = batch_with(firing());
  loop_.delivered({firing().id, AlertState::kFiring, "mqtt"});
  pass_receipts();
  loop_.put(std::move(batch));
  loop_.step(std::chrono::milliseconds(0));
  EXPECT_EQ(1u, undelivered());
  pass_receipts();
  EXPECT_EQ(0u, undelivered());
}

TEST_F(AStoreLoop, ForgetsAReceiptWhoseTransitionWasReplaced) {
  loop_.delivered({"ffffffffffffffff", AlertState::kFiring, "mqtt"});
  pass_receipts();
  AlertEvent event = firing();
  loop_.put(batch_with(event));
  loop_.step(std::chrono::milliseconds(0));
  pass_receipts();
  event.id = "ffffffffffffffff";  // nobody was told of this one
  loop_.put(batch_with(event));
  loop_.step(std::chrono::milliseconds(0));
  pass_receipts();
  EXPECT_EQ(1u, undelivered());
}

}  // namespace
}  // namespace sluice
