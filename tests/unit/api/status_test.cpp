#include "api/status.h"

#include <gtest/gtest.h>

#include "unit/api/example_status.h"

namespace sluice {
namespace {

bool holds(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

class StatusOf : public ::testing::Test {
 protected:
  StatusSnapshot status_ = example_status();
};

TEST_F(StatusOf, ComesBackFromItsJsonAsItWas) {
  const std::string json = status_to_json(status_);
  Result<StatusSnapshot> back = status_from_json(json);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(json, status_to_json(*back));
  EXPECT_EQ(status_to_text(status_), status_to_text(*back));
  EXPECT_EQ(0.0015, back->broker.round_trip_s);
}

TEST_F(StatusOf, KeepsWhatIsNotKnownApartFromZero) {
  status_.broker.round_trip_s.reset();
  status_.intake.last_message_age_ms.reset();
  StatusSnapshot back = *status_from_json(status_to_json(status_));
  EXPECT_FALSE(back.broker.round_trip_s.has_value());
  EXPECT_FALSE(back.intake.last_message_age_ms.has_value());
  EXPECT_TRUE(holds(status_to_text(back), "the last never"));
}

TEST_F(StatusOf, ReadsTheStatusOfAnotherVersionAsFarAsItGoes) {
  StatusSnapshot older = *status_from_json(R"({"gateway":"x","broker":{"state":"up"},"new":{"member":1}})");
  EXPECT_EQ("x", older.gateway);
  EXPECT_EQ("up", older.broker.state);
  for (const char* wrong : {"", "[]", "{", R"({"gateway":7})", R"({"intake":{"messages":"many"}})"}) {
    EXPECT_FALSE(status_from_json(wrong).ok()) << wrong;
  }
}

TEST_F(StatusOf, SaysEachProblemWithWhatToDo) {
  const std::string text = status_to_text(status_);
  EXPECT_TRUE(holds(text, "1 problem:"));
  EXPECT_TRUE(holds(text, "- the broker refused the filter \"secret/#\"\n    → allow it in the broker's"));
  status_.problems.clear();
  EXPECT_TRUE(holds(status_to_text(status_), "no problems"));
}

TEST_F(StatusOf, ShowsWhatAPersonAsksFor) {
  const std::string text = status_to_text(status_);
  for (const char* part :
       {"balcony, sluice 0.1.0", "running for 1h2m", ", reloaded 2m1s ago",
        "up for 1m40s, round trip 1.5 ms, session kept", "refused secret/#", "1234 messages since the reload",
        "4.0 KiB of 16.0 MiB used, durability power", "12 sensors, 2 alerts",
        "1000000 rows, 70.0 MiB, last commit 4s ago", "newest summary 2026-02-28, 1 day",
        "5 waiting, the oldest for 2h", "trusted, synchronised", "9.0 MiB free", "21.0 MiB resident",
        "mqtt tls.ca good for 90 days; sink cloud tls.cert has expired; channel ops tls.ca cannot be read"}) {
    EXPECT_TRUE(holds(text, part)) << part << "\n" << text;
  }
}

TEST_F(StatusOf, CountsSinceTheStartWhereNothingWasReloaded) {
  status_.generation = 1;
  const std::string text = status_to_text(status_);
  EXPECT_TRUE(holds(text, "1234 messages since start"));
  EXPECT_FALSE(holds(text, "reload"));
}

TEST(Bytes, AreWrittenInTheUnitThatFits) {
  EXPECT_EQ("0 B", format_bytes(0));
  EXPECT_EQ("1023 B", format_bytes(1023));
  EXPECT_EQ("1.0 KiB", format_bytes(1024));
  EXPECT_EQ("2.5 GiB", format_bytes(5ull << 29));
}

}  // namespace
}  // namespace sluice
