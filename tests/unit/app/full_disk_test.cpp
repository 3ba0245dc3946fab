// A full disk meets a clock that nobody has set: what retention would take by it stays.
#include <gtest/gtest.h>

#include "app/journal_start.h"
#include "app/store_loop.h"
#include "support/ram_journal.h"
#include "unit/store/faulty_disk.h"
#include "unit/store/store_fixture.h"

namespace sluice {
namespace {

class AFullDisk : public StoreFixture {
 protected:
  void SetUp() override {
    settings_.vfs = disk_.name();
    settings_.reserve_bytes = 100000;
    settings_.retention = std::chrono::hours(3 * 24);
    StoreFixture::SetUp();
    must(store_->rebuild_reserve());
    commit({reading(1, kStart, 1)});
    sum(kFirstDay, kStart + kDayMs);
    ASSERT_EQ(1u, stored_rows().size());
  }
  void TearDown() override {
    view_.reset();
    store_.reset();
  }
  // The next write of the database finds no room.
  void fill_up_once() {
    disk_.before_write = [this] { disk_.writes_left = writes_++ == 0 ? 0 : -1; };
  }
  Batch newer() {
    Batch more = batch({reading(1, kStart + 2 * kDayMs, 2)});
    more.clock.boot_id = clock_.boot_id();
    return more;
  }
  void store_by_the_loop(bool trusted) {
    Vitals vitals;
    vitals.clock_trusted = trusted;
    std::unique_ptr<Journal> journal = test::ram_journal(clock_);
    StoreLoop loop(*store_, *journal, clock_, vitals, log_);
    fill_up_once();
    loop.put(newer());
    loop.step(std::chrono::milliseconds(0));
    EXPECT_LT(1, writes_) << "one that found no room, and others";
  }
  void store_by_a_start(bool trusted) {
    const JournalPlaces places{folder_, folder_, Durability::kCrash, 256 * 1024};
    EngineSettings settings;
    settings.decode.readings.resize(1);
    settings.decode.readings[0].topic = "sensor/+";
    settings.decode.readings[0].format = PayloadFormat::kNumber;
    settings.decode.readings[0].unit = "°C";  // as it is known: only what the ring holds is to be stored
    AlertSlots slots({"mqtt"});
    for (const RecordKind last : {RecordKind::kClockTrusted, RecordKind::kMessage, RecordKind::kTick}) {
      Engine engine(settings, calendar_, must(store_->load_checkpoint({})));
      if (last == RecordKind::kTick) fill_up_once();
      Result<JournalStart> started = start_journal(places, engine, *store_, slots, clock_, log_);
      ASSERT_TRUE(started.ok());
      EXPECT_FALSE(started->unstored.has_value());
      must(started->journal->append({RecordKind::kStart, 0, 0, clock_.boot_id(), {}}));
      if (trusted || last != RecordKind::kClockTrusted)
        must(started->journal->append({last, 0, 0, "sensor/1", "2"}));
    }
    EXPECT_LT(1, writes_) << "one that found no room, and others";
  }

  FaultyDisk disk_;
  int writes_ = 0;  // since fill_up_once()
  FakeClock clock_{kStart + 400 * kDayMs};
};

TEST_F(AFullDisk, TakesNoOldDayByAClockThatIsNotTrusted) {
  store_by_the_loop(false);
  EXPECT_EQ(2u, stored_rows().size());
}

TEST_F(AFullDisk, TakesAnOldDayByOneThatIs) {
  store_by_the_loop(true);
  EXPECT_EQ(1u, stored_rows().size());
}

TEST_F(AFullDisk, TakesNoOldDayAtAStartWithoutATrustedClock) {
  store_by_a_start(false);
  EXPECT_EQ(2u, stored_rows().size());
}

TEST_F(AFullDisk, TakesAnOldDayAtAStartWithOne) {
  store_by_a_start(true);
  EXPECT_EQ(1u, stored_rows().size());
}

}  // namespace
}  // namespace sluice
