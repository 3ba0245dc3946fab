// Uploads through real sockets to a receiver that fails in every way it can: each document arrives once in
// effect, in order, and each retry has the first try's bytes. The clock of the backoff is the test's own.
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <random>
#include <set>

#include "io/http_client.h"
#include "store/store.h"
#include "support/certificates.h"
#include "support/http_receiver.h"
#include "support/mosquitto.h"
#include "unit/store/store_fixture.h"
#include "upload/gzip.h"
#include "upload/http_sink.h"
#include "upload/uploader.h"

namespace sluice {
namespace {

using test::HttpReceiver;
using test::ReceivedRequest;
using test::Reply;

// Of the sink: what silence and dripping cost. An answer that it has no time to read is none.
constexpr std::int64_t kPatienceMs = 2000;

// Some documents are long and do not compress, so that a reset finds them half sent.
std::string document(Day day) {
  std::string text = "{\"date\":\"" + format_date(day) + "\"}";
  if (day % 10 != 0) return text;
  std::mt19937_64 random(static_cast<std::uint64_t>(day));
  for (int i = 0; i < 300'000; ++i) text += static_cast<char>('!' + random() % 90);
  return text;
}

class MemoryOutbox final : public OutboxTable {
 public:
  void add(const std::string& sink, Day day) {
    OutboxItem item;
    item.id = static_cast<std::int64_t>(items.size()) + 1;
    item.sink = sink;
    item.day = day;
    item.revision = 1;
    item.key = "gw/" + format_date(day) + "/1/" + sink;
    item.created_ms = kStart;
    items[item.id] = item;
  }
  std::size_t count(OutboxState state) const {
    std::size_t number = 0;
    for (const auto& [id, item] : items) number += item.state == state ? 1 : 0;
    return number;
  }
  Result<std::vector<OutboxItem>> waiting(const std::string& sink, std::size_t limit) override {
    std::vector<OutboxItem> found;
    for (const auto& [id, item] : items) {
      if (found.size() < limit && item.sink == sink && item.state == OutboxState::kPending)
        found.push_back(item);
    }
    return found;
  }
  Result<std::string> body(Day day, int) override { return document(day); }
  Status update(const OutboxItem& item) override {
    items[item.id] = item;
    return {};
  }
  Result<int> expire(std::int64_t) override { return 0; }

  std::map<std::int64_t, OutboxItem> items;
};

SinkSettings sink_to(const std::string& name, const HttpReceiver& receiver, const TlsFiles& tls = {}) {
  SinkSettings sink;
  sink.name = name;
  sink.type = "http";
  sink.url = std::string(tls.ca.empty() ? "http" : "https") +
             "://127.0.0.1:" + std::to_string(receiver.port()) + "/{gateway}/{date}/{revision}";
  sink.tls = tls;
  sink.timeout = std::chrono::milliseconds(kPatienceMs);
  return sink;
}

std::unique_ptr<Sink> http_sink(const SinkSettings& settings, HttpClient& client) {
  return std::make_unique<HttpSink>(settings,
                                    [&client](const HttpCall& call) { return client.request(call); });
}

std::string key_of(const ReceivedRequest& request) {
  auto found = request.headers.find("idempotency-key");
  return found == request.headers.end() ? "" : found->second;
}

// Fails most of the first tries of an item, then takes it.
class Trouble {
 public:
  explicit Trouble(std::uint64_t seed) : random_(seed) {}
  Reply operator()(const ReceivedRequest& head, std::int64_t now_ms) {
    EXPECT_GE(now_ms, not_before_ms_) << "Retry-After was not honoured";
    not_before_ms_ = 0;
    if (++tries_[key_of(head)] > 6) return {.status = 200};
    switch (random_() % 1000) {
      case 0:
        return {.act = Reply::Act::kSilence};
      case 1:
        return {.act = Reply::Act::kDrip, .body = std::string(10'000, 'x'), .drip_ms = 1};
      default:
        break;
    }
    switch (random_() % 10) {
      case 0:
        return {.act = Reply::Act::kReset};
      case 1:
        return {.act = Reply::Act::kResetUnheard};
      case 2:
        return {.status = 500, .body = "out of order\n"};
      case 3:
        return {.status = 503};
      case 4:
        not_before_ms_ = now_ms + 7200'000;
        return {.status = 429, .headers = {"Retry-After: 7200"}};
      case 5:
        return {.act = Reply::Act::kDrip, .status = 201};
      default:
        return {.status = 204};
    }
  }

 private:
  std::mt19937_64 random_;
  std::map<std::string, int> tries_;
  std::int64_t not_before_ms_ = 0;
};

void expect_each_once(const HttpReceiver& receiver, const std::string& sink, Day days) {
  std::map<std::string, std::string> bytes;  // by key, of the first whole try
  std::map<std::string, std::size_t> tries;
  std::string newest;
  for (const ReceivedRequest& request : receiver.requests()) {
    const std::string key = key_of(request);
    ++tries[key];
    EXPECT_EQ("gzip", request.headers.at("content-encoding"));
    if (!request.whole) continue;
    auto [first, is_first] = bytes.emplace(key, request.body);
    EXPECT_EQ(first->second, request.body) << key;
    if (is_first) {
      EXPECT_LT(newest, key) << "in order of day";
      newest = key;
    }
  }
  ASSERT_EQ(static_cast<std::size_t>(days), bytes.size());
  std::size_t retried = 0;
  for (Day day = kFirstDay; day < kFirstDay + days; ++day) {
    const std::string key = "\"gw/" + format_date(day) + "/1/" + sink + "\"";
    EXPECT_EQ(gzip(document(day)), bytes[key]) << key;
    retried += tries[key] > 1 ? 1 : 0;
  }
  EXPECT_LT(static_cast<std::size_t>(days) / 4, retried) << "there was trouble";
}

TEST(Uploads, ArriveOnceInEffectThroughAReceiverThatFailsInEveryWay) {
  constexpr Day kPlainDays = 800;
  constexpr Day kTlsDays = 200;
  test::Certificates certificates;
  certificates.make("server", "IP:127.0.0.1");
  std::atomic<std::int64_t> now_ms{kStart};
  Trouble first(1);
  Trouble second(2);
  HttpReceiver plain([&](const ReceivedRequest& head) { return first(head, now_ms); });
  HttpReceiver tls([&](const ReceivedRequest& head) { return second(head, now_ms); },
                   {certificates.crt("server"), certificates.key("server")});

  MemoryOutbox outbox;
  for (Day day = 0; day < kPlainDays; ++day) outbox.add("plain", kFirstDay + day);
  for (Day day = 0; day < kTlsDays; ++day) outbox.add("tls", kFirstDay + day);
  Log log(LogLevel::kError, Log::Style::kPlain);
  HttpClient client;
  UploadSettings settings;
  settings.gateway = "gw";
  settings.rate_per_minute = 60000;
  std::vector<std::unique_ptr<Sink>> sinks;
  sinks.push_back(http_sink(sink_to("plain", plain), client));
  sinks.push_back(http_sink(sink_to("tls", tls, {certificates.crt("ca"), "", ""}), client));
  Uploader uploader(settings, outbox, std::move(sinks), log, 1);

  for (int step = 0; step < 20'000 && outbox.count(OutboxState::kPending) > 0; ++step) {
    ASSERT_TRUE(uploader.tick(now_ms, false, 16).ok());
    now_ms += 60'000;
  }
  EXPECT_EQ(1000u, outbox.count(OutboxState::kDelivered));
  expect_each_once(plain, "plain", kPlainDays);
  expect_each_once(tls, "tls", kTlsDays);
}

class AMonthWithoutUpstream : public StoreFixture {
 protected:
  void ingest() {
    std::vector<Reading> readings;
    for (int i = 0; i < 20; ++i) readings.push_back(reading(1, now_ms_ + i, i));
    rows_ += readings.size();
    commit(std::move(readings));
  }
  std::int64_t now_ms_ = kStart;
  std::size_t rows_ = 0;
};

TEST_F(AMonthWithoutUpstream, EndsOldestFirstAtTheRateWhileReadingsGoOn) {
  constexpr int kDays = 30;
  constexpr int kRate = 6;             // a minute: one in ten seconds
  const int port = test::free_port();  // nobody listens there yet
  SinkSettings sink;
  sink.name = "cloud";
  sink.type = "http";
  sink.url = "http://127.0.0.1:" + std::to_string(port) + "/{date}";
  HttpClient client;
  UploadSettings settings;
  settings.gateway = "test";
  settings.rate_per_minute = kRate;
  std::vector<std::unique_ptr<Sink>> sinks;
  sinks.push_back(http_sink(sink, client));
  Uploader uploader(settings, *view_, std::move(sinks), log_, 1);
  for (int day = 0; day < kDays; ++day) {
    for (int hour = 0; hour < 24; ++hour, now_ms_ += kHour) {
      ingest();
      ASSERT_EQ(0, must(uploader.tick(now_ms_, false, 16)));
    }
    (void)sum(kFirstDay + day, now_ms_, {"cloud"});
  }
  ASSERT_EQ(static_cast<std::size_t>(kDays), must(view_->waiting("cloud", 100)).size());

  HttpReceiver receiver([](const auto&) { return Reply{}; }, {}, port);
  now_ms_ += kHour;
  const std::int64_t back_ms = now_ms_;
  int delivered = 0;
  for (; delivered < kDays && now_ms_ < back_ms + kHour; now_ms_ += 500) {
    delivered += must(uploader.tick(now_ms_, false, 16));
    EXPECT_GE(1 + (now_ms_ - back_ms) * kRate / 60'000, delivered);
    if ((now_ms_ - back_ms) % 5000 == 0) ingest();
  }
  EXPECT_EQ(kDays, delivered);
  EXPECT_GE(kDays * 60'000 / kRate, now_ms_ - back_ms) << "no slower than the rate";
  Day day = kFirstDay;
  for (const ReceivedRequest& request : receiver.requests())
    EXPECT_EQ("/" + format_date(day++), request.target);
  EXPECT_EQ(rows_, stored_rows().size());
  EXPECT_TRUE(must(view_->waiting("cloud", 100)).empty());
}

}  // namespace
}  // namespace sluice
