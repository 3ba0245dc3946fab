// Copies taken while the store writes, and what a gateway finds that starts from one.
#include "store/sqlite_backup.h"

#include <fstream>

#include "support/temp_folder.h"
#include "unit/store/store_fixture.h"

namespace sluice {
namespace {

class Backup : public StoreFixture {
 protected:
  std::string target() const { return folder_ + "/copy.db"; }
  void restore() {
    view_.reset();
    store_.reset();
    for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(settings_.path + suffix);
    std::filesystem::copy_file(target(), settings_.path);
    open();
  }
};

TEST_F(Backup, HoldsOneMomentThoughTheStoreGoesOnWriting) {
  std::vector<Reading> many;
  for (int i = 0; i < 200000; ++i) many.push_back(reading(1, kStart + i, i));
  commit(many);
  int during = 0;
  must(back_up(settings_.path, target(), [&](std::uint64_t, std::uint64_t) {
    commit({reading(1, kStart + kHour + during, 1)});
    ++during;
  }));
  EXPECT_LT(0, during);
  EXPECT_EQ(200000u + static_cast<unsigned>(during), stored_rows().size());
  restore();
  EXPECT_EQ(200000u, stored_rows().size());
}

TEST_F(Backup, OverwritesNothingAndLeavesNothingBehindWhenItFails) {
  commit({reading(1, kStart, 1)});
  std::ofstream(target()) << "precious";
  Status refused = back_up(settings_.path, target(), {});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(ErrorCode::kRefused, refused.error().code);
  EXPECT_EQ("precious", test::read_file(target()));
  EXPECT_FALSE(back_up(settings_.path, folder_ + "/absent/copy.db", {}).ok());
  EXPECT_FALSE(back_up(folder_ + "/absent.db", folder_ + "/other.db", {}).ok());
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/other.db"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/other.db.partial"));
}

TEST_F(Backup, RestoredNeitherUploadsNorAlertsAgainAndGoesOnAtItsCursor) {
  Batch alarm = batch({reading(1, kStart, 31)});
  RuleState firing;
  firing.rule = "hot";
  firing.sensor = 1;
  firing.phase = RuleState::Phase::kFiring;
  firing.since_ms = kStart;
  firing.rule_digest = "d";
  alarm.rule_states = {firing};
  AlertEvent event;
  event.id = "0123456789abcdef";
  event.alert = "hot";
  event.sensor = "sensor/1";
  event.since_ms = event.at_ms = kStart;
  event.channels = {"mqtt"};
  alarm.events = {event};
  must(store_->commit(alarm));
  must(store_->mark_delivered({Store::Delivered::of(event, "mqtt")}));
  sum(kFirstDay, kStart + kDayMs, {"archive"});
  OutboxItem item = must(view_->waiting("archive", 10)).at(0);
  item.state = OutboxState::kDelivered;
  must(view_->update(item));

  must(back_up(settings_.path, target(), {}));
  commit({reading(1, kStart + kHour, 1)});  // lost to the restored database, unless the ring still has it
  restore();
  Checkpoint checkpoint = must(store_->load_checkpoint({kHour}));
  EXPECT_EQ(alarm.cursor, checkpoint.cursor);
  EXPECT_EQ(0u, checkpoint.undelivered.size());
  ASSERT_EQ(1u, checkpoint.rule_states.size());
  EXPECT_EQ(RuleState::Phase::kFiring, checkpoint.rule_states[0].phase);
  EXPECT_EQ(0u, must(view_->waiting("archive", 10)).size());
  EXPECT_EQ(OutboxState::kDelivered, must(view_->list(10)).at(0).state);
  must(store_->commit(batch({reading(1, kStart + 2 * kHour, 2)})));
}

}  // namespace
}  // namespace sluice
