// The whole gateway as a process of its own, between a broker that says only what the test wants and the
// signals of a service manager.
#include "app/runtime.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <filesystem>
#include <set>
#include <thread>

#include "app/view_json.h"
#include "store/view.h"
#include "support/eventually.h"
#include "support/temp_folder.h"

namespace sluice {
namespace {

// MQTT 3.1.1 by hand, for the one connection of intake; that of the alerts is closed at once.
class ScriptedBroker {
 public:
  static constexpr int kPuback = 4, kSubscribe = 8;

  ScriptedBroker() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    EXPECT_EQ(0, ::bind(listener_, reinterpret_cast<sockaddr*>(&address), size));
    EXPECT_EQ(0, ::listen(listener_, 8));
    EXPECT_EQ(0, ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size));
    port_ = ntohs(address.sin_port);
  }
  ~ScriptedBroker() {
    ::shutdown(listener_, SHUT_RDWR);
    if (doorman_.joinable()) doorman_.join();
    if (peer_ >= 0) ::close(peer_);
    ::close(listener_);
  }
  int port() const { return port_; }
  // Returns when intake has asked to be let in.
  bool open_the_door() {
    doorman_ = std::thread([this] {
      for (int fd; (fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC)) >= 0;) {
        std::string body;
        const bool intake =
            read_packet(fd, test::kLongEnough, body) && body.find("-alerts") == std::string::npos;
        if (!intake || peer_ >= 0) {
          ::close(fd);
        } else {
          peer_ = fd;
        }
      }
    });
    return test::eventually([this] { return peer_ >= 0; });
  }
  // The type of the next packet; 0: none came in time, or the connection has ended.
  int next(std::chrono::milliseconds patience) { return read_packet(peer_, patience, body_); }
  int packet_id() const {
    return static_cast<unsigned char>(body_[0]) << 8 | static_cast<unsigned char>(body_[1]);
  }
  // False: nobody is there any more.
  bool send(const std::string& bytes) {
    return ::send(peer_, bytes.data(), bytes.size(), MSG_NOSIGNAL) == static_cast<ssize_t>(bytes.size());
  }
  bool welcome(bool session_present) {
    return send(std::string("\x20\x02") + (session_present ? '\1' : '\0') + '\0');
  }
  bool publish(const std::string& topic, int packet_id, const std::string& payload) {
    const std::string body = '\0' + std::string(1, static_cast<char>(topic.size())) + topic +
                             static_cast<char>(packet_id >> 8) + static_cast<char>(packet_id & 0xff) +
                             payload;
    return send('\x32' + std::string(1, static_cast<char>(body.size())) + body);
  }

 private:
  static int read_packet(int fd, std::chrono::milliseconds patience, std::string& body) {
    pollfd wanted{fd, POLLIN, 0};
    unsigned char head[2] = {};
    if (::poll(&wanted, 1, static_cast<int>(patience.count())) != 1 || !take(fd, head, 2)) return 0;
    std::size_t length = head[1] & 0x7f;
    for (unsigned shift = 7; head[1] & 0x80; shift += 7) {
      if (!take(fd, head + 1, 1)) return 0;
      length += static_cast<std::size_t>(head[1] & 0x7f) << shift;
    }
    body.resize(length);
    return length == 0 || take(fd, body.data(), length) ? head[0] >> 4 : 0;
  }
  static bool take(int fd, void* to, std::size_t size) {
    return ::recv(fd, to, size, MSG_WAITALL) == static_cast<ssize_t>(size);
  }
  int listener_;
  int port_ = 0;
  std::atomic<int> peer_{-1};
  std::thread doorman_;
  std::string body_;
};

class ARuntime : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ =
        folder_.write("sluice.yaml", "gateway: { id: gw, timezone: UTC, state_dir: " + folder_.file("state") +
                                         ", runtime_dir: " + folder_.file("run") +
                                         " }\n"
                                         "mqtt: { broker: \"mqtt://127.0.0.1:" +
                                         std::to_string(broker_.port()) +
                                         "\", protocol: 3.1.1 }\n"
                                         "api: { listen: \"\" }\n"
                                         "notify: { none: { type: exec, command: [/bin/true] } }\n"
                                         "readings:\n  - { topic: \"s/+\", format: number }\n");
    Result<Settings> settings = load_settings(path_);
    ASSERT_TRUE(settings.ok()) << settings.error().context;
    child_ = ::fork();
    if (child_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    (void)!std::freopen(folder_.file("log").c_str(), "w", stderr);
    ::_exit(run_gateway(path_, *settings));
  }
  void TearDown() override {
    if (child_ <= 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  void signal(int number) { ASSERT_EQ(0, ::kill(child_, number)); }
  std::string log() const { return test::read_file(folder_.file("log")); }
  bool said(const std::string& what) const {
    return test::eventually([&] { return log().find(what) != std::string::npos; });
  }
  bool ends_well() {
    int status = -1;
    const bool ended = test::eventually([&] { return ::waitpid(child_, &status, WNOHANG) == child_; });
    if (ended) child_ = 0;
    return ended && status == 0;
  }
  std::uint64_t received() const {
    auto view = StoreView::open(folder_.file("state/sluice.db"), "", *Calendar::load("UTC"), {});
    return ledger_total(**view).value()[Counter::kMessagesReceived];
  }

  test::TempFolder folder_;
  ScriptedBroker broker_;
  std::string path_;
  pid_t child_ = 0;
};

TEST_F(ARuntime, EndsWhenItIsToldToWhileItReloads) {
  ASSERT_TRUE(broker_.open_the_door()) << log();
  ASSERT_TRUE(broker_.welcome(false));
  ASSERT_EQ(ScriptedBroker::kSubscribe, broker_.next(test::kLongEnough));
  int status = 0;
  signal(SIGSTOP);
  ASSERT_EQ(child_, ::waitpid(child_, &status, WUNTRACED));
  signal(SIGHUP);  // the lower number is read first
  signal(SIGTERM);
  signal(SIGCONT);
  EXPECT_TRUE(ends_well()) << log();
  EXPECT_NE(std::string::npos, log().find("reloading the configuration")) << log();
}

TEST_F(ARuntime, StoresWhatItAcknowledgesWhileItEnds) {
  ASSERT_TRUE(broker_.open_the_door()) << log();
  signal(SIGTERM);
  ASSERT_TRUE(said("stopping"));
  // Only now does the connection come about, with what the broker has kept for us.
  std::set<int> acknowledged;
  bool there = broker_.welcome(true);
  for (int id = 1; there && id < 20000; ++id) {
    there = broker_.publish("s/a", id, std::to_string(id));
    while (there && broker_.next(std::chrono::milliseconds(1)) == ScriptedBroker::kPuback) {
      acknowledged.insert(broker_.packet_id());
    }
  }
  EXPECT_TRUE(ends_well()) << log();
  std::filesystem::remove_all(folder_.file("run"));  // as a reboot does
  EXPECT_LE(acknowledged.size(), received()) << log();
}

}  // namespace
}  // namespace sluice
