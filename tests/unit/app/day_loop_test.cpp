#include "app/day_loop.h"

#include "support/ram_journal.h"
#include "unit/store/faulty_disk.h"
#include "unit/store/store_fixture.h"

namespace sluice {
namespace {

constexpr std::chrono::milliseconds kLonger{20'000};  // than between two tries

class KeepingSink final : public Sink {
 public:
  explicit KeepingSink(std::vector<std::string>& kept) : kept_(kept) {}
  const std::string& name() const override { return name_; }
  SinkAnswer deliver(const Delivery& delivery) override {
    kept_.push_back(format_date(delivery.day) + "/" + std::to_string(delivery.revision));
    return {SinkAnswer::Kind::kDelivered, "", 0};
  }

 private:
  std::string name_ = "archive";
  std::vector<std::string>& kept_;
};

// A day has its summary; then a late reading outdates it, and the disk is full when the daily run comes.
class ADayLoop : public StoreFixture {
 protected:
  void SetUp() override {
    settings_.vfs = disk_.name();
    StoreFixture::SetUp();
    SummarySettings summary;
    summary.gateway = "gw";
    summariser_ = std::make_unique<Summariser>(
        summary, calendar_, *view_, [](const std::string&) { return SensorNotes{}; },
        std::vector<std::string>{"archive"});
    std::vector<std::unique_ptr<Sink>> sinks;
    sinks.push_back(std::make_unique<KeepingSink>(delivered_));
    uploader_ =
        std::make_unique<Uploader>(UploadSettings{}, *view_, std::move(sinks), log_, std::uint64_t{1});
    vitals_.clock_trusted = true;
    loop_ = std::make_unique<DayLoop>(*summariser_, *uploader_, *view_, UploadSchedule(calendar_, 12 * 60, 0),
                                      *journal_, clock_, vitals_, log_);
    commit({reading(1, kStart, 1)});
    loop_->step();
    ASSERT_EQ(1, revision());
    ASSERT_EQ(std::vector<std::string>{"2026-03-01/1"}, delivered_);
    commit({reading(1, kStart + 1, 2, kStart + 30 * kHour)});
    clock_.pass_ms(2 * kDayMs);
  }
  void TearDown() override {
    loop_.reset();
    uploader_.reset();
    summariser_.reset();
    view_.reset();
    store_.reset();
  }
  int revision() { return day_state(kFirstDay).revision; }
  void pass(std::chrono::milliseconds time) {
    clock_.pass_ms(time.count());
    loop_->step();
  }

  std::vector<std::string> delivered_;
  FaultyDisk disk_;
  FakeClock clock_{kStart + 36 * kHour + kMinute};
  std::unique_ptr<Journal> journal_ = test::ram_journal(clock_);
  Vitals vitals_;
  std::unique_ptr<Summariser> summariser_;
  std::unique_ptr<Uploader> uploader_;
  std::unique_ptr<DayLoop> loop_;
};

TEST_F(ADayLoop, TriesADailyRunAgainThatFailed) {
  disk_.writes_left = 0;
  for (int i = 0; i < 3; ++i) pass(kLonger);
  EXPECT_EQ(1, revision());
  disk_.writes_left = -1;
  pass(kLonger);
  EXPECT_EQ(2, revision());
  EXPECT_EQ("2026-03-01/2", delivered_.back());
  commit({reading(1, kStart + 2, 3, kStart + 80 * kHour)});
  for (int i = 0; i < 40; ++i) pass(kLonger);
  EXPECT_EQ(2, revision()) << "that run is over: this waits for the next one";
}

TEST_F(ADayLoop, TriesARunAgainThatWasAskedFor) {
  loop_->step();
  ASSERT_EQ(2, revision());
  commit({reading(1, kStart + 2, 3, kStart + 80 * kHour)});
  disk_.writes_left = 0;
  vitals_.upload_asked = true;
  pass(kLonger);
  EXPECT_EQ(2, revision());
  disk_.writes_left = -1;
  pass(kLonger);
  EXPECT_EQ(3, revision());
  EXPECT_EQ("2026-03-01/3", delivered_.back()) << ::testing::PrintToString(delivered_);
}

}  // namespace
}  // namespace sluice
