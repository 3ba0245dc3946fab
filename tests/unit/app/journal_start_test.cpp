#include "app/journal_start.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/view_json.h"
#include "intake/posix_journal_file.h"
#include "support/temp_folder.h"

namespace sluice {
namespace {

constexpr std::int64_t kNow = 1772366400000;
constexpr std::uint64_t kRingBytes = 256 * 1024;

class JournalStarts : public ::testing::Test {
 protected:
  void SetUp() override {
    places_ = {folder_.file("run"), folder_.file("state"), Durability::kCrash, kRingBytes};
    std::filesystem::create_directory(places_.runtime_dir);
    std::filesystem::create_directory(places_.state_dir);
    StoreSettings settings;
    settings.path = places_.state_dir + "/sluice.db";
    store_ = std::move(*Store::open(settings, calendar_, log_));
    ReadingsEntry numbers;
    numbers.topic = "s/+";
    numbers.format = PayloadFormat::kNumber;
    engine_settings_.decode.readings = {numbers};
  }

  void append(Journal& journal, RecordKind kind, const std::string& topic = "",
              const std::string& payload = "") {
    clock_.pass_ms(10);
    ASSERT_TRUE(journal.append({kind, 0, 0, topic, payload}).ok());
  }
  void say(Journal& journal, int count) {
    for (int i = 0; i < count; ++i) append(journal, RecordKind::kMessage, "s/a", std::to_string(++said_));
  }
  // What a process does at its start.
  std::unique_ptr<Journal> start() {
    std::unique_ptr<Journal> journal = fold_rest();
    if (journal == nullptr) return nullptr;
    append(*journal, RecordKind::kStart, clock_.boot_id());
    append(*journal, RecordKind::kClockTrusted);
    append(*journal, RecordKind::kConnected);
    return journal;
  }
  // The same of one that ends before its life begins.
  std::unique_ptr<Journal> fold_rest() {
    Lookback lookback;
    lookback.last_ms = 3600000;
    engine_ =
        std::make_unique<Engine>(engine_settings_, calendar_, store_->load_checkpoint(lookback).value());
    slots_ = std::make_unique<AlertSlots>(std::vector<std::string>{"mqtt"});
    Result<JournalStart> started =
        start_journal(places_, *engine_, *store_, *slots_, clock_, log_, [this] { ++progress_; });
    EXPECT_TRUE(started.ok()) << (started.ok() ? "" : started.error().context);
    if (!started.ok()) return nullptr;
    damage_ = started->damage;
    return std::move(started->journal);
  }
  static Rule hot() {
    Rule hot;
    hot.name = "hot";
    hot.sensor = "#";
    hot.high = 0;
    return hot;
  }
  std::unique_ptr<Journal> start_with_a_rule() {
    engine_settings_.alerts.channels = {"mqtt"};
    engine_settings_.alerts.rules = {hot()};
    std::unique_ptr<Journal> journal = start();
    append(*journal, RecordKind::kBacklogEnd);
    return journal;
  }
  std::optional<AlertState> undelivered() {
    const Checkpoint checkpoint = store_->load_checkpoint({}).value();
    if (checkpoint.undelivered.empty()) return std::nullopt;
    return checkpoint.undelivered.back().state;
  }
  Counts ledger() {
    auto view = StoreView::open(places_.state_dir + "/sluice.db", "", calendar_,
                                [this](const std::function<Status(Store&)>& job) { return job(*store_); });
    return ledger_total(**view).value();
  }
  std::vector<std::string> rings_in(const std::string& folder) const {
    std::vector<std::string> names;
    const std::vector<RingFile> rings = *list_ring_files(folder);
    for (const RingFile& ring : rings) names.push_back(ring.path);
    return names;
  }
  std::unique_ptr<Journal> ring() {
    auto file = open_ring_file(rings_in(places_.runtime_dir).at(0));
    return std::move(*Journal::open(std::move(*file), places_.durability, clock_));
  }
  void reboot() {
    std::filesystem::remove_all(places_.runtime_dir);
    std::filesystem::create_directory(places_.runtime_dir);
    clock_.reboot("00000000-0000-0000-0000-000000000002", clock_.now().wall_ms + 60000);
  }

