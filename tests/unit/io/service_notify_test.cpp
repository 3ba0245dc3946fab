#include "io/service_notify.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>

#include "support/temp_folder.h"

namespace sluice {
namespace {

// The service manager's side of sd_notify(3): a datagram socket.
class ServiceManager : public ::testing::Test {
 protected:
  void SetUp() override {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::string path = folder_.file("notify");
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(0, ::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address));
    ::setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  void TearDown() override {
    ::unsetenv("NOTIFY_SOCKET");
    ::close(fd_);
  }
  std::string told() {
    char buffer[512];
    ssize_t n = ::recv(fd_, buffer, sizeof buffer, MSG_DONTWAIT);
    return n < 0 ? "" : std::string(buffer, static_cast<std::size_t>(n));
  }
  test::TempFolder folder_;
  int fd_ = -1;
  ServiceNotify notify_;
};

TEST_F(ServiceManager, IsToldEachStage) {
  notify_.ready("up");
  EXPECT_EQ("READY=1\nSTATUS=up", told());
  notify_.status("12 sensors");
  EXPECT_EQ("STATUS=12 sensors", told());
  notify_.watchdog();
  EXPECT_EQ("WATCHDOG=1", told());
  notify_.still_starting();
  EXPECT_EQ("WATCHDOG=1\nEXTEND_TIMEOUT_USEC=60000000", told());
  notify_.reloading();
  EXPECT_EQ(0u, told().find("RELOADING=1\nMONOTONIC_USEC="));
  notify_.stopping("draining");
  EXPECT_EQ("STOPPING=1\nSTATUS=draining", told());
}

TEST_F(ServiceManager, CannotBeToldAnythingElseThroughAStatus) {
  notify_.status("broker said:\nWATCHDOG=trigger");
  EXPECT_EQ("STATUS=broker said: WATCHDOG=trigger", told());
}

TEST_F(ServiceManager, MayBeAbsent) {
  ::unsetenv("NOTIFY_SOCKET");
  notify_.ready("up");
  EXPECT_EQ("", told());
}

}  // namespace
}  // namespace sluice
