#include "upload/uploader.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <map>
#include <random>
#include <set>

namespace sluice {
namespace {

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kAnHour = 3600 * kSecond;
constexpr std::int64_t kStart = 1459116000000;

class FakeOutbox final : public OutboxTable {
 public:
  std::map<std::int64_t, OutboxItem> items;
  std::map<std::pair<Day, int>, std::string> bodies;
  std::vector<std::int64_t> expired_before;
  int failing_updates = 0;

  void add(const std::string& sink, Day day, int revision, std::int64_t created_ms = kStart) {
    const std::string key = "gw/" + format_date(day) + "/" + std::to_string(revision) + "/0";
    OutboxItem item;
    item.id = static_cast<std::int64_t>(items.size()) + 1;
    item.sink = sink;
    item.day = day;
    item.revision = revision;
    item.key = key;
    item.created_ms = created_ms;
    items[item.id] = item;
    bodies[{day, revision}] = "body of " + key;
  }
  std::size_t count(OutboxState state) const {
    return static_cast<std::size_t>(std::count_if(
        items.begin(), items.end(), [&](const auto& item) { return item.second.state == state; }));
  }

  Result<std::vector<OutboxItem>> waiting(const std::string& sink, std::size_t limit) override {
    std::vector<OutboxItem> found;
    for (const auto& [id, item] : items) {
      if (item.sink == sink && item.state == OutboxState::kPending) found.push_back(item);
    }
    std::stable_sort(found.begin(), found.end(), [](const auto& a, const auto& b) { return a.day < b.day; });
    found.resize(std::min(found.size(), limit));
    return found;
  }
  Result<std::string> body(Day day, int revision) override {
    auto found = bodies.find({day, revision});
    if (found == bodies.end()) return make_error(ErrorCode::kNotFound, "no such revision");
    return found->second;
  }
  Status update(const OutboxItem& item) override {
    if (failing_updates > 0) {
      --failing_updates;
      return make_error(ErrorCode::kNoSpace, "disk full");
    }
    items[item.id] = item;
    return {};
  }
  Result<int> expire(std::int64_t created_before_ms) override {
    expired_before.push_back(created_before_ms);
    int discarded = 0;
    for (auto& [id, item] : items) {
      if (item.state == OutboxState::kPending && item.created_ms < created_before_ms) {
        item.state = OutboxState::kDiscarded;
        ++discarded;
      }
    }
    return discarded;
  }
};

// Answers as its script says, and keeps what it was given.
class ScriptedSink final : public Sink {
 public:
  using Script = std::function<SinkAnswer(const Delivery&)>;
  ScriptedSink(std::string name, std::vector<Delivery>& seen, Script script)
      : name_(std::move(name)), seen_(seen), script_(std::move(script)) {}
  const std::string& name() const override { return name_; }
  SinkAnswer deliver(const Delivery& delivery) override {
    seen_.push_back(delivery);
    return script_(delivery);
  }

 private:
  std::string name_;
  std::vector<Delivery>& seen_;
  Script script_;
};

SinkAnswer delivered() {
  return {SinkAnswer::Kind::kDelivered, "receipt", 0};
}
SinkAnswer retry(std::int64_t after_ms = 0) {
  return {SinkAnswer::Kind::kRetry, "unreachable", after_ms};
}
SinkAnswer refused() {
  return {SinkAnswer::Kind::kRefused, "HTTP 400", 0};
}

class UploaderOf : public ::testing::Test {
 protected:
  UploaderOf() : log_(LogLevel::kInfo, Log::Style::kPlain) {}
  void SetUp() override { ::testing::internal::CaptureStderr(); }
  void TearDown() override { ::testing::internal::GetCapturedStderr(); }
  Uploader uploader(std::uint64_t seed = 1) {
    settings_.gateway = "gw";
    settings_.rate_per_minute = rate_per_minute_;
    std::vector<std::unique_ptr<Sink>> sinks;
    for (const char* name : {"a", "b"}) {
      sinks.push_back(
          std::make_unique<ScriptedSink>(name, seen_[name], [this, name](const Delivery& delivery) {
            return script_[name] ? script_[name](delivery) : delivered();
          }));
    }
    return Uploader(settings_, outbox_, std::move(sinks), log_, seed);
  }
  std::string days_seen(const char* sink) {
    std::string days;
    for (const Delivery& delivery : seen_[sink]) days += std::to_string(delivery.day) + " ";
    return days;
  }

