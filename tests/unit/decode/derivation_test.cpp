#include "decode/derivation.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <random>

namespace sluice {
namespace {

using std::chrono::seconds;

constexpr SensorId kT = 1;
constexpr SensorId kRh = 2;
constexpr SensorId kOut = 3;
constexpr SensorId kMean = 4;
constexpr SensorId kGap = 5;

class DerivationOf : public ::testing::Test {
 protected:
  void SetUp() override {
    // `gap` hangs on `mean`, and stands before it.
    settings_ = {{"gap", "abs(m - o) / (o - 5)", "", {{"m", "mean", seconds(30)}, {"o", "out", seconds(20)}}},
                 {"mean", "(t + rh) / 2", "", {{"t", "t", seconds(10)}, {"rh", "rh", seconds(60)}}}};
  }
  Derivation derivation(const std::map<SensorId, SensorLast>& last = {}) const {
    Derivation made(settings_, seconds(600));
    SensorId id = 0;
    for (const char* name : {"t", "rh", "out", "mean", "gap"}) {
      ++id;
      const auto found = last.find(id);
      made.add_sensor(id, name, found == last.end() ? nullptr : &found->second);
    }
    return made;
  }
  static Reading reading(SensorId sensor, std::int64_t time_ms, double value, std::uint32_t flags = 0) {
    Reading made;
    made.sensor = sensor;
    made.flags = flags | kPayloadTime;
    made.time_ms = time_ms;
    made.arrival_ms = time_ms + 100;
    made.value = value;
    return made;
  }
  // What a message makes: "sensor time value flags", one after the other.
  static std::string said(Derivation& derivation, const std::vector<Reading>& message) {
    std::vector<Reading> made;
    for (const Reading& reading : message) derivation.on_reading(reading, made);
    derivation.on_message_end(made);
    std::string text;
    for (const Reading& result : made) {
      char line[80];
      std::snprintf(line, sizeof line, "%s%u %lld %g %u", text.empty() ? "" : "; ", result.sensor,
                    static_cast<long long>(result.time_ms), result.value, result.flags);
      text += line;
      EXPECT_EQ(message.back().arrival_ms, result.arrival_ms);
    }
    return text;
  }
  static std::string said(Derivation& derivation, const Reading& reading) {
    return said(derivation, std::vector<Reading>{reading});
  }

