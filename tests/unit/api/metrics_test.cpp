#include "api/metrics.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <sstream>

#include "unit/api/example_status.h"

namespace sluice {
namespace {

// The text exposition format, as far as counters and gauges use it. Every sample must follow the HELP and
// TYPE lines of its family.
struct Exposition {
  std::map<std::string, std::string> types;
  std::map<std::string, double> samples;  // by name{labels}
  std::string complaint;

  explicit Exposition(const std::string& text) {
    std::istringstream lines(text);
    std::string line, family;
    std::set<std::string> helped;
    while (complaint.empty() && std::getline(lines, line)) {
      std::istringstream words(line);
      std::string hash, keyword, name;
      if (line.starts_with("# HELP ")) {
        words >> hash >> keyword >> name;
        helped.insert(name);
      } else if (line.starts_with("# TYPE ")) {
        words >> hash >> keyword >> name >> types[name];
        family = name;
        if (types.at(name) != "counter" && types.at(name) != "gauge") complaint = "type: " + line;
      } else {
        const std::size_t space = line.rfind(' ');
        const std::string series = line.substr(0, space);
        std::size_t used = 0;
        samples[series] = std::stod(line.substr(space + 1), &used);
        if (series.substr(0, series.find('{')) != family || !helped.contains(family) ||
            used != line.size() - space - 1) {
          complaint = "sample: " + line;
        }
      }
    }
    if (text.empty() || text.back() != '\n') complaint = "no newline at the end";
  }
};

class Metrics : public ::testing::Test {
 protected:
  void SetUp() override {
    metrics_.status = example_status();
    for (std::size_t i = 0; i < kCounterCount; ++i) metrics_.totals.values[i] = 1000 + i;
  }
  MetricsSnapshot metrics_;
};

TEST_F(Metrics, AreValidExpositionText) {
  Exposition read(metrics_text(metrics_));
  EXPECT_EQ("", read.complaint);
  EXPECT_GT(read.samples.size(), 50u);
}

TEST_F(Metrics, ExportEveryLedgerCounterUnderItsName) {
  Exposition read(metrics_text(metrics_));
  for (std::size_t i = 0; i < kCounterCount; ++i) {
    const std::string name(counter_name(static_cast<Counter>(i)));
    const std::size_t slash = name.find('/');
    const std::string series =
        slash == std::string::npos
            ? "sluice_" + name + "_total"
            : "sluice_" + name.substr(0, slash) + "_total{reason=\"" + name.substr(slash + 1) + "\"}";
    ASSERT_TRUE(read.samples.contains(series)) << series;
    EXPECT_EQ(1000.0 + static_cast<double>(i), read.samples[series]) << series;
    EXPECT_EQ("counter", read.types[series.substr(0, series.find('{'))]);
  }
}

TEST_F(Metrics, HaveTheNamesThatToolsDependOn) {
  metrics_.resident_bytes = 12345678;
  Exposition read(metrics_text(metrics_));
  EXPECT_EQ(4096, read.samples["sluice_journal_bytes"]);
  EXPECT_EQ(123456, read.samples["sluice_store_write_bytes_total"]);
  EXPECT_EQ(5, read.samples["sluice_outbox_items"]);
  EXPECT_EQ(1, read.samples["sluice_broker_connected"]);
  EXPECT_EQ(0.0015, read.samples["sluice_broker_roundtrip_seconds"]);
  EXPECT_EQ(2, read.samples["sluice_alerts_firing"]);
  EXPECT_EQ(0, read.samples["sluice_derived_not_finite_total"]);
  EXPECT_EQ(3, read.samples["sluice_figures_not_finite_total"]);
  EXPECT_EQ(12345678, read.samples["process_resident_memory_bytes"]);
}

TEST_F(Metrics, TellWhichAlertsAboutTheGatewayStand) {
  metrics_.gateway_alerts = {{"disk-full", true}, {"broker-down", false}};
  Exposition read(metrics_text(metrics_));
  EXPECT_EQ("", read.complaint);
  EXPECT_EQ(1, read.samples.at("sluice_gateway_alert{name=\"disk-full\"}"));
  EXPECT_EQ(0, read.samples.at("sluice_gateway_alert{name=\"broker-down\"}"));
}

TEST_F(Metrics, KeepLargeCountsExact) {
  metrics_.totals[Counter::kReadingsStored] = 9007199254740991;
  EXPECT_EQ(9007199254740991.0, Exposition(metrics_text(metrics_)).samples["sluice_readings_stored_total"]);
}

TEST_F(Metrics, TellWhatTheProcessUses) {
  read_process_facts(metrics_);
  EXPECT_GT(metrics_.resident_bytes, 1u << 20);
}

}  // namespace
}  // namespace sluice
