#include "upload/file_sink.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <set>

#include "support/temp_folder.h"

namespace sluice {
namespace {

namespace fs = std::filesystem;

class FileSinkOf : public ::testing::Test {
 protected:
  static Delivery delivery(int revision, const std::string& body) {
    return {"berlin-1", parse_date("2016-03-27").value(), revision, "key", body};
  }
  std::set<std::string> files(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder)) names.insert(entry.path().filename().string());
    return names;
  }
  static void write(const fs::path& path, const std::string& text) {
    std::ofstream(path, std::ios::binary) << text;
  }

  test::TempFolder temp_;
  const fs::path root_ = temp_.path();
};

TEST_F(FileSinkOf, AFolderCanBeTriedWithoutATrace) {
  const std::string folder = std::string(root_) + "/a/b";
  EXPECT_EQ(0, try_folder(folder, false));
  EXPECT_FALSE(fs::exists(std::string(root_) + "/a"));
  EXPECT_EQ(0, try_folder(folder, true));
  EXPECT_EQ(0u, files(folder).size());
  std::ofstream(folder + "/file") << "x";
  EXPECT_EQ(ENOTDIR, try_folder(folder + "/file/c", false));
}

TEST_F(FileSinkOf, WritesOneFileARevisionAndMakesItsFolder) {
  const fs::path folder = root_ / "deep" / "out";
  FileSink sink("archive", folder.string());
  const SinkAnswer answer = sink.deliver(delivery(1, "one\n"));
  EXPECT_EQ(SinkAnswer::Kind::kDelivered, answer.kind);
  EXPECT_EQ((folder / "berlin-1-2016-03-27-r1.json").string(), answer.note);
  EXPECT_EQ(SinkAnswer::Kind::kDelivered, sink.deliver(delivery(2, "two\n")).kind);
  EXPECT_EQ((std::set<std::string>{"berlin-1-2016-03-27-r1.json", "berlin-1-2016-03-27-r2.json"}),
            files(folder));
  EXPECT_EQ("one\n", test::read_file(folder / "berlin-1-2016-03-27-r1.json"));
}

TEST_F(FileSinkOf, ChangesNothingWhenTheSameComesAgain) {
  FileSink sink("archive", root_.string());
  const std::string body(100000, 'x');
  ASSERT_EQ(SinkAnswer::Kind::kDelivered, sink.deliver(delivery(1, body)).kind);
  struct stat before {};
  struct stat after {};
  const std::string path = (root_ / "berlin-1-2016-03-27-r1.json").string();
  ASSERT_EQ(0, ::stat(path.c_str(), &before));
  EXPECT_EQ(SinkAnswer::Kind::kDelivered, sink.deliver(delivery(1, body)).kind);
  ASSERT_EQ(0, ::stat(path.c_str(), &after));
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(body, test::read_file(path));
}

TEST_F(FileSinkOf, ReplacesAFileThatIsNotWhole) {
  FileSink sink("archive", root_.string());
  for (const char* damaged : {"", "on", "one\ntwo", "abc\n"}) {
    write(root_ / "berlin-1-2016-03-27-r1.json", damaged);
    EXPECT_EQ(SinkAnswer::Kind::kDelivered, sink.deliver(delivery(1, "one\n")).kind);
    EXPECT_EQ("one\n", test::read_file(root_ / "berlin-1-2016-03-27-r1.json"));
  }
}

TEST_F(FileSinkOf, CleansUpWhatACrashBetweenWriteAndRenameLeft) {
  write(root_ / ".berlin-1-2016-03-27-r1.json.tmp", "half of");
  write(root_ / ".berlin-1-2016-03-20-r7.json.tmp", "half of");
  const std::set<std::string> foreign = {".berlin-1-b-2016-03-27-r1.json.tmp",
                                         ".berlin-10-2016-03-27-r1.json.tmp",
                                         ".other",
                                         "berlin-1-notes.txt",
                                         ".berlin-1-",
                                         ".berlin-1-.json.tmp"};
  for (const std::string& name : foreign) write(root_ / name, "mine");
  FileSink sink("archive", root_.string());
  EXPECT_EQ(SinkAnswer::Kind::kDelivered, sink.deliver(delivery(1, "one\n")).kind);
  std::set<std::string> expected = foreign;
  expected.insert("berlin-1-2016-03-27-r1.json");
  EXPECT_EQ(expected, files(root_));
}

TEST_F(FileSinkOf, SaysWhatIsInTheWayAndTriesAgain) {
  write(root_ / "out", "a file");
  FileSink sink("archive", (root_ / "out").string());
  const SinkAnswer answer = sink.deliver(delivery(1, "one\n"));
  EXPECT_EQ(SinkAnswer::Kind::kRetry, answer.kind);
  EXPECT_NE(std::string::npos, answer.note.find("a file is where a folder should be")) << answer.note;
  fs::remove(root_ / "out");
  EXPECT_EQ(SinkAnswer::Kind::kDelivered, sink.deliver(delivery(1, "one\n")).kind);
}

TEST_F(FileSinkOf, LeavesNothingBehindWhenTheDiskTakesOnlyHalf) {
  FileSink sink("archive", root_.string());
  rlimit old{};
  ASSERT_EQ(0, ::getrlimit(RLIMIT_FSIZE, &old));
  rlimit small = old;
  small.rlim_cur = 4096;
  auto old_handler = std::signal(SIGXFSZ, SIG_IGN);
  ASSERT_EQ(0, ::setrlimit(RLIMIT_FSIZE, &small));
  const SinkAnswer answer = sink.deliver(delivery(1, std::string(10000, 'x')));
  ::setrlimit(RLIMIT_FSIZE, &old);
  std::signal(SIGXFSZ, old_handler);
  EXPECT_EQ(SinkAnswer::Kind::kRetry, answer.kind);
  EXPECT_EQ(std::set<std::string>(), files(root_));
}

TEST_F(FileSinkOf, RefusesAGatewayThatLeavesTheFolder) {
  FileSink sink("archive", (root_ / "out").string());
  Delivery wrong = delivery(1, "one\n");
  wrong.gateway = "../x";
  EXPECT_EQ(SinkAnswer::Kind::kRefused, sink.deliver(wrong).kind);
}

}  // namespace
}  // namespace sluice
