// GatewayApi: answers the API's questions from the vitals and from a read-only view of the database. Api
// thread.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "alert/alert_slots.h"
#include "api/api_source.h"
#include "app/certificate_watch.h"
#include "app/channel_tests.h"
#include "app/reload.h"
#include "app/vitals.h"
#include "app/wire_channels.h"
#include "base/clock.h"
#include "config/settings.h"
#include "engine/engine.h"
#include "intake/intake.h"
#include "intake/journal.h"
#include "store/view.h"

namespace sluice {

// Runs a function on the engine's thread and waits for it. In a single-threaded world: calls it.
using OnEngine = std::function<Status(const std::function<void(Engine&)>&)>;

class GatewayApi final : public ApiSource {
 public:
  GatewayApi(const Settings& settings, Clock& clock, Journal& journal, Intake& intake, AlertSlots& slots,
             const std::vector<WiredChannel>& channels, StoreView& view, Vitals& vitals, Reload& reload,
             OnEngine on_engine);

  StatusSnapshot status() override;
  MetricsSnapshot metrics() override;
  std::vector<HealthCheck> health() override;
  std::int64_t now_wall_ms() override { return clock_.now().wall_ms; }

  Result<std::string> alerts(std::size_t limit) override;
  Result<std::string> events(std::size_t limit) override;
  Result<std::string> sensors(std::int64_t after, std::size_t limit) override;
  Result<std::string> readings(const ReadingsQuery& query) override;
  Result<std::string> summaries(std::size_t limit) override;
  Result<std::string> summary(Day day, std::optional<int> revision) override;
  Result<std::string> quarantine(const std::string& reason, std::size_t limit) override;
  Result<std::string> why(const std::string& sensor, const std::string& rule) override;
  Result<std::string> outbox(const OutboxSelection& which, std::size_t limit) override;

  Result<std::string> alerts_test(const std::string& name) override { return channel_tests_.begin(name); }
  Result<std::string> alerts_test_result(const std::string& test) override {
    return channel_tests_.result(test);
  }
  Result<std::string> silences() override;
  Result<std::string> silence(const std::string& body) override;
  Result<std::string> unsilence(std::uint64_t id) override;

  Result<std::string> upload_now() override;
  Result<std::string> upload_retry(const OutboxSelection& which) override;
  Result<std::string> upload_discard(const OutboxSelection& which) override;
  Result<std::string> store_now() override;
  Result<std::string> reload() override;

 private:
  Instant process_started() const;
  Result<std::vector<Silence>> live_silences();
  Status engine_reads(std::uint64_t seq);  // waits for it, but not for long
  const Settings& settings_;
  Clock& clock_;
  Journal& journal_;
  Intake& intake_;
  AlertSlots& slots_;
  const std::vector<WiredChannel>& channels_;
  ChannelTests channel_tests_;
  StoreView& view_;
  Vitals& vitals_;
  Reload& reload_;
  const OnEngine on_engine_;
  CertificateWatch certificates_;
  const Instant started_;  // with this configuration
};

}  // namespace sluice