  UploadSettings settings_;
  int rate_per_minute_ = 60000;
  FakeOutbox outbox_;
  std::map<std::string, std::vector<Delivery>> seen_;
  std::map<std::string, ScriptedSink::Script> script_;
  Log log_;
};

TEST_F(UploaderOf, DeliversToEachSinkInOrderOfDay) {
  for (Day day : {12, 10, 11}) outbox_.add("a", day, 1);
  outbox_.add("b", 10, 2);
  outbox_.add("b", 10, 1);
  Uploader uploader = this->uploader();
  EXPECT_EQ((std::vector<std::string>{"a", "b"}), uploader.sink_names());
  EXPECT_EQ(5, uploader.tick(kStart, false, 100).value());
  EXPECT_EQ("10 11 12 ", days_seen("a"));
  EXPECT_EQ(1, seen_["b"].at(0).revision);
  EXPECT_EQ("body of gw/1970-01-11/1/0", seen_["b"].at(0).body);
  EXPECT_EQ("receipt", outbox_.items[1].note);
  EXPECT_EQ(kStart, outbox_.items[1].done_ms);
  EXPECT_EQ(0, uploader.tick(kStart, true, 100).value());
}

TEST_F(UploaderOf, HoldsBackLaterDaysOfASinkThatFailsAndNoOtherSink) {
  for (Day day : {10, 11}) {
    outbox_.add("a", day, 1);
    outbox_.add("b", day, 1);
  }
  script_["a"] = [](const Delivery&) { return retry(); };
  Uploader uploader = this->uploader();
  EXPECT_EQ(2, uploader.tick(kStart, false, 100).value());
  EXPECT_EQ("10 ", days_seen("a"));
  EXPECT_EQ("10 11 ", days_seen("b"));
  EXPECT_EQ(0, uploader.tick(kStart + 700, false, 100).value());
  EXPECT_EQ("10 ", days_seen("a")) << "its backoff has not passed";
  EXPECT_EQ(0, uploader.tick(kStart + 700, true, 100).value());
  EXPECT_EQ("10 10 ", days_seen("a")) << "forced";
  script_["a"] = nullptr;
  EXPECT_EQ(2, uploader.tick(kStart + kAnHour, false, 100).value());
  EXPECT_EQ("10 10 10 11 ", days_seen("a"));
  EXPECT_EQ(3, outbox_.items[1].attempts);
}

TEST_F(UploaderOf, WaitsAsLongAsTheReceiverAsks) {
  outbox_.add("a", 10, 1);
  script_["a"] = [](const Delivery&) { return retry(3 * kAnHour); };
  Uploader uploader = this->uploader();
  ASSERT_TRUE(uploader.tick(kStart, false, 100).ok());
  ASSERT_TRUE(uploader.tick(kStart + 3 * kAnHour - 1, false, 100).ok());
  EXPECT_EQ(1u, seen_["a"].size());
  script_["a"] = nullptr;
  EXPECT_EQ(1, uploader.tick(kStart + 3 * kAnHour, false, 100).value());
}

TEST_F(UploaderOf, ParksWhatIsRefusedAndGoesOn) {
  for (Day day : {10, 11}) outbox_.add("a", day, 1);
  script_["a"] = [](const Delivery& delivery) { return delivery.day == 10 ? refused() : delivered(); };
  EXPECT_EQ(1, uploader().tick(kStart, false, 100).value());
  EXPECT_EQ(OutboxState::kParked, outbox_.items[1].state);
  EXPECT_EQ("HTTP 400", outbox_.items[1].note);
  EXPECT_EQ(OutboxState::kDelivered, outbox_.items[2].state);
}

TEST_F(UploaderOf, ParksAnItemWhoseDocumentIsGone) {
  for (Day day : {10, 11}) outbox_.add("a", day, 1);
  outbox_.bodies.erase({10, 1});
  EXPECT_EQ(1, uploader().tick(kStart, false, 100).value());
  EXPECT_EQ(OutboxState::kParked, outbox_.items[1].state);
}

TEST_F(UploaderOf, DoesNotWaitForATimeThatAClockStepMadeFar) {
  outbox_.add("a", 10, 1, kStart - kAnHour);
  outbox_.items[1].next_try_ms = kStart + 400 * 24 * kAnHour;
  EXPECT_EQ(1, uploader().tick(kStart, false, 100).value());
}

TEST_F(UploaderOf, SharesAShortTickAmongSinks) {
  for (Day day = 10; day < 20; ++day) outbox_.add("a", day, 1);
  outbox_.add("b", 10, 1);
  EXPECT_EQ(3, uploader().tick(kStart, false, 3).value());
  EXPECT_EQ("10 11 ", days_seen("a"));
  EXPECT_EQ("10 ", days_seen("b"));
}

TEST_F(UploaderOf, DrainsABacklogAtTheRateToEachSink) {
  for (Day day = 0; day < 100; ++day) {
    outbox_.add("a", day, 1);
    outbox_.add("b", day, 1);
  }
  rate_per_minute_ = 120;
  Uploader uploader = this->uploader();
  for (std::int64_t second = 0; second < 10; ++second) {
    EXPECT_EQ(second == 0 ? 4 : 2, uploader.tick(kStart + second * 1000, false, 100).value()) << second;
    EXPECT_EQ(2, uploader.tick(kStart + second * 1000 + 500, false, 100).value()) << second;
  }
  EXPECT_EQ(21u, seen_["a"].size());
  EXPECT_EQ(2, uploader.tick(kStart - 1000 * kAnHour, false, 100).value() / 2) << "the clock stepped back";
}

TEST_F(UploaderOf, HasASlowRateToo) {
  for (Day day = 0; day < 10; ++day) outbox_.add("a", day, 1);
  rate_per_minute_ = 1;
  Uploader uploader = this->uploader();
  EXPECT_EQ(1, uploader.tick(kStart, false, 100).value());
  EXPECT_EQ(0, uploader.tick(kStart + 59'999, true, 100).value());
  EXPECT_EQ(1, uploader.tick(kStart + 60'000, false, 100).value());
}

TEST_F(UploaderOf, GivesUpOnlyWhatIsOlderThanKeep) {
  settings_.keep = std::chrono::hours(10);
  outbox_.add("a", 10, 1, kStart - 11 * kAnHour);
  outbox_.add("a", 11, 1, kStart - 9 * kAnHour);
  Uploader uploader = this->uploader();
  EXPECT_EQ(1, uploader.tick(kStart, false, 100).value());
  EXPECT_EQ("11 ", days_seen("a"));
  EXPECT_EQ(1u, uploader.dropped());
  for (int minute = 1; minute < 60; ++minute) {
    ASSERT_TRUE(uploader.tick(kStart + minute * 60 * kSecond, false, 100).ok());
  }
  EXPECT_EQ(std::vector<std::int64_t>{kStart - 10 * kAnHour}, outbox_.expired_before) << "once an hour";
  ASSERT_TRUE(uploader.tick(kStart + kAnHour, false, 100).ok());
  EXPECT_EQ(2u, outbox_.expired_before.size());
}

TEST_F(UploaderOf, DoesNotSendAgainWhileTheOutboxCannotTakeTheReceipt) {
  outbox_.add("a", 10, 1);
  Uploader uploader = this->uploader();
  outbox_.failing_updates = 3;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(ErrorCode::kNoSpace, uploader.tick(kStart, false, 100).error().code);
  ASSERT_TRUE(uploader.tick(kStart, false, 100).ok());
  EXPECT_EQ(1u, seen_["a"].size());
  EXPECT_EQ(OutboxState::kDelivered, outbox_.items[1].state);
}

TEST_F(UploaderOf, LogsTheFirstFailureAndTheRecoveryAndNothingBetween) {
  outbox_.add("a", 10, 1);
  {
    Uploader uploader = this->uploader();
    script_["a"] = [](const Delivery&) { return retry(); };
    for (int i = 0; i < 20; ++i) ASSERT_TRUE(uploader.tick(kStart + i * kAnHour, false, 100).ok());
    script_["a"] = nullptr;
    ASSERT_TRUE(uploader.tick(kStart + 30 * kAnHour, false, 100).ok());
  }
  const std::string log = ::testing::internal::GetCapturedStderr();
  ::testing::internal::CaptureStderr();
  EXPECT_EQ(2, std::count(log.begin(), log.end(), '\n')) << log;
  EXPECT_NE(std::string::npos, log.find("upload to a: unreachable"));
  EXPECT_NE(std::string::npos, log.find("works again"));
}

// A receiver that fails in every way, a gateway that loses receipts and restarts: each document arrives, its
// bytes the same each time, and no day before an earlier one that was not parked.
TEST_F(UploaderOf, DeliversEverythingOnceInEffectAndInOrder) {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    std::mt19937_64 random(seed);
    outbox_ = FakeOutbox();
    seen_.clear();
    std::map<std::string, std::map<std::string, std::string>> received;  // by sink and key
    std::map<std::string, std::pair<Day, int>> newest;
    std::int64_t now = kStart;
    for (const char* name : {"a", "b"}) {
      script_[name] = [&, name](const Delivery& delivery) {
        EXPECT_EQ("body of " + delivery.key, delivery.body);
        const bool again = received[name].contains(delivery.key);
        const std::pair<Day, int> place{delivery.day, delivery.revision};
        EXPECT_TRUE(again || newest[name] < place);
        if (delivery.day % 11 == 3 && !again) return refused();
        const auto luck = random() % 6;
        if (luck == 0) return retry();
        if (luck == 1) return retry(static_cast<std::int64_t>(random() % (2 * kAnHour)));
        received[name][delivery.key] = delivery.body;
        newest[name] = place;
        return luck == 2 ? retry() : delivered();  // 2: taken, but the answer got lost
      };
    }
    auto uploader = std::make_unique<Uploader>(this->uploader(seed));
    std::size_t expected = 0;
    Day day = 0;
    for (int step = 0; step < 400; ++step) {
      now += static_cast<std::int64_t>(random() % (20 * 60 * kSecond));
      if (step < 300 && random() % 6 == 0) {
        ++day;
        for (int revision = 1; revision <= 1 + static_cast<int>(random() % 2); ++revision) {
          for (const char* name : {"a", "b"}) outbox_.add(name, day, revision, now);
          expected += day % 11 == 3 ? 0 : 1;
        }
      }
      if (random() % 15 == 0) outbox_.failing_updates = static_cast<int>(random() % 4);
      if (random() % 20 == 0) uploader = std::make_unique<Uploader>(this->uploader(random()));
      (void)uploader->tick(now, random() % 50 == 0, static_cast<int>(random() % 5)).ok();
    }
    outbox_.failing_updates = 0;
    for (int step = 0; step < 3000 && outbox_.count(OutboxState::kPending) > 0; ++step) {
      ASSERT_TRUE(uploader->tick(now += kAnHour, false, 3).ok());
    }
    EXPECT_EQ(0u, outbox_.count(OutboxState::kPending));
    EXPECT_EQ(expected, received["a"].size());
    EXPECT_EQ(expected, received["b"].size());
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace sluice
