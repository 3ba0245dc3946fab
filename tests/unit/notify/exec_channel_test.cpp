// Real programs: scripts that the tests write.
#include "alert/exec_channel.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <fstream>

#include "alert/event_json.h"
#include "example_event.h"
#include "io/posix_program_runner.h"
#include "support/eventually.h"
#include "support/temp_folder.h"

namespace sluice {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

class ExecChannelOf : public ::testing::Test {
 protected:
  std::string file(const std::string& name) const { return folder_.file(name); }
  std::string contents(const std::string& name) const { return test::read_file(file(name)); }
  // A script beside which $here is the test's folder.
  std::string script(const std::string& name, const std::string& body) {
    std::ofstream(file(name)) << "#!/bin/sh\nhere='" << folder_.path().string() << "'\n" << body << "\n";
    ::chmod(file(name).c_str(), 0755);
    return file(name);
  }
  std::vector<ChannelAnswer> tell(std::vector<std::string> command, std::vector<AlertEvent> events,
                                  milliseconds timeout = minutes(1)) {
    ExecSettings settings;
    settings.command = std::move(command);
    settings.timeout = timeout;
    ExecChannel channel(runner_, log_, settings, "balcony", {"PATH=/usr/bin:/bin"});
    return channel.deliver_all(events);
  }
  Status tell_one(const std::string& body, milliseconds timeout = minutes(1)) {
    return tell({script("tell", body)}, {example_event()}, timeout).front().status;
  }
  test::TempFolder folder_;
  Log log_{LogLevel::kError, Log::Style::kPlain};
  PosixProgramRunner runner_;
};

TEST_F(ExecChannelOf, GivesTheEventOnStandardInputAndInTheEnvironment) {
  ASSERT_TRUE(tell_one("cat > $here/input; env | sort > $here/env").ok());
  EXPECT_EQ(event_to_json(example_event(), "balcony") + "\n", contents("input"));
  const std::string environment = contents("env");
  for (const char* line :
       {"SLUICE_ALERT_NAME=too-hot\n", "SLUICE_ALERT_SENSOR=sensors/attic/temperature\n",
        "SLUICE_ALERT_STATE=firing\n", "SLUICE_ALERT_SEVERITY=critical\n", "SLUICE_ALERT_VALUE=31.5\n",
        "SLUICE_ALERT_THRESHOLD=28\n", "SLUICE_ALERT_UNIT=°C\n", "SLUICE_ALERT_GATEWAY=balcony\n",
        "SLUICE_ALERT_SINCE=2026-03-01T12:00:00.000Z\n", "SLUICE_ALERT_AT=2026-03-01T12:00:00.000Z\n"}) {
    EXPECT_NE(std::string::npos, environment.find(line)) << line << environment;
  }
  EXPECT_NE(std::string::npos, environment.find("SLUICE_ALERT_ID=" + example_event().id));
}

TEST_F(ExecChannelOf, AsksNoShell) {
  ASSERT_TRUE(tell({script("tell", "printf '%s|' \"$@\" > $here/arguments"), "a b", "$(id)", "*", ""},
                   {example_event()})
                  .front()
                  .status.ok());
  EXPECT_EQ("a b|$(id)|*||", contents("arguments"));
}

TEST_F(ExecChannelOf, TakesItsExitStatusForTheAnswer) {
  EXPECT_TRUE(tell_one("exit 0").ok());
  Status again = tell_one("echo 'mail queue is full' >&2; exit 75");
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(ErrorCode::kUnavailable, again.error().code);
  EXPECT_NE(std::string::npos, again.error().context.find("mail queue is full")) << again.error().context;
  for (const char* body : {"exit 1", "exit 74", "exit 255"}) {
    Status refused = tell_one(body);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(ErrorCode::kRefused, refused.error().code) << body;
  }
  Status killed = tell_one("kill -KILL $$");
  ASSERT_FALSE(killed.ok());
  EXPECT_EQ(ErrorCode::kUnavailable, killed.error().code);
}

TEST_F(ExecChannelOf, WaitsForAProgramThatIsNotThereYet) {
  Status missing = tell({file("absent")}, {example_event()}).front().status;
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(ErrorCode::kUnavailable, missing.error().code);
  EXPECT_NE(std::string::npos, missing.error().context.find("No such file")) << missing.error().context;
  std::ofstream(file("plain")) << "exit 0\n";
  EXPECT_FALSE(tell({file("plain")}, {example_event()}).front().status.ok());
}

TEST_F(ExecChannelOf, EndsTheWholeProcessGroupAtTheTimeLimit) {
  // The grandchild outlives a SIGTERM to its parent alone; the parent ignores it.
  Status late = tell_one(
      "trap '' TERM\n(trap 'echo ended > $here/grandchild; exit' TERM; while :; do sleep 0.05; done) &\n"
      "echo $! > $here/pid\nwhile :; do sleep 0.05; done",
      milliseconds(400));
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(ErrorCode::kUnavailable, late.error().code);
  EXPECT_NE(std::string::npos, late.error().context.find("time limit")) << late.error().context;
  const int pid = std::stoi(contents("pid"));
  EXPECT_TRUE(test::eventually([&] { return ::kill(pid, 0) != 0; }));
}

TEST_F(ExecChannelOf, KeepsTheBeginningOfAnEndlessOutput) {
  ProgramRun run;
  run.argv = {script("loud", "echo first; exec yes")};
  run.environment = {"PATH=/usr/bin:/bin"};
  run.timeout = milliseconds(300);
  auto ends = runner_.run_all({run});
  ASSERT_TRUE(ends.front().ok());
  EXPECT_TRUE(ends.front()->timed_out);
  EXPECT_EQ(PosixProgramRunner::kOutputBytesMax, ends.front()->output.size());
  EXPECT_TRUE(ends.front()->output.starts_with("first\ny\n"));
}

TEST_F(ExecChannelOf, DoesNotWaitForWhatAProgramLeavesRunning) {
  // The one left behind holds the output open until it is let go.
  ASSERT_EQ(0, ::mkfifo(file("gate").c_str(), 0600));
  EXPECT_TRUE(tell_one("(read x < $here/gate) &\nexit 0").ok());
  std::ofstream(file("gate")) << "go\n";
}

TEST_F(ExecChannelOf, RunsSeveralAtATime) {
  // Each waits for the other: one after another would never end.
  const std::string body =
      "mkdir -p $here/met; : > \"$here/met/$SLUICE_ALERT_SENSOR\"\n"
      "while [ ! -e $here/met/a -o ! -e $here/met/b ]; do sleep 0.02; done";
  for (const ChannelAnswer& answer : tell({script("meet", body)}, {example_event("a"), example_event("b")})) {
    EXPECT_TRUE(answer.status.ok());
  }
}

TEST_F(ExecChannelOf, TakesTheNextAsSoonAsOneHasEnded) {
  // The first ends once the third has run: never, if the third had to wait for it.
  const std::string body =
      "[ $1 = 3 ] && : > $here/third\n[ $1 != 1 ] && exit\nwhile [ ! -e $here/third ]; do sleep 0.02; done";
  const std::string program = script("chain", body);
  int begun = 0;
  std::vector<std::size_t> ended;
  runner_.run({2,
               [&]() -> std::optional<ProgramRun> {
                 if (begun == 3) return std::nullopt;
                 ProgramRun run;
                 run.argv = {program, std::to_string(++begun)};
                 run.environment = {"PATH=/usr/bin:/bin"};
                 run.timeout = minutes(1);
                 return run;
               },
               [&](std::size_t i, const Result<ProgramEnd>& end) {
                 EXPECT_TRUE(end.ok() && !end->timed_out);
                 ended.push_back(i);
               }});
  ASSERT_EQ(3U, ended.size());
  EXPECT_EQ(1U, ended.front());  // the first and the third end in either order
}

TEST_F(ExecChannelOf, LetsAProgramInheritNothingButItsOwnFiles) {
  // As libraries leave theirs: without FD_CLOEXEC.
  int ends[2];
  ASSERT_EQ(0, ::pipe(ends));
  ASSERT_TRUE(tell_one("ls /proc/self/fd | sort -n | tr '\\n' ' ' > $here/open").ok());
  ::close(ends[0]);
  ::close(ends[1]);
  EXPECT_EQ("0 1 2 3 ", contents("open"));  // 3: of ls, the folder that it lists
}

TEST_F(ExecChannelOf, GivesAProgramItsSignalsBack) {
  sigset_t term;
  sigemptyset(&term);
  sigaddset(&term, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &term, nullptr);
  auto old = std::signal(SIGPIPE, SIG_IGN);
  Status by_term = tell_one("kill -TERM $$; exit 0");
  Status by_pipe = tell_one("kill -PIPE $$; exit 0");
  std::signal(SIGPIPE, old);
  pthread_sigmask(SIG_UNBLOCK, &term, nullptr);
  ASSERT_FALSE(by_term.ok());
  ASSERT_FALSE(by_pipe.ok());
  EXPECT_NE(std::string::npos, by_term.error().context.find("by signal 15")) << by_term.error().context;
  EXPECT_NE(std::string::npos, by_pipe.error().context.find("by signal 13")) << by_pipe.error().context;
}

TEST_F(ExecChannelOf, EndsItsProgramsSoonOnceTheGatewayStops) {
  std::atomic<bool> stopping{true};
  PosixProgramRunner runner(&stopping);
  ProgramRun run;
  run.argv = {script("slow", "while :; do sleep 0.05; done")};
  run.environment = {"PATH=/usr/bin:/bin"};
  run.timeout = minutes(10);
  auto ends = runner.run_all({run});
  ASSERT_TRUE(ends.front().ok());
  EXPECT_TRUE(ends.front()->timed_out);
}

TEST_F(ExecChannelOf, FillsNoPlaceAgainOnceTheGatewayStops) {
  std::atomic<bool> stopping{true};
  PosixProgramRunner runner(&stopping);
  ProgramRun run;
  run.argv = {script("quick", "exit 0")};
  run.environment = {"PATH=/usr/bin:/bin"};
  int given = 0;
  runner.run({1,
              [&]() -> std::optional<ProgramRun> {
                if (++given > 5) return std::nullopt;
                return run;
              },
              [](std::size_t, const Result<ProgramEnd>&) {}});
  EXPECT_EQ(1, given);
}

TEST_F(ExecChannelOf, BeginsNoProgramInAReloadAndEndsAtOnceWhatRuns) {
  std::atomic<bool> hurry{false};
  PosixProgramRunner runner(nullptr, &hurry);
  ProgramRun run;
  run.argv = {script("deaf", "trap '' TERM\nwhile :; do sleep 0.05; done")};
  run.environment = {"PATH=/usr/bin:/bin"};
  run.timeout = minutes(10);
  int given = 0;
  bool ended = false;
  runner.run({1,
              [&]() -> std::optional<ProgramRun> {
                hurry = true;
                ++given;
                return run;
              },
              [&](std::size_t, const Result<ProgramEnd>& end) { ended = end.ok() && end->cut_off; }});
  EXPECT_EQ(1, given);
  EXPECT_TRUE(ended);
  EXPECT_FALSE(runner.run_all({run}).front().ok());
}

}  // namespace
}  // namespace sluice
