// What commands say of readings that are on no day yet, and of days on which there are none.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/view_json.h"
#include "unit/audit/example_books.h"
#include "unit/ctl/command_fixture.h"

namespace sluice {
namespace {

using nlohmann::json;

class NoDayYet : public CommandFixture {
 protected:
  void hold(int readings) {
    ExampleBooks books(database(), std::chrono::hours(24 * 365));
    if (readings > 0) books.hold_for_the_clock(readings);
    books.finish();
  }
};

TEST_F(NoDayYet, ExportSaysWhatWaitsForTheClock) {
  hold(51);
  EXPECT_EQ(kExitFine, run(command("export")));
  EXPECT_EQ("time,sensor,value,unit,flags\n", out_.str());
  EXPECT_TRUE(warns("51 readings wait for the clock")) << err_.str();
  EXPECT_TRUE(warns("clock.trust")) << err_.str();
}

TEST_F(NoDayYet, NothingIsSaidWhereNothingWaits) {
  hold(0);
  EXPECT_EQ(kExitFine, run(command("export"))) << err_.str();
  EXPECT_EQ("0 readings\n", err_.str());
  EXPECT_EQ(kExitFine, run(command("audit")));
  EXPECT_TRUE(says("the books are empty\n")) << out_.str();
  EXPECT_FALSE(says("clock")) << out_.str();
}

TEST_F(NoDayYet, AuditSaysWhatWaitsForTheClock) {
  hold(1);
  EXPECT_EQ(kExitFine, run(command("audit")));
  EXPECT_TRUE(says("nothing is booked on a day yet\n1 reading waits for the clock")) << out_.str();
  EXPECT_FALSE(says("empty")) << out_.str();
  EXPECT_EQ(kExitFine, run(command("audit", "", true)));
  EXPECT_EQ(1, json::parse(out_.str())["waiting_for_clock"]);
}

TEST_F(NoDayYet, TheApiSaysWhatWaitsForTheClock) {
  hold(3);
  auto view = std::move(StoreView::open(database(), "", Calendar::load("UTC").value(), OnStore()).value());
  const json page = json::parse(readings_json(*view, ReadingsQuery{"", 0, 1775000000000}).value());
  EXPECT_EQ(0u, page["readings"].size());
  EXPECT_EQ(3, page["waiting_for_clock"]);
}

TEST_F(NoDayYet, AuditOfADayWithoutDataSaysSo) {
  ExampleBooks books(database(), std::chrono::hours(24 * 365));
  books.write();
  books.finish();
  CommandLine line = command("audit");
  line.day = ExampleBooks::day(-5);
  EXPECT_EQ(kExitFine, run(line));
  EXPECT_TRUE(says("nothing was booked on 2026-03-22\n")) << out_.str();
  EXPECT_FALSE(says("empty")) << out_.str();
}

}  // namespace
}  // namespace sluice
