#include "intake/journal.h"

#include <algorithm>

#include "journal_fixture.h"

namespace sluice {
namespace {

using journal_format::kRecordHeadBytes;

class JournalIn : public JournalFixture, public ::testing::WithParamInterface<Durability> {};
using JournalRules = JournalFixture;

INSTANTIATE_TEST_SUITE_P(BothDurabilities, JournalIn,
                         ::testing::Values(Durability::kCrash, Durability::kPower), [](const auto& mode) {
                           return mode.param == Durability::kCrash ? "Crash" : "Power";
                         });

// A reference ring: the records that are there, and how many bytes they take.
struct Oracle {
  std::uint64_t padded(const KeptRecord& record) const {
    const std::uint64_t length = kRecordHeadBytes + record.topic.size() + record.payload.size();
    return (length + step - 1) / step * step;
  }
  std::uint64_t used() const {
    std::uint64_t sum = 0;
    for (const KeptRecord& record : records) sum += padded(record);
    return sum;
  }
  std::uint64_t step;
  std::deque<KeptRecord> records;  // not released
  std::uint64_t last = 0;
};

TEST_P(JournalIn, BehavesLikeADequeUnderRandomUse) {
  for (unsigned seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const std::size_t ring = 4096 + 512 * (random() % 24);
    const std::size_t payload_max = seed % 3 == 0 ? ring - 100 : 600;
    use_disk(ring);
    Oracle oracle{GetParam() == Durability::kPower ? 512u : 8u, {}, random() % 1000};
    create(GetParam(), oracle.last + 1);
    for (int step = 0; step < 600; ++step) {
      clock_.pass_ms(random() % 3);
      const auto action = random() % 100;
      if (action < 60) {
        KeptRecord record = random_record(random, payload_max);
        const bool fits = oracle.used() + oracle.padded(record) <= ring;
        auto seq = append(record);
        ASSERT_EQ(fits, seq.ok());
        if (fits) {
          ASSERT_EQ(++oracle.last, *seq);
          oracle.records.push_back(record);
        } else {
          ASSERT_EQ(ErrorCode::kFull, seq.error().code);
        }
      } else if (action < 75) {
        const std::size_t skip = oracle.records.empty() ? 0 : random() % oracle.records.size();
        const std::uint64_t after = oracle.last - oracle.records.size() + skip;
        const auto some = read_some(after, random() % 3000);
        ASSERT_TRUE(last_read_.ok());
        ASSERT_EQ(oracle.records.empty(), some.empty());
        for (std::size_t i = 0; i < some.size(); ++i) ASSERT_EQ(oracle.records[skip + i], some[i]);
      } else if (action < 97) {
        auto count = random() % (oracle.records.size() + 1);
        while (count-- > 0) oracle.records.pop_front();
        journal_->release(oracle.last - oracle.records.size());
      } else {
        reopen(GetParam());
        ASSERT_TRUE(journal_->can_append());
        ASSERT_EQ(0u, journal_->recovery().damaged_bytes);
        ASSERT_TRUE(journal_->resume_after(oracle.last - oracle.records.size()).ok());
      }
      ASSERT_EQ(oracle.used(), journal_->used_bytes());
      ASSERT_EQ(oracle.last, journal_->last_seq());
    }
    const auto all = read_all(oracle.last - oracle.records.size());
    ASSERT_TRUE(std::equal(oracle.records.begin(), oracle.records.end(), all.begin(), all.end()));
  }
}

TEST_P(JournalIn, TakesTheLongestRecordWhereverTheRingStands) {
  create(GetParam());
  EXPECT_EQ(kRing, journal_->capacity_bytes());
  EXPECT_EQ(kRing - kRecordHeadBytes, journal_->largest_record_bytes());
  for (int i = 0; i < 20; ++i) {
    journal_->release(append_text(std::string(i * 97, 'x')));
    const std::uint64_t seq = append_text(std::string(journal_->largest_record_bytes() - 1, 'y'));
    EXPECT_EQ(kRing, journal_->used_bytes());
    EXPECT_EQ(journal_->largest_record_bytes() - 1, read_some(seq - 1, 100).at(0).payload.size());
    journal_->release(seq);
  }
  KeptRecord longer;
  longer.payload.resize(journal_->largest_record_bytes() + 1);
  EXPECT_EQ(ErrorCode::kInvalid, append(longer).error().code);
}

TEST_P(JournalIn, ChangesNothingWhenItIsFull) {
  create(GetParam());
  std::vector<KeptRecord> kept;
  KeptRecord record;
  record.payload = std::string(700, 'x');
  while (append(record).ok()) kept.push_back(record);
  const MemoryDisk::Bytes before = disk_->bytes();
  const std::uint64_t used = journal_->used_bytes();
  EXPECT_EQ(ErrorCode::kFull, append(record).error().code);
  EXPECT_EQ(before, disk_->bytes());
  EXPECT_EQ(used, journal_->used_bytes());
  EXPECT_EQ(kept, read_all(0));
  journal_->release(2);
  EXPECT_EQ(kept.size() + 1, append_text(std::string(700, 'y')));
}

TEST_P(JournalIn, NeverOverwritesWhatAReleaseHasNotMadeKnownToTheDisk) {
  // The newest header slot is lost at any time; the other one alone must lead to every record.
  for (unsigned seed = 1; seed <= 100; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    use_disk(kRing);
    create(GetParam());
    std::deque<KeptRecord> kept;
    std::uint64_t last = 0;
    for (auto steps = random() % 200; steps > 0; --steps) {
      KeptRecord record = random_record(random, 500);
      if (append(record).ok()) {
        kept.push_back(record);
        last = record.seq;
        continue;
      }
      kept.erase(kept.begin(), kept.begin() + static_cast<int>(random() % (kept.size() + 1)));
      journal_->release(last - kept.size());
    }
    unsigned char* slot = disk_->bytes().data() + journal_format::kSlotOffsets[random() % 2];
    std::fill(slot, slot + 512, 0x55);
    reopen(GetParam());
    const auto all = read_all(last - kept.size());
    ASSERT_TRUE(std::equal(kept.begin(), kept.end(), all.begin(), all.end()));
  }
}

TEST_P(JournalIn, OpensWithOneHeaderThatCanBeRead) {
  for (const std::uint64_t slot : journal_format::kSlotOffsets) {
    use_disk(kRing);
    create(GetParam());
    append_text("kept");
    disk_->unreadable = {slot};
    reopen(GetParam());
    EXPECT_EQ("kept", read_all(0).at(0).payload);
    append_text("more");
  }
  use_disk(kRing);
  create(GetParam());
  disk_->unreadable = {journal_format::kSlotOffsets[0], journal_format::kSlotOffsets[1]};
  EXPECT_EQ(ErrorCode::kIo, Journal::open(disk_->file(), GetParam(), clock_).error().code);
}

TEST_P(JournalIn, RefusesEverythingAfterAWriteOrSyncHasFailedOnce) {
  for (int good_operations = 0; good_operations < 12; ++good_operations) {
    use_disk(kRing);
    create(GetParam());
    disk_->fail_after(good_operations, ErrorCode::kNoSpace);
    std::uint64_t acknowledged = 0;
    KeptRecord record;
    while (append(record).ok()) acknowledged = record.seq;
    disk_->work_again();
    EXPECT_EQ(ErrorCode::kNoSpace, append(record).error().code);
    EXPECT_FALSE(journal_->can_append());
    EXPECT_LE(acknowledged, read_all(0).size());
    journal_->release(1);
    EXPECT_EQ(ErrorCode::kNoSpace, append(record).error().code);
  }
}

TEST_P(JournalIn, RemembersAFailureOverARestart) {
  create(GetParam());
  append_text("kept");
  disk_->fail_after(0);
  KeptRecord record;
  EXPECT_FALSE(append(record).ok());
  disk_->work_again();
  EXPECT_TRUE(journal_->mark_in_progress(1).ok());  // writes the header again
  reopen(GetParam());
  EXPECT_FALSE(journal_->can_append());
  EXPECT_EQ(ErrorCode::kIo, append(record).error().code);
  EXPECT_EQ("kept", read_all(0).at(0).payload);
}

TEST_P(JournalIn, CountsTheAttemptsAtARecordOverRestarts) {
  create(GetParam());
  append_text("a");
  append_text("b");
  EXPECT_TRUE(journal_->mark_in_progress(1).ok());
  EXPECT_TRUE(journal_->mark_in_progress(2).ok());
  EXPECT_TRUE(journal_->mark_in_progress(2).ok());
  reopen(GetParam());
  EXPECT_EQ(2u, journal_->recovery().in_progress_seq);
  EXPECT_EQ(1u, journal_->recovery().in_progress_attempts);
  EXPECT_TRUE(journal_->mark_in_progress(2).ok());
  reopen(GetParam());
  EXPECT_EQ(2u, journal_->recovery().in_progress_attempts);
  clock_.reboot("00000000-0000-0000-0000-000000000002", clock_.now().wall_ms);
  reopen(GetParam());
  EXPECT_EQ(0u, journal_->recovery().in_progress_attempts) << "the power went";
  EXPECT_TRUE(journal_->mark_in_progress(1).ok());
  reopen(GetParam());
  EXPECT_EQ(1u, journal_->recovery().in_progress_seq);
  EXPECT_EQ(1u, journal_->recovery().in_progress_attempts);
  EXPECT_TRUE(journal_->mark_in_progress(0).ok());
  reopen(GetParam());
  EXPECT_EQ(0u, journal_->recovery().in_progress_seq);
  EXPECT_EQ(0u, journal_->recovery().in_progress_attempts);
}

TEST_P(JournalIn, KeepsTheCountOfDroppedReadings) {
  create(GetParam());
  EXPECT_EQ(JournalDrops{}, journal_->dropped());
  const JournalDrops drops{5, 17, 9, {"boot", -1, 2, -3, 4, true, false, true, false, INT64_MIN}};
  EXPECT_TRUE(journal_->set_dropped(drops).ok());
  EXPECT_EQ(drops, journal_->dropped());
  reopen(GetParam());
  EXPECT_EQ(drops, journal_->dropped());
}

TEST_P(JournalIn, GoesOnFromTheCursorWhenItEndsBeforeIt) {
  create(GetParam());
  append_text("a");
  append_text("b");
  reopen(GetParam());
  ASSERT_TRUE(journal_->resume_after(10).ok());
  EXPECT_EQ(0u, journal_->used_bytes());
  EXPECT_EQ(10u, journal_->last_seq());
  EXPECT_EQ(11u, append_text("c"));
  reopen(GetParam());
  EXPECT_EQ(11u, journal_->recovery().first_seq);
  EXPECT_EQ("c", read_all(10).at(0).payload);
  ASSERT_TRUE(journal_->resume_after(10).ok());
  EXPECT_EQ(12u, append_text("d"));
}

TEST_F(JournalRules, StartsAtTheSeqItIsGiven) {
  create(Durability::kCrash, 42);
  EXPECT_EQ(41u, journal_->last_seq());
  EXPECT_EQ("ring-a", journal_->id());
  EXPECT_EQ(clock_.boot_id(), journal_->boot_id());
  EXPECT_EQ(0u, journal_->recovery().last_seq);
  EXPECT_TRUE(read_all(41).empty());
  EXPECT_EQ(42u, append_text("first"));
  reopen(Durability::kCrash);
  EXPECT_EQ(42u, journal_->recovery().first_seq);
  EXPECT_EQ(42u, journal_->recovery().last_seq);
}

TEST_F(JournalRules, NeverLetsBootTimeGoBackBetweenRecords) {
  create(Durability::kCrash);
  clock_.pass_ms(100);
  append_text("a");
  const Instant waited = journal_->wait(1, std::chrono::milliseconds(0));
  clock_.pass_ms(-50);
  append_text("b");
  reopen(Durability::kCrash);
  append_text("c");
  const auto all = read_all(0);
  EXPECT_EQ(waited.boot_ms, all.at(0).boot_ms);
  EXPECT_EQ(waited.boot_ms, all.at(1).boot_ms);
  EXPECT_EQ(waited.boot_ms, all.at(2).boot_ms);
}

TEST_F(JournalRules, TellsTheBootThatUsedTheRingBefore) {
  create(Durability::kCrash);
  append_text("a");
  const std::string before = clock_.boot_id();
  clock_.reboot("00000000-0000-0000-0000-000000000002", 1700000100000);
  reopen(Durability::kCrash);
  EXPECT_EQ(before, journal_->boot_id());
  append_text("b");
  EXPECT_EQ(1000, read_all(1).at(0).boot_ms);
  reopen(Durability::kCrash);
  EXPECT_EQ(clock_.boot_id(), journal_->boot_id());
}

// A process that died before it appended anything has left its boot's id, and only records of the boot
// before.
TEST_F(JournalRules, TakesNoTimeFromTheBootBefore) {
  create(Durability::kCrash);
  clock_.pass_ms(5 * 3600 * 1000);
  append_text("a");
  clock_.reboot("00000000-0000-0000-0000-000000000002", 1700000100000);
  reopen(Durability::kCrash);
  reopen(Durability::kCrash);
  const std::int64_t now_ms = clock_.now().boot_ms;
  append_text("b");
  EXPECT_EQ(now_ms, read_all(1).at(0).boot_ms);
}

TEST_F(JournalRules, OnlyDrainsARingOfTheOtherDurability) {
  create(Durability::kCrash);
  append_text("a");
  reopen(Durability::kPower);
  EXPECT_EQ(Durability::kCrash, journal_->durability());
  EXPECT_FALSE(journal_->can_append());
  KeptRecord record;
  EXPECT_EQ(ErrorCode::kRefused, append(record).error().code);
  EXPECT_EQ(1u, read_all(0).size());
  EXPECT_TRUE(journal_->mark_in_progress(1).ok());
  EXPECT_TRUE(journal_->resume_after(1).ok());
  EXPECT_EQ(0u, journal_->used_bytes());
}

TEST_F(JournalRules, TakesNoRecordOfAnotherRingInTheSameFile) {
  create(Durability::kCrash);
  for (int i = 0; i < 20; ++i) append_text("old");
  create(Durability::kCrash, 1, "ring-b");
  reopen(Durability::kCrash);
  EXPECT_EQ(0u, journal_->recovery().last_seq);
  EXPECT_EQ(0u, journal_->recovery().damaged_bytes);
  append_text("new");  // ends exactly where an old record with the next seq begins
  reopen(Durability::kCrash);
  EXPECT_EQ(1u, journal_->recovery().last_seq);
}

TEST_F(JournalRules, WritesOnceARecordAndSyncsNothingInModeCrash) {
  create(Durability::kCrash);
  const int before = disk_->writes();
  for (int i = 0; i < 10; ++i) append_text("x");
  EXPECT_EQ(10, disk_->writes() - before);
  EXPECT_EQ(0, disk_->syncs());
}

}  // namespace
}  // namespace sluice