  std::vector<DerivedSensor> settings_;
};

TEST_F(DerivationOf, HasTheTimeOfTheNewestInputAndComputesEachOnce) {
  Derivation all = derivation();
  EXPECT_EQ("", said(all, reading(kT, 1000, 20)));
  EXPECT_EQ("4 2000 30 0", said(all, reading(kRh, 2000, 40)));
  EXPECT_EQ("5 3000 4 0", said(all, reading(kOut, 3000, 10)));
  EXPECT_EQ("4 4000 31 0; 5 4000 4.2 0", said(all, reading(kT, 4000, 22)));
  EXPECT_EQ("4 4000 32 0; 5 4000 4.4 0", said(all, reading(kRh, 3500, 42)))
      << "its own newest, if not of all";
}

TEST_F(DerivationOf, TakesAllOfAMessageBeforeItComputesAnything) {
  Derivation all = derivation();
  said(all, {reading(kT, 1000, 20), reading(kRh, 1000, 40), reading(kOut, 1000, 10)});
  EXPECT_EQ("4 2000 31 0; 5 2000 3.33333 0",
            said(all, {reading(kOut, 2000, 11), reading(kT, 2000, 10), reading(kRh, 2000, 52)}))
      << "nothing of the new with the old";
  std::vector<Reading> kept{reading(kT, 3000, 11), reading(kRh, 3000, 53), reading(kT, 4000, 12),
                            reading(kRh, 4000, 54)};
  for (Reading& each : kept) each.arrival_ms = 4100;
  EXPECT_EQ("4 3000 32 0; 5 3000 3.5 0; 4 4000 33 0; 5 4000 3.66667 0", said(all, kept))
      << "a message of readings that were kept for a while";
}

TEST_F(DerivationOf, HasNoValueFromWhatIsNotFresh) {
  Derivation all = derivation();
  said(all, reading(kT, 1000, 20));
  EXPECT_EQ("4 11000 30 0", said(all, reading(kRh, 11000, 40)));
  EXPECT_EQ("", said(all, reading(kRh, 11001, 40)));
  EXPECT_EQ("4 12000 30 0", said(all, reading(kT, 12000, 20)));
  EXPECT_EQ("5 42000 4 0", said(all, reading(kOut, 42000, 10)));
  EXPECT_EQ("", said(all, reading(kOut, 42001, 10)));
}

TEST_F(DerivationOf, CountsWhatIsNotFinite) {
  Derivation all = derivation();
  said(all, reading(kT, 1000, 20));
  said(all, reading(kRh, 1000, 40));
  EXPECT_EQ("", said(all, reading(kOut, 1000, 5)));
  EXPECT_EQ(1u, all.not_finite());
  EXPECT_EQ("5 2000 24 0", said(all, reading(kOut, 2000, 6)));
}

TEST_F(DerivationOf, TakesNoCopiesAndNothingOlderThanItsSensorsNewest) {
  Derivation all = derivation();
  said(all, reading(kT, 5000, 20));
  said(all, reading(kRh, 5000, 40));
  EXPECT_EQ("", said(all, reading(kT, 6000, 1, kRetained)));
  EXPECT_EQ("", said(all, reading(kT, 6000, 1, kDuplicate)));
  EXPECT_EQ("", said(all, reading(kT, 4000, 1)));
  EXPECT_EQ("", said(all, reading(99, 6000, 1))) << "plays no part";
  EXPECT_EQ("4 6000 30 0", said(all, reading(kRh, 6000, 40)));
}

TEST_F(DerivationOf, InheritsWhatIsDoubtfulAboutAnInput) {
  Derivation all = derivation();
  said(all, reading(kT, 1000, 20, kQueued));
  said(all, reading(kRh, 1000, 40));
  const std::string queued = " " + std::to_string(kQueued);
  const std::string both = " " + std::to_string(kQueued | kClockUnset);
  EXPECT_EQ("4 2000 30" + queued, said(all, reading(kRh, 2000, 40)));
  EXPECT_EQ("4 2000 30" + both, said(all, reading(kRh, 2000, 40, kClockUnset)));
  EXPECT_EQ("4 3000 30 " + std::to_string(kClockUnset), said(all, reading(kT, 3000, 20)));
  EXPECT_EQ("4 4000 30 0", said(all, reading(kRh, 4000, 40)));
}

TEST_F(DerivationOf, SaysThatAnInputCameLate) {
  settings_[1].inputs[0].within = seconds(3600);
  Derivation all = derivation();
  const std::string late = " " + std::to_string(kLateInput);
  said(all, reading(kRh, 2000000, 40));
  Reading old = reading(kT, 1000000, 20);
  old.arrival_ms = 2000100;
  EXPECT_EQ("4 2000000 30" + late, said(all, old)) << "what it is made by";
  EXPECT_EQ("4 2001000 31" + late, said(all, reading(kRh, 2001000, 42))) << "what it is made from";
  EXPECT_EQ("4 2002000 32 0", said(all, reading(kT, 2002000, 22)));
  EXPECT_EQ("4 2902000 32 0", said(all, reading(kRh, 2902000, 42))) << "old, and came in time";
}

TEST_F(DerivationOf, FollowsAClockThatIsSetBack) {
  Derivation all = derivation();
  auto untimed = [](SensorId sensor, std::int64_t time_ms, double value) {
    Reading made = reading(sensor, time_ms, value);
    made.flags = 0;
    return made;
  };
  said(all, untimed(kT, 100000, 20));
  EXPECT_EQ("4 100000 30 0", said(all, untimed(kRh, 100000, 40)));
  EXPECT_EQ("", said(all, untimed(kRh, 1000, 40)));
  EXPECT_EQ("4 1000 31 0", said(all, untimed(kT, 1000, 22)));
}

// All readings ever, looked at anew each time.
class Oracle {
 public:
  std::vector<Reading> on_message(const std::vector<Reading>& message) {
    std::vector<Reading> made;
    std::map<SensorId, Reading> news;
    for (const Reading& reading : message) {
      const bool copy = reading.flags & (kRetained | kDuplicate);
      const auto known = newest_.find(reading.sensor);
      if (copy || (known != newest_.end() && reading.time_ms < known->second.time_ms)) continue;
      if (news.count(reading.sensor) > 0) put_all(made, std::exchange(news, {}));
      news[reading.sensor] = newest_[reading.sensor] = reading;
    }
    put_all(made, news);
    return made;
  }

