#include "intake/intake.h"

#include <gtest/gtest.h>

#include <thread>

#include "support/ram_journal.h"

namespace sluice {
namespace {

using test::KeptRecord;

class IntakeCallback : public ::testing::Test {
 protected:
  void SetUp() override { make(1 << 20); }
  void make(std::size_t ring_bytes) {
    intake_.reset();
    journal_ = test::ram_journal(clock_, ring_bytes);
    intake_ = std::make_unique<Intake>(*journal_, clock_, "sluice/gw/heartbeat", 100, [this] { ++wakes_; });
  }
  static ArrivedMessage message(std::string_view topic, std::string_view payload, int qos = 1) {
    ArrivedMessage m;
    m.topic = topic;
    m.payload = payload;
    m.qos = qos;
    m.packet_id = qos > 0 ? 7 : 0;
    return m;
  }
  std::vector<KeptRecord> kept() { return test::read_all(*journal_); }
  LinkEvent next_event() {
    std::optional<LinkEvent> event = intake_->events().try_pop();
    EXPECT_TRUE(event.has_value());
    return event.value_or(LinkEvent{});
  }
  std::string connect() {
    intake_->on_connected(true);
    return next_event().connection;
  }
  FakeClock clock_{1700000000000};
  std::unique_ptr<Journal> journal_;
  std::unique_ptr<Intake> intake_;
  int wakes_ = 0;
};

TEST_F(IntakeCallback, AppendsAMessageAsItCame) {
  ArrivedMessage m = message("a/b", "21.5", 2);
  m.retained = true;
  m.dup = true;
  m.packet_id = 4711;
  intake_->on_message(m);
  ASSERT_EQ(1u, kept().size());
  KeptRecord record = kept().front();
  EXPECT_EQ(RecordKind::kMessage, record.kind);
  EXPECT_EQ("a/b", record.topic);
  EXPECT_EQ("21.5", record.payload);
  EXPECT_EQ(kQos2 | kRetainFlag | kDupFlag, record.flags);
  EXPECT_EQ(4711, record.packet_id);
  EXPECT_EQ(1u, intake_->messages());
  EXPECT_EQ(clock_.now().boot_ms, intake_->last_message_boot_ms());
}

TEST_F(IntakeCallback, DropsOurOwnTopicsAndTheBrokersBeforeTheJournal) {
  for (const char* topic : {"sluice/gw/alerts/x/y", "sluice/other/events", "$SYS/broker/uptime", "$x"}) {
    intake_->on_message(message(topic, "x"));
  }
  EXPECT_EQ(0u, kept().size());
  EXPECT_EQ(0u, intake_->messages());
  intake_->on_message(message("sluices/a", "x"));
  EXPECT_EQ(1u, kept().size());
}

TEST_F(IntakeCallback, KeepsOnlyTheTopicOfAnOversizePayload) {
  intake_->on_message(message("a", std::string(100, 'x')));
  intake_->on_message(message("b", std::string(101, 'x')));
  ASSERT_EQ(2u, kept().size());
  EXPECT_EQ(100u, kept()[0].payload.size());
  EXPECT_EQ("", kept()[1].payload);
  EXPECT_EQ("b", kept()[1].topic);
  EXPECT_EQ(kQos1 | kOversize, kept()[1].flags);
}

TEST_F(IntakeCallback, RecordsEachConnectionOnceUpAndOnceDown) {
  intake_->on_lost("never was connected");
  intake_->on_connected(true);
  intake_->on_lost("gone");
  intake_->on_disconnected();
  intake_->on_connected(false);
  intake_->on_disconnected();
  std::vector<KeptRecord> records = kept();
  ASSERT_EQ(4u, records.size());
  EXPECT_EQ(RecordKind::kConnected, records[0].kind);
  EXPECT_EQ(kSessionPresent, records[0].flags);
  EXPECT_EQ(RecordKind::kDisconnected, records[1].kind);
  EXPECT_EQ("gone", records[1].topic);
  EXPECT_EQ(RecordKind::kConnected, records[2].kind);
  EXPECT_EQ(0, records[2].flags);
  EXPECT_EQ(RecordKind::kDisconnected, records[3].kind);
}

TEST_F(IntakeCallback, EndsTheBacklogAtTheFirstHeartbeatOfTheConnection) {
  std::string old = connect();
  intake_->on_lost("gone");
  next_event();
  std::string connection = connect();
  EXPECT_NE(old, connection);
  intake_->on_message(message("a", "1"));
  intake_->on_message(message("sluice/gw/heartbeat", heartbeat_payload(old, 0)));  // waited in the session
  EXPECT_EQ(0u, intake_->events().size());
  std::int64_t sent = clock_.boot_us();
  clock_.pass_ms(3);
  intake_->on_message(message("sluice/gw/heartbeat", heartbeat_payload(connection, sent)));
  intake_->on_message(message("b", "2"));
  intake_->on_message(message("sluice/gw/heartbeat", heartbeat_payload(connection, sent)));
  std::vector<RecordKind> kinds;
  for (const KeptRecord& record : test::read_all(*journal_, 3)) kinds.push_back(record.kind);
  EXPECT_EQ((std::vector<RecordKind>{RecordKind::kMessage, RecordKind::kBacklogEnd, RecordKind::kMessage}),
            kinds);
  EXPECT_EQ(LinkEvent::Kind::kHeartbeat, next_event().kind);
  EXPECT_EQ(3000, next_event().round_trip.count());
}

TEST_F(IntakeCallback, EndsTheBacklogOnceWhenToldTo) {
  intake_->end_backlog();
  EXPECT_EQ(0u, kept().size());
  std::string connection = connect();
  intake_->end_backlog();
  intake_->end_backlog();
  intake_->on_message(message("sluice/gw/heartbeat", heartbeat_payload(connection, 0)));
  EXPECT_EQ(2u, kept().size());
}

TEST_F(IntakeCallback, IsAtHighWaterAboveHalfTheRingAndDropsQos0There) {
  make(64 * 1024);
  intake_->on_message(message("a", "0", 0));
  int before = wakes_;
  while (journal_->used_bytes() <= journal_->capacity_bytes() / 2) {
    ASSERT_FALSE(intake_->high_water());
    intake_->on_message(message("a", std::string(90, 'x')));
  }
  EXPECT_TRUE(intake_->high_water());
  EXPECT_EQ(before + 1, wakes_);
  std::uint64_t last = journal_->last_seq();
  intake_->on_message(message("a", "0", 0));
  intake_->on_message(message("a", "0", 0));
  EXPECT_EQ(last, journal_->last_seq());
  EXPECT_EQ(2u, intake_->take_overload_drops());
  EXPECT_EQ(0u, intake_->take_overload_drops());
  intake_->on_message(message("a", "1", 1));
  EXPECT_EQ(last + 1, journal_->last_seq());
  intake_->set_high_water(false);
  journal_->release(last);
  intake_->on_message(message("a", "0", 0));
  EXPECT_EQ(last + 2, journal_->last_seq());
}

TEST_F(IntakeCallback, WaitsForRoomBelowHighWaterButNotWhenItIsLeaving) {
  make(64 * 1024);
  while (journal_->used_bytes() <= journal_->capacity_bytes() / 16 * 7)
    intake_->on_message(message("a", std::string(90, 'x')));
  intake_->set_pace(std::chrono::hours(1));
  intake_->set_leaving(true);
  intake_->on_message(message("a", "1"));  // or the test would not end
  EXPECT_FALSE(intake_->high_water());
  intake_->set_leaving(false);
  std::thread store([this] { journal_->release(journal_->last_seq()); });
  intake_->on_message(message("a", "2"));
  store.join();
  EXPECT_GT(200u, journal_->used_bytes());
}

TEST_F(IntakeCallback, DoesNotReturnWhenTheJournalIsFull) {
  ::testing::FLAGS_gtest_death_test_style = "threadsafe";
  make(64 * 1024);
  EXPECT_DEATH(
      {
        for (int i = 0; i < 100000; ++i) intake_->on_message(message("a", std::string(90, 'x')));
      },
      "must not be acknowledged");
}

}  // namespace
}  // namespace sluice
