#include <algorithm>

#include "intake/journal.h"
#include "journal_fixture.h"

namespace sluice {
namespace {

using journal_format::kRingOffset;

class JournalDamage : public JournalFixture {
 protected:
  // An end at a random operation of random use, again and again: of the process, and under kPower of the
  // power as well. Returns how many acknowledged records were missing afterwards; anything wrongly returned
  // fails the test.
  int end_often(unsigned seed, Durability durability, bool honest_syncs) {
    std::mt19937 random(seed);
    use_disk(4096 + 512 * (random() % 16));
    if (!honest_syncs) disk_->make_sync_do_nothing();
    create(durability);
    cursor_ = newest_ = 0;
    appended_.clear();
    int missing = 0;
    for (int life = 0; life < 12 && missing == 0; ++life) {
      disk_->fail_after(static_cast<int>(random() % 80));
      live(random);
      journal_.reset();
      if (durability == Durability::kPower && random() % 4 != 0) {
        disk_->lose_power(random);
      } else {
        disk_->work_again();
      }
      auto opened = Journal::open(disk_->file(), durability, clock_);
      if (!opened.ok()) return missing + 1;
      journal_ = std::move(*opened);
      missing += lost_records();
      if (honest_syncs) {
        EXPECT_EQ(0u, journal_->recovery().damaged_bytes);
      }
      if (!journal_->resume_after(cursor_).ok() || !journal_->can_append()) return missing + 1;
    }
    return missing;
  }

 private:
  void live(std::mt19937& random) {
    for (;;) {
      clock_.pass_ms(1);
      if (random() % 4 != 0) {
        KeptRecord record = random_record(random, 1500);
        record.seq = journal_->last_seq() + 1;
        KeptRecord tried = record;
        auto seq = append(tried);
        tried.seq = record.seq;
        if (seq.ok() || seq.error().code != ErrorCode::kFull) appended_[record.seq] = tried;
        if (seq.ok()) {
          newest_ = *seq;
        } else if (seq.error().code != ErrorCode::kFull) {
          // A record whose sync failed was readable: the store may have had it and moved its cursor.
          if (random() % 2 == 0) cursor_ = journal_->last_seq();
          return;
        }
      } else if (journal_->last_seq() > cursor_) {
        // Also what is readable and not yet acknowledged may be stored and released.
        cursor_ += 1 + random() % (journal_->last_seq() - cursor_);
        journal_->release(cursor_);
      } else {
        (void)journal_->mark_in_progress(cursor_ + random() % 3);
      }
      if (random() % 64 == 0) return;  // power goes while nothing is under way
    }
  }

  int lost_records() {
    std::uint64_t next = cursor_ + 1;
    for (const KeptRecord& record : read_all(cursor_)) {
      EXPECT_EQ(next, record.seq);
      EXPECT_EQ(appended_.at(next), record);
      ++next;
    }
    EXPECT_TRUE(last_read_.ok());
    const int lost = newest_ >= next ? static_cast<int>(newest_ - next + 1) : 0;
    newest_ = std::max(newest_, next - 1);
    return lost;
  }

  std::uint64_t cursor_ = 0;  // stored for good
  std::uint64_t newest_ = 0;  // acknowledged
  std::map<std::uint64_t, KeptRecord> appended_;
};

TEST_F(JournalDamage, KeepsEveryRecordThatWasAcknowledgedOverPowerCuts) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ASSERT_EQ(0, end_often(seed, Durability::kPower, true));
  }
}

TEST_F(JournalDamage, KeepsEveryRecordThatWasAcknowledgedOverKills) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    ASSERT_EQ(0, end_often(seed, Durability::kCrash, true));
  }
}

TEST_F(JournalDamage, ShowsLossesWhenTheDiskLiesAboutSyncs) {
  int seeds_with_losses = 0;
  for (unsigned seed = 1; seed <= 40; ++seed) {
    if (end_often(seed, Durability::kPower, false) > 0) ++seeds_with_losses;
  }
  EXPECT_LT(30, seeds_with_losses);
}

