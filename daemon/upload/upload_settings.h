// Settings of the upload stage, filled by config/.
#pragma once

#include <chrono>
#include <map>
#include <string>
#include <vector>

#include "model/http_exchange.h"

namespace sluice {

struct SinkSettings {
  std::string name;
  std::string type;  // file, http
  std::string path;  // file: the folder
  // http
  std::string url;                             // template: {gateway} {date} {revision}
  std::string method = "PUT";                  // or POST
  std::map<std::string, std::string> headers;  // {token} in a value stands for the token
  std::string token_file;                      // as in base/secret.h
  TlsFiles tls;
  bool gzip = true;
  std::chrono::milliseconds timeout{30000};
};

struct UploadSettings {
  std::string gateway;
  int at_minutes = 15;  // past local midnight
  std::chrono::milliseconds spread{10 * 60 * 1000};
  std::chrono::milliseconds keep{std::chrono::hours(400 * 24)};
  int rate_per_minute = 60;  // deliveries to one sink
  std::vector<SinkSettings> to;
};

}  // namespace sluice
