#include "app/gateway_api.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "app/engine_loop.h"
#include "decode/topic_filter.h"
#include "support/eventually.h"
#include "support/ram_journal.h"
#include "support/temp_folder.h"

namespace sluice {
namespace {

using nlohmann::json;

// A gateway whose clock stands still, so that store.flush never passes: what is answered is what the engine
// knows.
class AGatewayApi : public ::testing::Test {
 protected:
  static Settings settings() {
    Settings settings;
    settings.gateway.id = "gw";
    settings.gateway.state_dir = "/";
    Rule hot;
    hot.name = "hot";
    hot.sensor = "room/+";
    hot.high = 30;
    Rule cold = hot;
    cold.name = "cold";
    cold.high = 1000;
    settings.alerts.gateway = "gw";
    settings.alerts.rules = {hot, cold};
    ReadingsEntry entry;
    entry.topic = "room/+";
    entry.format = PayloadFormat::kNumber;
    entry.unit = "°C";
    settings.decode.readings = {entry};
    return settings;
  }
  static EngineSettings engine_settings(const Settings& settings) {
    EngineSettings engine;
    engine.decode = settings.decode;
    engine.alerts = settings.alerts;
    return engine;
  }
  static StoreSettings store_settings(const std::string& path) {
    StoreSettings settings;
    settings.path = path;
    return settings;
  }
  void SetUp() override {
    append(RecordKind::kStart, "boot-1");
    append(RecordKind::kClockTrusted);
    append(RecordKind::kConnected);
    append(RecordKind::kBacklogEnd);
    store_thread_ = std::thread([this] { store_loop_.run(); });
    engine_thread_ = std::thread([this] { loop_.run(); });
  }
  void TearDown() override {
    loop_.stop();
    engine_thread_.join();
    store_loop_.stop();
    store_thread_.join();
  }
  void append(RecordKind kind, const std::string& topic = "", const std::string& payload = "") {
    newest_ = *journal_->append({kind, 0, 0, topic, payload});
  }
  void say(const std::string& topic, const std::string& payload) {
    append(RecordKind::kMessage, topic, payload);
    for (bool read = false; !read;) {
      ASSERT_TRUE(loop_.call([&](Engine& engine) { read = engine.last_seq() >= newest_; }).ok());
    }
  }
  Result<std::string> silence(const std::string& alert, const std::string& sensor) {
    return api_.silence(json{{"alert", alert}, {"sensor", sensor}, {"until", "2100-01-01T00:00:00Z"}}.dump());
  }
  static json parsed(const Result<std::string>& answer) {
    EXPECT_TRUE(answer.ok()) << (answer.ok() ? "" : answer.error().context);
    return answer.ok() ? json::parse(*answer) : json();
  }