// Random bytes of a ring change: what is read is a prefix of what was appended, and ends before the change.
TEST_F(JournalDamage, ReturnsOnlyWhatWasAppendedFromARingWithWrongBytes) {
  for (unsigned seed = 1; seed <= 600; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937 random(seed);
    const Durability durability = seed % 2 == 0 ? Durability::kCrash : Durability::kPower;
    use_disk(kRing);
    create(durability);
    std::map<std::uint64_t, KeptRecord> appended;
    std::uint64_t released = 0;
    for (int i = 0; i < 120; ++i) {
      KeptRecord record = random_record(random, 300);
      if (append(record).ok()) appended[record.seq] = record;
      if (random() % 4 == 0) {
        released = std::max(released, journal_->last_seq() - random() % 3);
        journal_->release(released);
      }
    }
    const std::uint64_t last = journal_->last_seq();
    const std::uint64_t first = std::min(released, last) + 1;
    for (auto spots = 1 + random() % 3; spots > 0; --spots) {
      const std::size_t from = kRingOffset + random() % kRing;
      const std::size_t size = std::min<std::size_t>(1 + random() % 40, disk_->bytes().size() - from);
      for (std::size_t i = 0; i < size; ++i) disk_->bytes()[from + i] ^= static_cast<unsigned char>(random());
    }
    reopen(durability);
    std::uint64_t next = first;
    for (const KeptRecord& record : read_all(first - 1)) {
      ASSERT_EQ(next, record.seq);
      ASSERT_EQ(appended.at(next++), record);
    }
    // What the damage has cut off must not come back when its numbers are given again.
    const std::uint64_t cut_at = std::max(journal_->last_seq(), first - 1);
    ASSERT_TRUE(journal_->resume_after(first - 1).ok());
    for (std::uint64_t seq = cut_at + 1; seq <= last; ++seq) {
      KeptRecord again = appended.at(seq);  // as long as the old one, so that places match
      again.payload.assign(again.payload.size(), '!');
      again.seq = 0;
      if (append(again).ok()) appended[seq] = again;
      if (random() % 3 == 0) break;
    }
    const std::uint64_t ends = journal_->last_seq();
    reopen(durability);
    ASSERT_EQ(ends, journal_->last_seq());
    ASSERT_EQ(0u, journal_->recovery().damaged_bytes);
    for (const KeptRecord& record : read_all(first - 1)) ASSERT_EQ(appended.at(record.seq), record);
  }
}

TEST_F(JournalDamage, ReportsTheBytesBehindDamageInTheMiddle) {
  create(Durability::kPower);
  for (int i = 0; i < 6; ++i) append_text("x");
  disk_->bytes()[kRingOffset + 2 * 512 + 41] ^= 1;
  reopen(Durability::kPower);
  EXPECT_EQ(1u, journal_->recovery().first_seq);
  EXPECT_EQ(2u, journal_->recovery().last_seq);
  EXPECT_EQ(4u * 512, journal_->recovery().damaged_bytes);
  EXPECT_EQ(3u, append_text("y"));
}

// Only a sender that knows the ring's id can make such a payload; a fuzzer did.
TEST_F(JournalDamage, CutsOffWhatLooksLikeARecordInAPayloadToo) {
  create(Durability::kCrash);
  append_text("x");  // 48 bytes
  std::string payload(48 + 48 - 41, '.');
  const NewRecord forged{RecordKind::kMessage, 0, 0, "t", "!"};
  journal_format::encode_record(forged, 2, Instant{}, journal_format::checksum_seed(journal_->id()),
                                reinterpret_cast<unsigned char*>(payload.data()) + 48 - 41);
  append_text(payload);
  disk_->bytes()[kRingOffset + 8] ^= 1;
  reopen(Durability::kCrash);
  EXPECT_EQ(48u + 96u, journal_->recovery().damaged_bytes);
  ASSERT_TRUE(journal_->resume_after(0).ok());
  EXPECT_EQ(1u, append_text(std::string(96 - 41, 'y')));  // ends where the forged one begins
  reopen(Durability::kCrash);
  EXPECT_EQ(1u, journal_->last_seq());
}

TEST_F(JournalDamage, CountsATornLastRecordAsAbsent) {
  create(Durability::kCrash);
  append_text("a");
  append_text("b");
  disk_->bytes()[kRingOffset + 48 + 8] ^= 1;
  reopen(Durability::kCrash);
  EXPECT_EQ(1u, journal_->recovery().last_seq);
  EXPECT_EQ(0u, journal_->recovery().damaged_bytes);
}

TEST_F(JournalDamage, IsReportedByReadWhenItHappensWhileRunning) {
  create(Durability::kPower);
  for (int i = 0; i < 4; ++i) append_text("x");
  disk_->bytes()[kRingOffset + 2 * 512 + 41] ^= 1;
  EXPECT_EQ(2u, read_some(0, 4096).size());
  EXPECT_TRUE(last_read_.ok());
  EXPECT_TRUE(read_some(2, 4096).empty());
  EXPECT_EQ(ErrorCode::kCorrupt, last_read_.error().code);
}

}  // namespace
}  // namespace sluice
