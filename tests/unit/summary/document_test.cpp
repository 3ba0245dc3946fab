#include "summary/document.h"

#include <gtest/gtest.h>

#include "base/sha256.h"

namespace sluice {
namespace {

class Document : public ::testing::Test {
 protected:
  void SetUp() override {
    view_.gateway = "berlin-1";
    view_.day = parse_date("2016-03-27").value();
    view_.timezone = "Europe/Berlin";
    view_.from_ms = 1459033200000;
    view_.to_ms = 1459116000000;
    view_.revision = 2;
    view_.complete = true;
    view_.counts = {3, 1, 1, 2, 0};
    view_.changes = {-1, 2, 0, 0, 0, 3};
    view_.digest = sha256_hex("");
    SummaryView::Sensor sensor;
    sensor.sensor = "sensors/\"käse\"\n/\xF0\x9F\xA7\x80";
    sensor.unit = "°C";
    sensor.labels = {{"site", "berlin"}, {"room", "a\\b"}};
    sensor.count = 3;
    sensor.min = -0.1;
    sensor.max = 1e22;
    sensor.mean = 1.0 / 3.0;
    sensor.stddev = 5e-324;
    sensor.p50 = 123456789012345680.0;
    sensor.coverage = 0.75;
    sensor.longest_gap_s = 61.25;
    sensor.min_at_ms = sensor.max_at_ms = view_.from_ms + 1;
    sensor.kind = SensorKind::kState;
    sensor.sum = 1e300;
    sensor.time_weighted_mean = 0.1;
    sensor.increase = {7.5, 2};
    sensor.states = StateTimes{3, {{0, 1500}, {2.5, 86400000}}, 250};
    sensor.in_alert_by_rule_s = {{"too-hot", 1.5}, {"frost", 0}};
    sensor.hours = std::vector<HourRow>{{2, -1, 0.5, 2}, {}};
    view_.sensors.push_back(sensor);
    view_.sensors.emplace_back().sensor = "z";  // of a document in which nothing more was chosen
    view_.alerts.push_back(
        {"00f1", "too-hot", sensor.sensor, "critical", view_.from_ms - 5, std::nullopt, 28.5, 28});
    view_.alerts.push_back(
        {"00f2", "too-hot", sensor.sensor, "warning", view_.from_ms, view_.to_ms - 1, 28.5, 28});
  }
  SummaryView view_;
};

TEST_F(Document, ReadsBackAsItWasWritten) {
  const std::string body = summary_to_json(view_);
  auto read = summary_from_json(body);
  ASSERT_TRUE(read.ok()) << read.error().context;
  EXPECT_EQ(body, summary_to_json(*read));
  EXPECT_EQ(view_.sensors[0].sensor, read->sensors.at(0).sensor);
  EXPECT_EQ(view_.sensors[0].stddev, read->sensors.at(0).stddev);
  EXPECT_EQ(view_.sensors[0].labels, read->sensors.at(0).labels);
  EXPECT_EQ(view_.counts.rejected, read->counts.rejected);
  EXPECT_EQ(-1, read->changes->stored);
  EXPECT_EQ(SensorKind::kState, read->sensors.at(0).kind);
  EXPECT_EQ(view_.sensors[0].states, read->sensors.at(0).states);
  EXPECT_EQ(view_.sensors[0].hours, read->sensors.at(0).hours);
  EXPECT_FALSE(read->sensors.at(1).states.has_value());
  EXPECT_FALSE(read->sensors.at(1).hours.has_value());
  EXPECT_FALSE(read->alerts.at(0).until_ms.has_value());
  EXPECT_EQ(view_.to_ms - 1, read->alerts.at(1).until_ms);
}

TEST_F(Document, WritesTheShortestNumberThatReadsBack) {
  const std::string body = summary_to_json(view_);
  EXPECT_NE(std::string::npos, body.find("\"min\":-0.1,"));
  EXPECT_NE(std::string::npos, body.find("\"max\":1e+22,"));
  EXPECT_NE(std::string::npos, body.find("\"mean\":0.3333333333333333,"));
  EXPECT_NE(std::string::npos, body.find("\"stddev\":5e-324,"));
}

TEST_F(Document, StaysJsonWhateverASensorIsCalled) {
  for (const char* name :
       {"\xFF", "a\xC3", "\xED\xA0\x80", "\xF5\x80\x80\x80", "\xC0\x80", "\x01\x7F", "\xE2\x82"}) {
    view_.sensors[0].sensor = name;
    EXPECT_TRUE(summary_from_json(summary_to_json(view_)).ok()) << name;
  }
}

TEST_F(Document, HasAKeyThatNamesItsContent) {
  const std::string body = summary_to_json(view_);
  EXPECT_EQ("berlin-1/2016-03-27/2/" + sha256_hex(body).substr(0, 16), summary_key(view_, body));
}

TEST_F(Document, SaysWhatIsMissingOrWrong) {
  const std::string body = summary_to_json(view_);
  auto without = [&](const std::string& old, const std::string& replacement) {
    std::string changed = body;
    const std::size_t at = changed.find(old);
    EXPECT_NE(std::string::npos, at) << old;
    changed.replace(at, old.size(), replacement);
    auto read = summary_from_json(changed);
    return read.ok() ? std::string() : read.error().context;
  };
  EXPECT_NE(std::string::npos, without("\"digest\"", "\"digset\"").find("has no \"digest\""));
  EXPECT_NE(std::string::npos, without("\"p95\":0", "\"p95\":\"0\"").find("\"p95\" that is not a number"));
  EXPECT_NE(std::string::npos, without("2016-03-27\"", "2016-02-30\"").find("date"));
  EXPECT_NE(std::string::npos, without("sluice.summary/1", "sluice.summary/9").find("sluice.summary/9"));
  EXPECT_NE(std::string::npos, without("\"revision\":2", "\"revision\":99999999999").find("revision"));
  EXPECT_FALSE(summary_from_json("").ok());
  EXPECT_FALSE(summary_from_json("[]").ok());
  EXPECT_FALSE(summary_from_json(body.substr(0, body.size() / 2)).ok());
  EXPECT_EQ("", without("\"digest\"", "\"new\":1,\"digest\""))
      << "members of a later version are passed over";
}

}  // namespace
}  // namespace sluice