  test::TempFolder folder_;
  FakeClock clock_{1772366400000};
  Log log_{LogLevel::kError, Log::Style::kPlain};
  Vitals vitals_;
  const Settings settings_ = settings();
  Calendar calendar_ = *Calendar::load("UTC");
  std::unique_ptr<Store> store_ =
      std::move(*Store::open(store_settings(folder_.file("sluice.db")), calendar_, log_));
  Engine engine_{engine_settings(settings_), calendar_, Checkpoint{}};
  std::unique_ptr<Journal> journal_ = test::ram_journal(clock_);
  AlertSlots slots_{{"mqtt"}};
  Intake intake_{*journal_, clock_, "sluice/x/heartbeat", 65536, [] {}};
  StoreLoop store_loop_{*store_, *journal_, clock_, vitals_, log_};
  EngineLoop loop_{engine_, *journal_, intake_, slots_, store_loop_, clock_, vitals_, log_, FlushSettings{}};
  std::unique_ptr<StoreView> view_ =
      std::move(*StoreView::open(folder_.file("sluice.db"), "", calendar_, OnStore()));
  std::vector<WiredChannel> channels_;
  Reload reload_{"none", settings_, 1, log_, [] {}};
  GatewayApi api_{settings_, clock_, *journal_, intake_, slots_,
                  channels_, *view_, vitals_,   reload_, [this](const auto& job) { return loop_.call(job); }};
  std::uint64_t newest_ = 0;
  std::thread store_thread_;
  std::thread engine_thread_;
};

TEST_F(AGatewayApi, AsksForARestartOnlyForWhatARestartMends) {
  vitals_.store_error.set("disk full");
  vitals_.stuck.set("the engine does not move");
  std::vector<std::string> fatal;
  std::vector<std::string> wrong;
  for (const HealthCheck& check : api_.health()) {
    if (!check.ok && check.vital == Vital::kLife) fatal.push_back(check.name);
    if (!check.ok && check.vital == Vital::kReadiness) wrong.push_back(check.name);
  }
  EXPECT_EQ(std::vector<std::string>{"progress"}, fatal);
  EXPECT_EQ((std::vector<std::string>{"broker", "store"}), wrong);
}

TEST_F(AGatewayApi, SaysSoWhereTheEngineHasNotReadWhatWasAsked) {
  GatewayApi behind{settings_, clock_, *journal_, intake_, slots_,
                    channels_, *view_, vitals_,   reload_, [](const auto&) { return Status(); }};
  EXPECT_EQ(ErrorCode::kUnavailable, behind.store_now().error().code);
  EXPECT_TRUE(api_.store_now().ok());
}

TEST_F(AGatewayApi, CountsWhatABoundedQueueHadNoRoomFor) {
  vitals_.inbox_refused = 3;
  EXPECT_EQ(3u, api_.metrics().inbox_refused);
}

TEST_F(AGatewayApi, ListsASilenceAsSoonAsItIsMadeAndNoLongerThanItStands) {
  const json id = parsed(silence("hot", "room/a"))["id"];
  const json list = parsed(api_.silences());
  ASSERT_EQ(1u, list.size());
  EXPECT_EQ(id, list[0]["id"]);
  EXPECT_EQ("room/a", list[0]["sensor"]);
  EXPECT_TRUE(api_.unsilence(id).ok());
  EXPECT_EQ(json::array(), parsed(api_.silences()));
  EXPECT_EQ(ErrorCode::kNotFound, api_.unsilence(id).error().code);
}

TEST_F(AGatewayApi, RefusesToSilenceAnAlertThatThereIsNot) {
  Result<std::string> refused = silence("hott", "#");
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(ErrorCode::kNotFound, refused.error().code);
  EXPECT_EQ("no alert is named \"hott\"; there is hot, cold", refused.error().context);
  EXPECT_TRUE(silence("", "#").ok());
  for (const char* gateway : {"$gateway", "$gateway/#"}) {
    refused = silence("", gateway);
    ASSERT_FALSE(refused.ok()) << "who would be told of it would be told all the same";
    EXPECT_NE(std::string::npos, refused.error().context.find("gateway_alerts"));
  }
}

TEST_F(AGatewayApi, SaysInItsOwnWordsWhatIsWrongWithASilence) {
  const std::pair<const char*, const char*> wrong[] = {
      {"", "no JSON object"},
      {"[]", "no JSON object"},
      {R"({"alert":"hot"})", "until is missing"},
      {R"({"until":5})", "until is no text"},
      {R"({"until":"soon"})", "until: expected a time"},
      {R"({"until":"2100-01-01T00:00:00Z","labels":7})", "labels is no object"},
      {R"({"until":"2100-01-01T00:00:00Z","labels":{"a":7}})", "the label a is no text"},
      {R"({"until":"2100-01-01T00:00:00Z","sensro":"room/a"})", "no member \"sensro\""},
  };
  for (const auto& [body, words] : wrong) {
    Result<std::string> refused = api_.silence(body);
    ASSERT_FALSE(refused.ok()) << body;
    EXPECT_EQ(ErrorCode::kInvalid, refused.error().code);
    EXPECT_NE(std::string::npos, refused.error().context.find(words)) << refused.error().context;
    EXPECT_EQ(std::string::npos, refused.error().context.find("exception")) << refused.error().context;
  }
}

TEST_F(AGatewayApi, RefusesADeliveryToASinkThatThereIsNot) {
  for (auto refused : {api_.upload_retry({"nosuch", {}}), api_.upload_discard({"nosuch", {}}),
                       api_.outbox({"nosuch", {}}, 5)}) {
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(ErrorCode::kNotFound, refused.error().code);
    EXPECT_NE(std::string::npos, refused.error().context.find("\"nosuch\"")) << refused.error().context;
  }
}

TEST_F(AGatewayApi, ListsWhatIsKeptBackWithTheReason) {
  const std::string id = parsed(silence("hot", "room/a"))["id"].dump();
  say("room/a", "31");
  say("room/b", "31");
  const json list = parsed(api_.alerts(10));
  ASSERT_EQ(2u, list.size()) << list;
  EXPECT_EQ("room/b", list[0]["sensor"]);
  EXPECT_FALSE(list[0].contains("note"));
  EXPECT_EQ("room/a", list[1]["sensor"]);
  EXPECT_EQ("silenced by " + id, list[1]["note"]);
  ASSERT_TRUE(silence("hot", "room/b").ok());
  EXPECT_EQ("silenced by " + std::to_string(newest_ + 1), parsed(api_.alerts(10))[0]["note"])
      << "from now on";
  EXPECT_EQ(1u, parsed(api_.alerts(1)).size());
  const json why = parsed(api_.why("room/a", "hot"));
  EXPECT_NE(std::string::npos, why["text"].get<std::string>().find("silenced by " + id)) << why;
  EXPECT_EQ("°C", why["unit"]) << "before anything is stored";
}

TEST_F(AGatewayApi, StoresWhatWasReadWhenAsked) {
  say("room/a", "20");
  EXPECT_EQ(newest_, parsed(api_.store_now())["seq"]);
  EXPECT_TRUE(test::eventually([this] {
    bool pending = true;
    return loop_.call([&](Engine& engine) { pending = engine.pending(); }).ok() && !pending;
  })) << "the clock stands still: store.flush never passes";
}

}  // namespace
}  // namespace sluice
