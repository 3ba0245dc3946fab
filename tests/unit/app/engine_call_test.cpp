#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>

#include "app/engine_loop.h"
#include "support/eventually.h"
#include "support/ram_journal.h"
#include "support/temp_folder.h"
#include "unit/journal/memory_disk.h"

namespace sluice {
namespace {

constexpr int kJobsAtOnce = 16;
constexpr int kTooMany = 3;
constexpr std::chrono::milliseconds kWakes{60000};  // a call wakes who waits at the journal

class EngineCall : public ::testing::Test {
 protected:
  static StoreSettings store_settings(const std::string& path) {
    StoreSettings settings;
    settings.path = path;
    return settings;
  }

  // Threads that ask at the same time; the answers are counted.
  void ask_from_threads(int count) {
    for (int i = 0; i < count; ++i) {
      askers_.emplace_back([this] { (loop_.call([this](Engine&) { ++ran_; }).ok() ? told_ : refused_)++; });
    }
  }
  void join() {
    for (std::thread& asker : askers_) asker.join();
  }

  test::TempFolder folder_;
  FakeClock clock_{1772366400000};
  Log log_{LogLevel::kError, Log::Style::kPlain};
  Vitals vitals_;
  Calendar calendar_ = *Calendar::load("UTC");
  std::unique_ptr<Store> store_ =
      std::move(*Store::open(store_settings(folder_.file("sluice.db")), calendar_, log_));
  Engine engine_{EngineSettings{}, calendar_, Checkpoint{}};
  std::unique_ptr<Journal> journal_ = test::ram_journal(clock_);
  AlertSlots slots_{{"mqtt"}};
  Intake intake_{*journal_, clock_, "sluice/x/heartbeat", 65536, [] {}};
  StoreLoop store_loop_{*store_, *journal_, clock_, vitals_, log_};
  EngineLoop loop_{engine_, *journal_, intake_, slots_, store_loop_, clock_, vitals_, log_, FlushSettings{}};

  std::atomic<int> ran_{0};
  std::atomic<int> told_{0};
  std::atomic<int> refused_{0};
  std::vector<std::thread> askers_;
};

TEST_F(EngineCall, RunsTheJobOnTheEnginesThreadAndWaitsForIt) {
  std::thread engine([this] { loop_.run(); });
  std::thread::id where;
  ASSERT_TRUE(loop_.call([&](Engine& asked) {
    EXPECT_EQ(&engine_, &asked);
    where = std::this_thread::get_id();
  }));
  EXPECT_EQ(engine.get_id(), where);
  loop_.stop();
  engine.join();
}

TEST_F(EngineCall, IsRefusedWhenTooManyWaitAndServesThoseThatWait) {
  ask_from_threads(kJobsAtOnce + kTooMany);
  EXPECT_TRUE(test::eventually([this] { return refused_ == kTooMany; }));
  EXPECT_EQ(0, ran_);
  loop_.step();
  join();
  EXPECT_EQ(kJobsAtOnce, ran_);
  EXPECT_EQ(kJobsAtOnce, told_);
  EXPECT_EQ(kTooMany, refused_);
  EXPECT_EQ(std::uint64_t{kTooMany}, vitals_.inbox_refused);
}

// Who asks until a record is read, on a machine that lets the asker run before the engine goes on.
TEST_F(EngineCall, ReadsTheJournalBeforeAJobThatWasAskedForDuringAnother) {
  std::uint64_t seq = 0;
  std::uint64_t read = 0;
  std::thread second;
  std::thread first([&] {
    EXPECT_TRUE(loop_.call([&](Engine&) {
      seq = journal_->append({RecordKind::kStart, 0, 0, clock_.boot_id(), {}}).value();
      second = std::thread([&] { EXPECT_TRUE(loop_.call([&](Engine& asked) { read = asked.last_seq(); })); });
      journal_->wait(seq, kWakes);
    }));
  });
  journal_->wait(0, kWakes);
  loop_.step();
  first.join();
  loop_.step();
  second.join();
  EXPECT_EQ(1U, seq);
  EXPECT_EQ(seq, read);
}

TEST_F(EngineCall, IsRefusedAfterTheStop) {
  loop_.stop();
  loop_.run();
  Status late = loop_.call([this](Engine&) { ++ran_; });
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(ErrorCode::kUnavailable, late.error().code);
  EXPECT_EQ(0, ran_);
}

TEST_F(EngineCall, IsAnsweredByALoopThatStopsMeanwhile) {
  std::thread engine([this] { loop_.run(); });
  ask_from_threads(kJobsAtOnce);
  loop_.stop();
  engine.join();
  join();
  EXPECT_EQ(kJobsAtOnce, told_ + refused_);
  EXPECT_EQ(ran_, told_);
}

// Alerts of absence would never come, and no message need ever arrive to show it.
TEST_F(EngineCall, EndsTheProcessWhenADeadlineCannotBeKept) {
  MemoryDisk disk(1 << 20);
  std::unique_ptr<Journal> journal =
      std::move(Journal::create(disk.file(), Durability::kPower, clock_, "ring", 1).value());
  EngineLoop loop{engine_, *journal, intake_, slots_, store_loop_, clock_, vitals_, log_, FlushSettings{}};
  ASSERT_TRUE(journal->append({RecordKind::kStart, 0, 0, clock_.boot_id(), {}}).ok());
  loop.step();
  disk.fail_after(0);
  clock_.pass_ms(25 * 3600 * 1000);  // over a midnight
  EXPECT_DEATH(loop.step(), "nothing can be kept any more");
}

}  // namespace
}  // namespace sluice
