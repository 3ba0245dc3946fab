// Uploader: drains the outbox. Items of one sink go in order of day; one in flight a sink; capped, jittered
// backoff; Retry-After honoured; retried for as long as upload.keep. One thread (the batch layer's).
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "upload/outbox.h"
#include "upload/sink.h"

namespace sluice {

struct SinkSettings {
  std::string name;
  std::string type;  // file
  std::string path;
  std::string url;
  std::string method = "PUT";
  std::string token_file;
  std::string tls_ca_file;
  std::string tls_cert_file;
  std::string tls_key_file;
  bool gzip = true;
  std::chrono::milliseconds timeout{30000};
};

struct UploadSettings {
  std::string gateway;
  int at_minutes = 15;  // past local midnight
  std::chrono::milliseconds spread{10 * 60 * 1000};
  std::chrono::milliseconds keep{std::chrono::hours(400 * 24)};
  std::vector<SinkSettings> to;
};

// Where in [0, spread) this gateway's daily upload lies: SHA-256 of its id, so that many gateways do not come
// at once.
std::int64_t spread_offset_ms(const std::string& gateway, std::chrono::milliseconds spread);

class Uploader {
 public:
  Uploader(UploadSettings settings, OutboxTable& outbox, std::vector<std::unique_ptr<Sink>> sinks, Log& log,
           std::uint64_t jitter_seed);
  // Delivers what is due, at most `items_max` items; `force` ignores backoff times. Returns how many were
  // delivered.
  Result<int> tick(std::int64_t now_wall_ms, bool force, int items_max);
  std::vector<std::string> sink_names() const;

 private:
  UploadSettings settings_;
  OutboxTable& outbox_;
  std::vector<std::unique_ptr<Sink>> sinks_;
  Log& log_;
  std::uint64_t random_;
};

}  // namespace sluice
