// A full disk meets a clock that nobody has set: what retention would take by it stays.
#include <gtest/gtest.h>

#include "app/journal_start.h"
#include "app/store_loop.h"
#include "intake/posix_journal_file.h"
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
  static EngineSettings numbers() {
    EngineSettings settings;
    settings.decode.readings.resize(1);
    settings.decode.readings[0].topic = "sensor/+";
    settings.decode.readings[0].format = PayloadFormat::kNumber;
    settings.decode.readings[0].unit = "°C";  // as it is known: only what the ring holds is to be stored
    return settings;
  }
  void store_by_a_start(bool trusted) {
    const JournalPlaces places{folder_, folder_, Durability::kCrash, 256 * 1024};
    AlertSlots slots({"mqtt"});
    for (const RecordKind last : {RecordKind::kClockTrusted, RecordKind::kMessage, RecordKind::kTick}) {
      Engine engine(numbers(), calendar_, must(store_->load_checkpoint({})));
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

  std::unique_ptr<Journal> start() {
    Engine engine(numbers(), calendar_, must(store_->load_checkpoint({})));
    AlertSlots slots({"mqtt"});
    const JournalPlaces places{folder_ + "/run", folder_, Durability::kCrash, 256 * 1024};
    JournalStart started = must(start_journal(places, engine, *store_, slots, clock_, log_));
    damage_ += started.damage;
    return std::move(started.journal);
  }
  // A process that takes in `count` readings and cannot store them; it stops, and keeps them over a reboot.
  void live_and_stop(int count) {
    std::unique_ptr<Journal> journal = start();
    must(journal->append({RecordKind::kStart, 0, 0, clock_.boot_id(), {}}));
    must(journal->append({RecordKind::kClockTrusted, 0, 0, {}, {}}));
    for (int i = 0; i < count; ++i) {
      clock_.pass_ms(1000);
      must(journal->append({RecordKind::kMessage, 0, 0, "sensor/1", "2"}));
    }
    must(copy_ring_file(*journal, folder_));
  }
  void reboot() {
    std::filesystem::remove_all(folder_ + "/run");
    std::filesystem::create_directory(folder_ + "/run");
    clock_.reboot("00000000-0000-0000-0000-000000000002", clock_.now().wall_ms + 60000);
  }

  FaultyDisk disk_;
  std::string damage_;  // that any start told of
  int writes_ = 0;      // since fill_up_once()
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

// A stop, a start, and a power cut, all on a disk that takes nothing: the start must not undo what the stop
// did.
TEST_F(AFullDisk, KeepsWhatAStopHasCopiedUntilItIsStored) {
  reboot();
  const std::size_t before = stored_rows().size();
  live_and_stop(0);
  disk_.writes_left = 0;
  live_and_stop(3);
  live_and_stop(4);  // their start cannot store the first three
  (void)start();
  reboot();
  disk_.writes_left = -1;
  for (int again = 0; again < 3; ++again) {
    (void)start();
    EXPECT_EQ(before + 7, stored_rows().size());
    EXPECT_TRUE(list_ring_files(folder_).value().empty());
  }
  EXPECT_EQ("", damage_);
}

// Behind a ring that can only be drained there is another one, still empty.
TEST_F(AFullDisk, IsNoDamageOfTheJournal) {
  reboot();
  live_and_stop(0);
  disk_.writes_left = 0;
  live_and_stop(3);
  reboot();
  (void)start();  // the copy cannot go on, so there is a new ring now
  EXPECT_EQ(1u, list_ring_files(folder_ + "/run").value().size());
  (void)start();
  EXPECT_EQ("", damage_);
}

}  // namespace
}  // namespace sluice