 private:
  void put_all(std::vector<Reading>& made, const std::map<SensorId, Reading>& news) {
    if (news.empty()) return;
    const Reading& cause = news.begin()->second;
    bool mean_moved = false;
    if (news.count(kT) + news.count(kRh) > 0) {
      mean_moved = put(made, cause, kMean, {{kT, 10000}, {kRh, 60000}},
                       [](double t, double rh) { return (t + rh) / 2; });
    }
    if (mean_moved || news.count(kOut) > 0) {
      put(made, cause, kGap, {{kMean, 30000}, {kOut, 20000}},
          [](double m, double o) { return std::fabs(m - o) / (o - 5); });
    }
  }
  bool put(std::vector<Reading>& made, const Reading& cause, SensorId id,
           std::vector<std::pair<SensorId, std::int64_t>> inputs, double (*f)(double, double)) {
    for (const auto& [input, within_ms] : inputs) {
      if (newest_.count(input) == 0) return false;
    }
    const Reading& a = newest_[inputs[0].first];
    const Reading& b = newest_[inputs[1].first];
    Reading result = cause;
    result.sensor = id;
    result.time_ms = std::max(a.time_ms, b.time_ms);
    result.value = f(a.value, b.value);
    const bool fresh =
        result.time_ms - a.time_ms <= inputs[0].second && result.time_ms - b.time_ms <= inputs[1].second;
    if (!fresh || !std::isfinite(result.value)) return false;
    newest_[id] = result;
    made.push_back(result);
    return true;
  }
  std::map<SensorId, Reading> newest_;
};

TEST_F(DerivationOf, AgreesWithTheOracleAndGoesOnFromLastValuesAnywhere) {
  for (unsigned seed = 1; seed <= 200; ++seed) {
    std::mt19937 random(seed);
    Oracle oracle;
    Derivation all = derivation();
    std::map<SensorId, SensorLast> last;
    std::int64_t now_ms = 1000000;
    for (int i = 0; i < 300; ++i) {
      now_ms += static_cast<std::int64_t>(random() % 8000);
      std::vector<Reading> message;
      for (std::size_t n = 1 + random() % 4; n > 0; --n) {
        std::uint32_t flags = 0;
        if (random() % 10 == 0) flags = random() % 2 ? kRetained : kDuplicate;
        const auto sensor = static_cast<SensorId>(1 + random() % 3);
        message.push_back(reading(sensor, now_ms - static_cast<std::int64_t>(random() % 5000),
                                  static_cast<double>(random() % 20), flags));
      }
      const std::vector<Reading> expected = oracle.on_message(message);
      std::vector<Reading> made;
      for (const Reading& next : message) all.on_reading(next, made);
      all.on_message_end(made);
      ASSERT_EQ(expected.size(), made.size()) << "seed " << seed << ", reading " << i;
      for (std::size_t m = 0; m < made.size(); ++m) {
        ASSERT_EQ(expected[m].sensor, made[m].sensor) << "seed " << seed << ", reading " << i;
        ASSERT_EQ(expected[m].time_ms, made[m].time_ms) << "seed " << seed << ", reading " << i;
        ASSERT_EQ(expected[m].value, made[m].value) << "seed " << seed << ", reading " << i;
      }
      // As the store keeps it.
      made.insert(made.end(), message.begin(), message.end());
      for (const Reading& kept : made) {
        SensorLast& newest = last[kept.sensor];
        if ((kept.flags & (kRetained | kDuplicate)) || kept.time_ms < newest.time_ms) continue;
        newest.time_ms = kept.time_ms;
        newest.value = kept.value;
        newest.flags = kept.flags;
      }
      if (random() % 20 == 0) all = derivation(last);
    }
  }
}

TEST_F(DerivationOf, OrdersWhatHangsOnEachOtherAndNamesALoop) {
  const DerivedOrder fine = order_of(settings_);
  EXPECT_EQ((std::vector<std::size_t>{1, 0}), fine.order);
  EXPECT_TRUE(fine.loop.empty());
  settings_[1].inputs[0].sensor = "gap";
  EXPECT_EQ((std::vector<std::string>{"gap", "mean", "gap"}), order_of(settings_).loop);
  settings_[1].inputs[0].sensor = "mean";
  EXPECT_EQ((std::vector<std::string>{"mean", "mean"}), order_of(settings_).loop);
}

TEST_F(DerivationOf, AsksForTheInputsOfWhatIsLookedBackOn) {
  auto wanted = [](const std::string& sensor) -> std::int64_t { return sensor == "gap" ? 1000 : 0; };
  const std::int64_t hour_ms = 3600000;
  EXPECT_EQ(1000, derived_recall_ms(settings_, "gap", wanted));
  EXPECT_EQ(1000 + 20000 + hour_ms, derived_recall_ms(settings_, "out", wanted));
  EXPECT_EQ(1000 + 30000 + hour_ms + 60000 + hour_ms, derived_recall_ms(settings_, "rh", wanted));
  EXPECT_EQ(0, derived_recall_ms(settings_, "other", wanted));
}

}  // namespace
}  // namespace sluice
