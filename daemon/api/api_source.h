// ApiSource: what the routes ask the application. Called on the api thread; each answer takes well under a
// second. Lists come as JSON text, made beside the tables that they are read from.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "api/metrics.h"
#include "api/status.h"
#include "base/calendar.h"
#include "base/result.h"
#include "model/outbox_selection.h"

namespace sluice {

// What it takes away where it is not ok. Only a restart of the process can give life back; it would not make
// the broker answer.
enum class Vital {
  kLife,       // /healthz is 503, and /readyz
  kReadiness,  // /readyz is 503
  kNothing,    // /readyz tells of it
};

struct HealthCheck {
  std::string name;
  bool ok = true;
  Vital vital = Vital::kReadiness;
  std::string detail;  // not ok: why, and what to do
};

struct ReadingsQuery {
  std::string sensor;        // exact name; empty: all
  std::int64_t from_ms = 0;  // first instant
  std::int64_t to_ms = 0;    // first instant after
  std::int64_t after = 0;    // `next` of the page before
  std::size_t limit = 1000;
};

class ApiSource {
 public:
  virtual ~ApiSource() = default;
  virtual StatusSnapshot status() = 0;
  virtual MetricsSnapshot metrics() = 0;
  virtual std::vector<HealthCheck> health() = 0;
  virtual std::int64_t now_wall_ms() = 0;

  virtual Result<std::string> alerts(std::size_t limit) = 0;  // those that stand
  virtual Result<std::string> events(std::size_t limit) = 0;
  virtual Result<std::string> sensors(std::int64_t after, std::size_t limit) = 0;
  virtual Result<std::string> readings(const ReadingsQuery& query) = 0;
  virtual Result<std::string> summaries(std::size_t limit) = 0;  // the newest days, ascending
  // The frozen document; without a revision the newest. kNotFound: there is none.
  virtual Result<std::string> summary(Day day, std::optional<int> revision) = 0;
  virtual Result<std::string> quarantine(const std::string& reason, std::size_t limit) = 0;
  virtual Result<std::string> why(const std::string& sensor, const std::string& rule) = 0;
  virtual Result<std::string> outbox(const OutboxSelection& which, std::size_t limit) = 0;

  // A test of a channel, or of the channels of a rule; and what the newest test has brought so far.
  virtual Result<std::string> alerts_test(const std::string& name) = 0;
  virtual Result<std::string> alerts_test_result(const std::string& test) = 0;
  virtual Result<std::string> silences() = 0;
  virtual Result<std::string> silence(const std::string& body) = 0;  // kInvalid: says what is wrong with it
  virtual Result<std::string> unsilence(std::uint64_t id) = 0;

  virtual Result<std::string> upload_now() = 0;  // what was set off
  // Deliveries that wait or were refused: tried again without waiting, or given up for good.
  virtual Result<std::string> upload_retry(const OutboxSelection& which) = 0;
  virtual Result<std::string> upload_discard(const OutboxSelection& which) = 0;
  // What was read so far is stored soon, not after store.flush; the number of its newest record.
  virtual Result<std::string> store_now() = 0;
  virtual Result<std::string> reload() = 0;  // kInvalid: the file is wrong, with each mistake's place
};

}  // namespace sluice
