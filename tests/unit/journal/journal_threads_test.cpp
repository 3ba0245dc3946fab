#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "intake/journal.h"
#include "journal_fixture.h"

namespace sluice {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using JournalThreads = JournalFixture;

TEST_F(JournalThreads, ReadARecordWhileItsSyncIsStillUnderWay) {
  create(Durability::kPower);
  std::mutex mutex;
  std::condition_variable changed;
  bool read = false;
  disk_->on_sync([&] {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return read; });
  });
  std::atomic<bool> acknowledged{false};
  std::thread receiver([&] {
    append_text("alarm");
    acknowledged = true;
  });
  journal_->wait(0, hours(1));
  EXPECT_EQ("alarm", read_all(0).at(0).payload);
  EXPECT_FALSE(acknowledged);
  {
    std::lock_guard lock(mutex);
    read = true;
  }
  changed.notify_all();
  receiver.join();
  EXPECT_TRUE(acknowledged);
}

TEST_F(JournalThreads, WaitUntilWokenAndOnceAWake) {
  create(Durability::kCrash);
  journal_->wake();
  EXPECT_EQ(clock_.now().boot_ms, journal_->wait(0, hours(1)).boot_ms);
  std::thread other([&] { journal_->wake(); });
  journal_->wait(0, hours(1));
  other.join();
  journal_->wait(0, milliseconds(0));
  append_text("x");
  journal_->wait(0, hours(1));
}

class JournalPipeline : public JournalFixture, public ::testing::WithParamInterface<Durability> {};
INSTANTIATE_TEST_SUITE_P(BothDurabilities, JournalPipeline,
                         ::testing::Values(Durability::kCrash, Durability::kPower), [](const auto& mode) {
                           return mode.param == Durability::kCrash ? "Crash" : "Power";
                         });

TEST_P(JournalPipeline, CarriesEveryRecordInOrderBetweenThreads) {
  constexpr std::uint64_t kRecords = 20000;
  use_disk(32 * 1024);
  create(GetParam());
  std::atomic<std::uint64_t> engine_done{0};
  std::atomic<bool> in_order{true};

  std::thread receiver([&] {
    for (std::uint64_t i = 1; i <= kRecords;) {
      const std::string payload(i % 300, static_cast<char>(i));
      auto seq = journal_->append(NewRecord{RecordKind::kMessage, 0, 0, "topic", payload});
      if (seq.ok()) {
        ++i;
      } else {
        std::this_thread::yield();  // full: the store is behind
      }
    }
  });
  std::thread engine([&] {
    std::vector<char> buffer;
    std::vector<JournalRecord> records;
    std::uint64_t after = 0;
    std::int64_t last_boot_ms = 0;
    while (after < kRecords && in_order) {
      const Instant now = journal_->wait(after, hours(1));
      const Status status = journal_->read(after, buffer, 8 * 1024, records);
      if (!status || (!records.empty() && records.front().boot_ms < last_boot_ms)) in_order = false;
      if (records.empty()) last_boot_ms = now.boot_ms;
      for (const JournalRecord& record : records) {
        if (record.seq != after + 1 ||
            record.payload != std::string(record.seq % 300, static_cast<char>(record.seq))) {
          in_order = false;
        }
        after = record.seq;
      }
      if (after % 7 == 0) (void)journal_->mark_in_progress(after);
      engine_done = after;
      engine_done.notify_one();
    }
    engine_done = kRecords;
    engine_done.notify_one();
  });
  std::uint64_t released = 0;
  while (released < kRecords) {
    engine_done.wait(released);
    released = engine_done;
    journal_->release(released);
  }
  receiver.join();
  engine.join();
  EXPECT_TRUE(in_order);
  EXPECT_EQ(kRecords, journal_->last_seq());
  EXPECT_EQ(0u, journal_->used_bytes());
}

}  // namespace
}  // namespace sluice
