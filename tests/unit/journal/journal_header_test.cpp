// What a ring's two headers tell, whole, half written, or read from the page cache only.
#include <algorithm>

#include "intake/journal.h"
#include "journal_fixture.h"

namespace sluice {
namespace {

using JournalHeaders = JournalFixture;

TEST_F(JournalHeaders, RefusesFilesThatAreNoRing) {
  EXPECT_EQ(ErrorCode::kNotFound, Journal::open(disk_->file(), Durability::kCrash, clock_).error().code);
  std::fill(disk_->bytes().begin(), disk_->bytes().end(), 0x17);
  EXPECT_EQ(ErrorCode::kCorrupt, Journal::open(disk_->file(), Durability::kCrash, clock_).error().code);
  create(Durability::kCrash);
  journal_.reset();
  disk_->bytes().resize(disk_->bytes().size() - 512);
  EXPECT_EQ(ErrorCode::kCorrupt, Journal::open(disk_->file(), Durability::kCrash, clock_).error().code);
  disk_->bytes().resize(100);
  EXPECT_EQ(ErrorCode::kCorrupt, Journal::open(disk_->file(), Durability::kCrash, clock_).error().code);
  EXPECT_EQ(ErrorCode::kInvalid,
            Journal::create(disk_->file(), Durability::kCrash, clock_, "a", 1).error().code);
  disk_->bytes().clear();
  EXPECT_EQ(ErrorCode::kNotFound, Journal::open(disk_->file(), Durability::kCrash, clock_).error().code);
}

// create() syncs the first slot before it writes the second; one that is readable need not be on the disk.
TEST_F(JournalHeaders, TellsACreateThatWasNotFinishedFromDamage) {
  auto opened = [&] { return Journal::open(disk_->file(), Durability::kPower, clock_).error().code; };
  create(Durability::kPower);
  std::fill_n(disk_->bytes().begin() + 4096, 512, 0);
  EXPECT_EQ(ErrorCode::kNotFound, opened());
  std::fill_n(disk_->bytes().begin(), 512, 0x17);
  EXPECT_EQ(ErrorCode::kNotFound, opened());
  std::fill_n(disk_->bytes().begin(), 512, 0);
  std::fill_n(disk_->bytes().begin() + 4096, 512, 0x17);
  EXPECT_EQ(ErrorCode::kCorrupt, opened());
}

// The copy of a stop, drained after a reboot: a power cut may tear what was not synced.
TEST_F(JournalHeaders, LeavesOneHeaderOfACopyAsItWas) {
  create(Durability::kCrash);
  append_text("kept");
  MemoryDisk there(disk_->bytes().size());
  auto file = there.file();
  ASSERT_TRUE(journal_->copy_to(*file).ok());
  const MemoryDisk::Bytes before = there.bytes();
  clock_.reboot("00000000-0000-0000-0000-000000000002", clock_.now().wall_ms);
  auto copy = Journal::open(there.file(), Durability::kCrash, clock_);
  ASSERT_TRUE(copy.ok());
  for (const std::uint64_t seq : {1, 0, 1, 0}) ASSERT_TRUE((*copy)->mark_in_progress(seq).ok());
  int untouched = 0;
  for (const int slot : {0, 4096})
    untouched += std::equal(before.begin() + slot, before.begin() + slot + 512, there.bytes().begin() + slot);
  EXPECT_EQ(1, untouched);
}

// A process has died between the two slots of a new tail.
TEST_F(JournalHeaders, TellsItsTailInBothHeadersWhenItGoesOn) {
  create(Durability::kCrash);
  append_text("stored");
  const MemoryDisk::Bytes before = disk_->bytes();
  reopen(Durability::kCrash);
  ASSERT_TRUE(journal_->resume_after(7).ok());
  journal_.reset();
  std::copy_n(before.begin() + 4096, 512, disk_->bytes().begin() + 4096);
  reopen(Durability::kCrash);
  ASSERT_TRUE(journal_->resume_after(7).ok());
  append_text("new");
  journal_.reset();
  disk_->bytes()[100] ^= 1;
  reopen(Durability::kCrash);
  EXPECT_EQ(8u, journal_->recovery().first_seq);
  EXPECT_EQ(8u, journal_->recovery().last_seq);
}

TEST_F(JournalHeaders, BeginsItsChainAnewWhereItGoesOnInModePower) {
  create(Durability::kPower);
  append_text("of a process that died when its sync failed");
  reopen(Durability::kPower);
  ASSERT_TRUE(journal_->resume_after(1).ok());
  append_text("new");
  journal_.reset();
  const std::string old = "of a process";
  auto at = std::search(disk_->bytes().begin(), disk_->bytes().end(), old.begin(), old.end());
  ASSERT_NE(disk_->bytes().end(), at);
  *at ^= 1;  // it never was on the disk
  reopen(Durability::kPower);
  EXPECT_EQ(2u, journal_->recovery().first_seq);
  EXPECT_EQ(2u, journal_->recovery().last_seq);
}

}  // namespace
}  // namespace sluice
