// Commands of a user whom the gateway's folders do not let in: in a process of its own.
#include <grp.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>

#include "unit/audit/example_books.h"
#include "unit/ctl/command_fixture.h"

namespace sluice {
namespace {

constexpr uid_t kNobody = 65534;
constexpr gid_t kTheirGroup = 1;  // on every Debian: daemon

class Permissions : public CommandFixture {
 protected:
  void SetUp() override {
    ExampleBooks books(database(), std::chrono::hours(24 * 365));
    books.finish();
    ASSERT_EQ(0, ::chmod(folder_.path().c_str(), 0755));
    ASSERT_EQ(0, ::chmod(config_.c_str(), 0644));
    if (root_) {
      ASSERT_EQ(0, ::chown(folder_.path().c_str(), 0, kTheirGroup));
    }
  }
  // A folder of which a stranger sees only that it is there; everything in it is there too.
  std::string closed_folder() {
    const std::string path = folder_.file("closed");
    std::filesystem::create_directory(path);
    std::filesystem::copy_file(database(), path + "/sluice.db");
    std::ofstream(path + "/api.sock");
    if (root_) {
      EXPECT_EQ(0, ::chown(path.c_str(), 0, kTheirGroup));
    }
    EXPECT_EQ(0, ::chmod(path.c_str(), root_ ? 0750 : 0));
    return path;
  }
  CommandLine in_closed_folder(CommandLine line) {
    const std::string path = closed_folder();
    line.config =
        folder_.write("closed.yaml", "gateway: { id: test, state_dir: " + path + ", runtime_dir: " + path +
                                         " }\nreadings: [ { topic: \"a/#\" } ]\n");
    EXPECT_EQ(0, ::chmod(line.config.c_str(), 0644));
    return line;
  }
  // What the command says on both streams.
  std::string told(const CommandLine& line, int exit_code) {
    const std::string file = folder_.file("told");
    const pid_t child = ::fork();
    if (child == 0) {
      std::ofstream out(file);
      if (root_ && (::setgroups(0, nullptr) != 0 || ::setgid(kNobody) != 0 || ::setuid(kNobody) != 0))
        ::_exit(99);
      const int code = run(line);
      out << out_.str() << err_.str() << std::flush;
      ::_exit(code);
    }
    int status = 0;
    EXPECT_EQ(child, ::waitpid(child, &status, 0));
    EXPECT_EQ(exit_code, WEXITSTATUS(status));
    std::ifstream in(file);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  static bool has(const std::string& text, const std::string& words) {
    return text.find(words) != std::string::npos;
  }

  const bool root_ = ::geteuid() == 0;
  const std::string join_ = root_ ? "join the group daemon (sudo adduser $USER daemon" : "sudo";
};

TEST_F(Permissions, StatusIsUnknownToAUserWhoMayNotAsk) {
  start_daemon();
  ASSERT_EQ(0, ::chmod(folder_.path().c_str(), 0777));
  ASSERT_EQ(0, ::chmod(database().c_str(), 0666));
  if (root_) {
    ASSERT_EQ(0, ::chown(folder_.file("api.sock").c_str(), 0, kTheirGroup));
  }
  ASSERT_EQ(0, ::chmod(folder_.file("api.sock").c_str(), 0));
  const std::string text = told(command("status"), kExitUnreachable);
  EXPECT_TRUE(has(text, "unknown")) << text;
  EXPECT_TRUE(has(text, join_)) << text;
  EXPECT_FALSE(has(text, "systemctl")) << text;
}

TEST_F(Permissions, AClosedFolderIsNotOneWithoutADatabase) {
  const std::string text = told(in_closed_folder(command("audit")), kExitFindings);
  EXPECT_TRUE(has(text, "you may not read " + folder_.file("closed/sluice.db"))) << text;
  EXPECT_TRUE(has(text, join_)) << text;
  EXPECT_FALSE(has(text, "there is no")) << text;
}

TEST_F(Permissions, WhoMayNotAskIsToldThatAlone) {
  const std::string text = told(in_closed_folder(command("status")), kExitUnreachable);
  EXPECT_TRUE(has(text, "you may not use " + folder_.file("closed/api.sock"))) << text;
  EXPECT_TRUE(has(text, join_)) << text;
  EXPECT_FALSE(has(text, "sluice.db")) << text;
}

}  // namespace
}  // namespace sluice
