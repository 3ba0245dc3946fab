#include "intake/posix_journal_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "support/temp_folder.h"

namespace sluice {
namespace {

class RingFiles : public ::testing::TestWithParam<Durability> {
 protected:
  test::TempFolder temp_;
  const std::string folder_ = temp_.path().string();
  FakeClock clock_{1700000000000};
};

INSTANTIATE_TEST_SUITE_P(BothDurabilities, RingFiles,
                         ::testing::Values(Durability::kCrash, Durability::kPower), [](const auto& mode) {
                           return mode.param == Durability::kCrash ? "Crash" : "Power";
                         });

TEST_P(RingFiles, AreAllocatedInFullAndClosedToOthers) {
  auto file = create_ring_file(folder_, "a1", 100 * 1024, GetParam());
  ASSERT_TRUE(file.ok()) << file.error().context;
  EXPECT_EQ(100u * 1024, (*file)->size());
  struct stat status {};
  ASSERT_EQ(0, ::stat((folder_ + "/journal-a1.ring").c_str(), &status));
  EXPECT_EQ(100 * 1024, status.st_size);
  EXPECT_LE(100 * 1024, status.st_blocks * 512);
  EXPECT_EQ(0u, status.st_mode & 0137u);
  EXPECT_FALSE(create_ring_file(folder_, "a1", 100 * 1024, GetParam()).ok());
}

TEST_P(RingFiles, CarryAJournalOverARestart) {
  auto file = create_ring_file(folder_, "a1", 64 * 1024, GetParam());
  ASSERT_TRUE(file.ok());
  auto journal = Journal::create(std::move(*file), GetParam(), clock_, "a1", 1);
  ASSERT_TRUE(journal.ok());
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE((*journal)->append(NewRecord{RecordKind::kMessage, 0, 0, "t", std::to_string(i)}).ok());
  }
  const std::string path = folder_ + "/journal-a1.ring";
  EXPECT_EQ(ErrorCode::kRefused, open_ring_file(path).error().code);
  *journal = nullptr;
  auto again = open_ring_file(path);
  ASSERT_TRUE(again.ok()) << again.error().context;
  journal = Journal::open(std::move(*again), GetParam(), clock_);
  ASSERT_TRUE(journal.ok());
  EXPECT_EQ(50u, (*journal)->recovery().last_seq);
}

TEST_P(RingFiles, AreCopiedWithWhatIsNotReleasedAndTakeNoMoreRoom) {
  const std::string there = folder_ + "/there";
  std::filesystem::create_directory(there);
  auto file = create_ring_file(folder_, "a1", 4 << 20, GetParam());
  ASSERT_TRUE(file.ok());
  auto journal = Journal::create(std::move(*file), GetParam(), clock_, "a1", 1);
  ASSERT_TRUE(journal.ok());
  const std::string payload(100 * 1024, 'x');
  for (std::uint64_t i = 1; i <= 100; ++i) {  // more than twice round the ring
    ASSERT_TRUE((*journal)->append(NewRecord{RecordKind::kMessage, 0, 0, std::to_string(i), payload}).ok());
    if (i > 5) (*journal)->release(i - 5);
  }
  ASSERT_TRUE((*journal)->set_dropped({90, 7, 8, {}}).ok());
  Status copied = copy_ring_file(**journal, there);
  ASSERT_TRUE(copied.ok()) << copied.error().context;
  ASSERT_TRUE((*journal)->append(NewRecord{RecordKind::kMessage, 0, 0, "101", "newer"}).ok());
  ASSERT_TRUE(copy_ring_file(**journal, there).ok()) << "in place of the earlier copy";
  EXPECT_EQ(1u, list_ring_files(there).value().size());
  struct stat status {};
  ASSERT_EQ(0, ::stat((there + "/journal-a1.copy.ring").c_str(), &status));
  EXPECT_GT(1 << 20, status.st_blocks * 512);

  auto again = open_ring_file(there + "/journal-a1.copy.ring");
  ASSERT_TRUE(again.ok()) << again.error().context;
  auto copy = Journal::open(std::move(*again), GetParam(), clock_);
  ASSERT_TRUE(copy.ok()) << copy.error().context;
  EXPECT_EQ("a1", (*copy)->id());
  EXPECT_EQ(96u, (*copy)->recovery().first_seq);
  EXPECT_EQ(101u, (*copy)->recovery().last_seq);
  EXPECT_EQ(0u, (*copy)->recovery().damaged_bytes);
  EXPECT_EQ((JournalDrops{90, 7, 8, {}}), (*copy)->dropped());
  EXPECT_FALSE((*copy)->can_append());
  std::vector<char> buffer;
  std::vector<JournalRecord> records;
  ASSERT_TRUE((*copy)->read(95, buffer, 1 << 20, records).ok());
  ASSERT_EQ(6u, records.size());
  EXPECT_EQ("96", records[0].topic);
  EXPECT_EQ(payload, records[4].payload);
}

TEST_P(RingFiles, AreNotCopiedToWhereTheyAre) {
  auto file = create_ring_file(folder_, "a1", 64 * 1024, GetParam());
  ASSERT_TRUE(file.ok());
  auto journal = Journal::create(std::move(*file), GetParam(), clock_, "a1", 1);
  ASSERT_TRUE(journal.ok());
  ASSERT_TRUE(copy_ring_file(**journal, folder_).ok());
  EXPECT_EQ(1u, list_ring_files(folder_).value().size());
}

TEST_P(RingFiles, AreNotCopiedInPart) {
  auto file = create_ring_file(folder_, "a1", 64 * 1024, GetParam());
  ASSERT_TRUE(file.ok());
  auto journal = Journal::create(std::move(*file), GetParam(), clock_, "a1", 1);
  ASSERT_TRUE(journal.ok());
  EXPECT_EQ(ErrorCode::kNotFound, copy_ring_file(**journal, folder_ + "/none").error().code);
  std::filesystem::create_directory(folder_ + "/there");
  std::ofstream(folder_ + "/there/journal.new") << "what a crash has left behind";
  EXPECT_TRUE(list_ring_files(folder_ + "/there").value().empty());
  ASSERT_TRUE(copy_ring_file(**journal, folder_ + "/there").ok());
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/there/journal.new"));
  EXPECT_EQ(1u, list_ring_files(folder_ + "/there").value().size());
}

TEST_P(RingFiles, AreListedByNameAndRemoved) {
  EXPECT_TRUE(list_ring_files(folder_ + "/none").value().empty());
  for (const char* id : {"b", "a"}) ASSERT_TRUE(create_ring_file(folder_, id, 16384, GetParam()).ok());
  std::ofstream(folder_ + "/journal-.ring") << "x";
  std::ofstream(folder_ + "/journal-c.ring.bak") << "x";
  auto rings = list_ring_files(folder_);
  ASSERT_TRUE(rings.ok());
  ASSERT_EQ(2u, rings->size());
  EXPECT_EQ("a", (*rings)[0].id);
  EXPECT_EQ(folder_ + "/journal-b.ring", (*rings)[1].path);
  EXPECT_TRUE(remove_ring_file((*rings)[0].path).ok());
  EXPECT_EQ(ErrorCode::kNotFound, remove_ring_file((*rings)[0].path).error().code);
  EXPECT_EQ(1u, list_ring_files(folder_).value().size());
}

TEST_P(RingFiles, TellWhatIsWrong) {
  EXPECT_EQ(ErrorCode::kNotFound, open_ring_file(folder_ + "/journal-x.ring").error().code);
  EXPECT_EQ(ErrorCode::kNotFound, create_ring_file(folder_ + "/none", "a", 16384, GetParam()).error().code);
  auto file = create_ring_file(folder_, "a", 16384, GetParam());
  ASSERT_TRUE(file.ok());
  char byte = 0;
  EXPECT_EQ(ErrorCode::kIo, (*file)->read(16384, &byte, 1).error().code);
}

}  // namespace
}  // namespace sluice
