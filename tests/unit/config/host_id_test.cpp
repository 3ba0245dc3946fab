#include "config/host_id.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "support/temp_folder.h"

namespace sluice {
namespace {

class HostId : public ::testing::Test {
 protected:
  void put(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(root_ + name).parent_path());
    std::ofstream(root_ + name) << text;
  }
  void add_card(const std::string& name, const std::string& address, bool hardware) {
    put("/sys/class/net/" + name + "/address", address + "\n");
    if (hardware) put("/sys/class/net/" + name + "/device/vendor", "x");
  }
  test::TempFolder temp_;
  const std::string root_ = temp_.path().string();
};

TEST_F(HostId, IsTheHostNameWhereSomebodyChoseOne) {
  put("/proc/device-tree/serial-number", std::string("10000000a1b2c3d4") + '\0');
  EXPECT_EQ("cellar-pi", id_of_host("Cellar Pi", root_));
  EXPECT_EQ("raspberrypi-2", id_of_host("raspberrypi-2", root_));
}

TEST_F(HostId, TakesDigitsOfTheProcessorWhereTheNameIsThatOfEveryFreshSystem) {
  put("/proc/device-tree/serial-number", std::string("10000000A1B2C3D4") + '\0');
  add_card("eth0", "dc:a6:32:01:02:03", true);
  EXPECT_EQ("raspberrypi-b2c3d4", id_of_host("raspberrypi", root_));
  EXPECT_EQ("gateway-b2c3d4", id_of_host("", root_));
}

TEST_F(HostId, TakesDigitsOfTheFirstNetworkCardWithoutASerialNumber) {
  put("/proc/device-tree/serial-number", "0000000000000000");
  add_card("docker0", "02:42:ac:11:00:02", false);
  add_card("eth0", "dc:a6:32:01:02:03", true);
  add_card("wlan0", "dc:a6:32:0a:0b:0c", true);
  EXPECT_EQ("debian-010203", id_of_host("debian", root_));
}

TEST_F(HostId, IsTheNameAloneWhereTheMachineHasNeither) {
  add_card("lo", "00:00:00:00:00:00", false);
  EXPECT_EQ("debian", id_of_host("debian", root_));
  EXPECT_EQ("gateway", id_of_host("***", root_));
}

}  // namespace
}  // namespace sluice