  test::TempFolder folder_;
  JournalPlaces places_;
  Log log_{LogLevel::kError, Log::Style::kPlain};
  FakeClock clock_{kNow};
  Calendar calendar_ = *Calendar::load("UTC");
  EngineSettings engine_settings_;
  std::unique_ptr<Store> store_;
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<AlertSlots> slots_;
  std::string damage_;
  int said_ = 0;
  int progress_ = 0;
};

TEST_F(JournalStarts, StoreWhatAStopKeptOverARebootOnce) {
  std::unique_ptr<Journal> journal = start();
  say(*journal, 100);
  ASSERT_TRUE(copy_ring_file(*journal, places_.state_dir).ok());
  journal.reset();
  reboot();
  ASSERT_EQ(1u, rings_in(places_.state_dir).size());
  for (int again = 0; again < 3; ++again) {
    (void)start();
    EXPECT_EQ(100u, ledger()[Counter::kReadingsStored]) << "start " << again;
    EXPECT_TRUE(rings_in(places_.state_dir).empty());
  }
  EXPECT_EQ("", damage_);
}

TEST_F(JournalStarts, StoreWhatAStopKeptOnceWhereTheRingIsStillThere) {
  std::unique_ptr<Journal> journal = start();
  say(*journal, 100);
  ASSERT_TRUE(copy_ring_file(*journal, places_.state_dir).ok());
  say(*journal, 20);  // of a process that went on with the ring, and died before it could store
  journal.reset();
  journal = start();
  EXPECT_EQ(120u, ledger()[Counter::kReadingsStored]);
  EXPECT_TRUE(rings_in(places_.state_dir).empty());
  say(*journal, 5);
  journal.reset();
  (void)start();
  EXPECT_EQ(125u, ledger()[Counter::kReadingsStored]);
}

TEST_F(JournalStarts, ShowThatALongReplayGoesOn) {
  std::unique_ptr<Journal> journal = start();
  say(*journal, 3500);  // some 200 kB, which are read in pieces
  journal.reset();
  progress_ = 0;
  (void)fold_rest();
  EXPECT_LE(4, progress_);
}

TEST_F(JournalStarts, GiveUpARecordThatEndedTheProcessTwiceAndNoOther) {
  std::unique_ptr<Journal> journal = start();
  say(*journal, 3);  // 4 to 6
  journal.reset();
  for (int crash = 0; crash < 2; ++crash) ASSERT_TRUE(ring()->mark_in_progress(5).ok());
  (void)start();
  const Counts counts = ledger();
  EXPECT_EQ(2u, counts[Counter::kReadingsStored]);
  EXPECT_EQ(1u, counts[Counter::kMessagesCrashed]);
}

TEST_F(JournalStarts, HoldNothingAgainstARecordThatWasFoldedWell) {
  std::unique_ptr<Journal> journal = start();
  say(*journal, 3);
  journal.reset();
  (void)start();  // and ends, whatever the reason
  EXPECT_EQ(0u, ring()->recovery().in_progress_attempts);
}

TEST_F(JournalStarts, CountWhatWasGivenUpOnceAndStoreTheRest) {
  std::unique_ptr<Journal> journal = start();
  say(*journal, 100);  // behind three records of the start: 4 to 103
  ASSERT_TRUE(journal->set_dropped({53, 50, 50, {}}).ok());
  journal->release(53);
  journal.reset();
  for (int again = 0; again < 3; ++again) {
    (void)start();
    const Counts counts = ledger();
    EXPECT_EQ(50u, counts[Counter::kReadingsDropDisk]) << "start " << again;
    EXPECT_EQ(50u, counts[Counter::kReadingsStored]);
    EXPECT_EQ(100u, counts[Counter::kMessagesReceived]);
  }
}

// The record that says that the clock is right is among those that were given up.
TEST_F(JournalStarts, KnowTheClockOfWhatWasGivenUp) {
  std::unique_ptr<Journal> journal = fold_rest();
  append(*journal, RecordKind::kStart, clock_.boot_id());
  append(*journal, RecordKind::kClockTrusted);
  say(*journal, 100);  // 3 to 102
  std::vector<char> buffer;
  std::vector<JournalRecord> records;
  ASSERT_TRUE(journal->read(0, buffer, 1 << 20, records).ok());
  for (const JournalRecord& record : records)
    if (record.seq <= 52) engine_->handle(record);
  Batch given_up = engine_->take_batch();
  while (engine_->pending()) given_up = engine_->take_batch();
  ASSERT_EQ(52u, given_up.cursor.seq);
  ASSERT_TRUE(journal->set_dropped({52, 50, 50, given_up.clock}).ok());
  journal->release(52);
  journal.reset();
  (void)fold_rest();
  const Batch empty = engine_->take_batch();
  EXPECT_TRUE(empty.clock.clock_trusted);
  EXPECT_EQ(clock_.boot_id(), empty.clock.boot_id);
  EXPECT_EQ(50u, ledger()[Counter::kReadingsStored]) << "under an unset clock none is counted yet";
}

// A record that brings nothing to store is released with the others.
TEST_F(JournalStarts, StoreHowFarTheJournalWasReleased) {
  std::unique_ptr<Journal> journal = start();
  say(*journal, 10);
  append(*journal, RecordKind::kDisconnected);
  journal.reset();
  for (int again = 0; again < 3; ++again) {
    journal = fold_rest();
    EXPECT_EQ(journal->last_seq(), store_->load_checkpoint({}).value().cursor.seq);
    append(*journal, RecordKind::kStart, clock_.boot_id());
    journal.reset();
  }
  EXPECT_EQ("", damage_);
}

TEST_F(JournalStarts, TellOfADatabaseThatIsOlderThanWhatTheJournalReleased) {
  std::unique_ptr<Journal> journal = start();
  say(*journal, 10);
  journal.reset();
  journal = start();  // stores them, so that the database has a cursor
  for (int round = 0; round < 40; ++round) {
    say(*journal, 200);
    journal->release(journal->last_seq());
  }
  say(*journal, 5);
  journal.reset();
  journal = start();
  EXPECT_NE(std::string::npos, damage_.find("that had been stored went missing")) << damage_;
  EXPECT_LE(15u, ledger()[Counter::kReadingsStored]);
  EXPECT_GT(8000u, ledger()[Counter::kReadingsStored]);
  journal.reset();
  journal = start();
  EXPECT_EQ("", damage_) << "it is told once";
}

TEST_F(JournalStarts, ForgetARuleThatWentInTheTransactionThatTellsOfItsEnd) {
  std::unique_ptr<Journal> journal = start_with_a_rule();
  say(*journal, 3);
  journal.reset();
  engine_settings_.alerts.rules = {};
  (void)start();  // folds them by the changed rules
  EXPECT_FALSE(undelivered().has_value()) << "the rule was gone before they were folded";
  say(*start_with_a_rule(), 3);
  (void)start();
  EXPECT_EQ(AlertState::kFiring, undelivered());
  engine_settings_.alerts.rules = {};
  (void)start();  // with records of the start before to fold
  EXPECT_TRUE(store_->load_checkpoint({}).value().rule_states.empty());
  EXPECT_EQ(AlertState::kResolved, undelivered());
}

TEST_F(JournalStarts, LeaveToTheLifeThatBeginsWhatOnlyTheConfigurationBringsAbout) {
  std::unique_ptr<Journal> journal = start_with_a_rule();
  say(*journal, 3);
  journal.reset();
  fold_rest();
  ASSERT_EQ(AlertState::kFiring, undelivered());
  engine_settings_.alerts.rules = {};
  for (int again = 0; again < 2; ++again) {
    fold_rest();
    EXPECT_EQ(1u, store_->load_checkpoint({}).value().rule_states.size()) << "it has not begun yet";
    const auto told = slots_->channel("mqtt").wait_pop(std::chrono::milliseconds(0));
    ASSERT_TRUE(told.has_value());
    EXPECT_EQ(AlertState::kResolved, told->second.state);
    const Batch first = engine_->take_batch();
    EXPECT_EQ(1u, first.events.size());
    EXPECT_EQ(1u, first.rule_states.size());
  }
}

TEST_F(JournalStarts, UseWhatIsBeforeDamageAndTellOfIt) {
  std::unique_ptr<Journal> journal = start();
  say(*journal, 100);
  journal.reset();
  const std::string ring = rings_in(places_.runtime_dir).at(0);
  {
    std::fstream file(ring, std::ios::in | std::ios::out | std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(file)), {});
    std::size_t middle = 0;
    for (int message = 0; message < 50; ++message) middle = bytes.find("s/a", middle + 1);
    ASSERT_NE(std::string::npos, middle);
    file.seekp(static_cast<std::streamoff>(middle));
    file << '#';
  }
  journal = start();
  const std::uint64_t stored = ledger()[Counter::kReadingsStored];
  EXPECT_EQ(49u, stored);
  EXPECT_NE(std::string::npos, damage_.find("cannot be read")) << damage_;
  say(*journal, 10);
  journal.reset();
  (void)start();
  EXPECT_EQ(stored + 10, ledger()[Counter::kReadingsStored]) << "what is behind the damage stays out";
}

TEST_F(JournalStarts, KeepARingAsideWhoseHeadersAreBothDamaged) {
  std::unique_ptr<Journal> journal = start();
  say(*journal, 10);
  journal.reset();
  const std::string ring = rings_in(places_.runtime_dir).at(0);
  {
    std::fstream file(ring, std::ios::in | std::ios::out | std::ios::binary);
    file << std::string(4096, '\xff');
    file.seekp(4096);
    file << std::string(4096, '\xff');
  }
  journal = start();
  ASSERT_NE(nullptr, journal);
  EXPECT_TRUE(std::filesystem::exists(ring + ".damaged"));
  EXPECT_NE(std::string::npos, damage_.find(ring)) << damage_;
  say(*journal, 3);
  journal.reset();
  (void)start();
  EXPECT_EQ(3u, ledger()[Counter::kReadingsStored]);
}

TEST_F(JournalStarts, RemoveARingWhoseMakingAKillEndedWithoutATaleOfDamage) {
  const std::string ring = places_.runtime_dir + "/journal-0.ring";
  for (const std::uintmax_t size :
       {std::uintmax_t{0}, std::uintmax_t{102400}}) {  // before and after its space was reserved
    SCOPED_TRACE(size);
    std::ofstream{ring};
    std::filesystem::resize_file(ring, size);
    ASSERT_NE(nullptr, start());
    EXPECT_EQ("", damage_);
    EXPECT_FALSE(std::filesystem::exists(ring));
    EXPECT_FALSE(std::filesystem::exists(ring + ".damaged"));
  }
}

}  // namespace
}  // namespace sluice
