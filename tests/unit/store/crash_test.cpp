#include "unit/store/faulty_disk.h"
#include "unit/store/store_fixture.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

class Crash : public StoreFixture {
 protected:
  Batch random_batch(std::mt19937_64& random) {
    std::vector<Reading> readings;
    for (std::size_t k = random() % 400; k > 0; --k) {
      now_ms_ += static_cast<std::int64_t>(random() % 60000);
      std::int64_t late_ms = random() % 10 == 0 ? static_cast<std::int64_t>(random() % (3 * kDayMs)) : 0;
      readings.push_back(
          reading(1 + random() % 9, now_ms_ - late_ms, static_cast<double>(random() % 1000) / 8, now_ms_));
    }
    Batch b = batch(std::move(readings));
    if (random() % 2) {
      AlertEvent event;
      event.alert = "hot";
      event.sensor = "sensor/" + std::to_string(random() % 3);
      event.since_ms = now_ms_;
      event.at_ms = now_ms_;
      event.id = alert_id("test", event.alert, event.sensor, now_ms_);
      event.channels = {"mqtt"};
      b.events.push_back(event);
    }
    return b;
  }

  // What the disk holds now, as after a crash.
  std::string copy_files() {
    std::string copy = folder_ + "/copy" + std::to_string(copies_++);
    fs::create_directory(copy);
    for (const char* name : {"sluice.db", "sluice.db-wal"})
      if (fs::exists(folder_ + "/" + name)) fs::copy_file(folder_ + "/" + name, copy + "/" + name);
    return copy + "/sluice.db";
  }

  // Everything in the copy is what the first batches up to its cursor made.
  void expect_prefix(const std::string& path, const std::vector<Batch>& batches) {
    StoreSettings settings = settings_;
    settings.path = path;
    settings.vfs.clear();
    auto store = must(Store::open(settings, calendar(), log_));
    auto view = must(StoreView::open(path, "", calendar(), {}));
    Cursor cursor = must(store->load_checkpoint({kHour})).cursor;
    std::vector<Reading> rows;
    Ledger ledger;
    std::size_t events = 0;
    std::size_t count = 0;
    for (; count < batches.size() && batches[count].cursor.seq <= cursor.seq; ++count) {
      const Batch& b = batches[count];
      rows.insert(rows.end(), b.readings.begin(), b.readings.end());
      for (auto& [day, counts] : b.counts) ledger[day].add(counts);
      events += b.events.size();
    }
    EXPECT_TRUE(count == 0 || batches[count - 1].cursor == cursor);
    std::vector<Reading> stored;
    for (auto& row : must(view->rows_after(0, 10000000))) stored.push_back(row.reading);
    ASSERT_EQ(rows, stored);
    EXPECT_EQ(ledger, must(view->ledger()));
    EXPECT_EQ(events, must(view->alert_history(100000)).size());
    EXPECT_EQ(rows.size(), store->status().rows);
    must(view->check_integrity());
    found_.push_back(count);
    store.reset();
    view.reset();
    fs::remove_all(fs::path(path).parent_path());
  }

  std::int64_t now_ms_ = kStart;
  int copies_ = 0;
  std::vector<std::size_t> found_;
};

TEST_F(Crash, LeavesExactlyTheFirstBatchesWheneverItHappens) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    std::mt19937_64 random(seed);
    store_.reset();
    view_.reset();
    fs::remove_all(folder_);
    fs::create_directory(folder_);
    cursor_ = {};
    sensors_ = 0;
    std::vector<Batch> batches;
    {
      FaultyDisk disk;
      settings_.vfs = disk.name();
      open();
      for (int i = 0; i < 40; ++i) batches.push_back(random_batch(random));
      for (int i = 0; i < 40; ++i) {
        auto writes_to_go = static_cast<std::int64_t>(random() % 120);
        disk.before_write = [&] {
          if (writes_to_go-- == 0) expect_prefix(copy_files(), batches);
        };
        must(store_->commit(batches[static_cast<std::size_t>(i)]));
        disk.before_write = nullptr;
        ASSERT_FALSE(HasFatalFailure()) << "seed " << seed;
        if (random() % 4 == 0) {
          expect_prefix(copy_files(), batches);
          EXPECT_EQ(static_cast<std::size_t>(i + 1), found_.back()) << "seed " << seed;
        }
        if (random() % 6 == 0) open();
      }
      store_.reset();
      view_.reset();
    }
    settings_.vfs.clear();
  }
  EXPECT_LT(50u, found_.size());
}

TEST_F(Crash, IsNoticedAtTheNextStart) {
  EXPECT_FALSE(store_->was_unclean());
  commit({reading(1, kStart, 1)});
  open();  // as after a crash: nobody called close_cleanly
  EXPECT_TRUE(store_->was_unclean());
  must(store_->close_cleanly());
  open();
  EXPECT_FALSE(store_->was_unclean());
  open();  // it wrote nothing
  EXPECT_FALSE(store_->was_unclean());
  commit({reading(1, kStart, 1)});
  open();
  EXPECT_TRUE(store_->was_unclean());
}

TEST_F(Crash, OfTheDiskLeavesTheStoreAsItWasAndUsable) {
  view_.reset();
  store_.reset();
  FaultyDisk disk;
  settings_.vfs = disk.name();
  open();
  std::mt19937_64 random(5);
  std::vector<Batch> done;
  for (int i = 0; i < 60; ++i) {
    Batch b = random_batch(random);
    disk.full = i % 2 == 0;
    disk.writes_left = static_cast<int>(random() % 12);
    Status status = store_->commit(b);
    disk.writes_left = -1;
    if (!status.ok()) {
      EXPECT_EQ(disk.full ? ErrorCode::kNoSpace : ErrorCode::kIo, status.error().code);
      std::uint64_t rows = 0;
      for (const Batch& before : done) rows += before.readings.size();
      EXPECT_EQ(rows, stored_rows().size());
      EXPECT_EQ(rows, store_->status().rows);
      must(store_->commit(b));
    }
    done.push_back(std::move(b));
  }
  expect_prefix(copy_files(), done);
  EXPECT_EQ(60u, found_.back());
  view_.reset();
  store_.reset();
}

// The log's newest commit may be what a sync has failed on: it can be read, and is not on the disk.
class ALogOnAFaultyDisk : public StoreFixture {
 protected:
  void SetUp() override {
    settings_.vfs = disk_.name();
    StoreFixture::SetUp();
  }
  void TearDown() override {
    view_.reset();
    store_.reset();
  }
  FaultyDisk disk_;
};

TEST_F(ALogOnAFaultyDisk, IsWrittenAgainAtEachStartThatFindsIt) {
  int said_to_be_closed = 0;
  for (int left = 0; left < 12; ++left) {
    commit({reading(1, kStart + left * kMinute, left)});
    view_.reset();
    disk_.writes_left = left;
    (void)store_->close_cleanly();
    disk_.writes_left = 0;
    store_.reset();
    disk_.writes_left = -1;
    const std::string log = settings_.path + "-wal";
    const bool there = std::filesystem::exists(log) && std::filesystem::file_size(log) > 0;
    int writes = 0;
    disk_.before_write = [&writes] { ++writes; };
    open();
    disk_.before_write = nullptr;
    EXPECT_EQ(there, writes > 0) << "with " << left << " writes before the disk failed";
    said_to_be_closed += there && !store_->was_unclean();
  }
  EXPECT_LT(0, said_to_be_closed);
}

}  // namespace
}  // namespace sluice
