// upload: where daily summaries go. api: who may ask questions.
#include <arpa/inet.h>

#include <charconv>

#include "api/token_settings.h"
#include "base/secret.h"
#include "config/quantity.h"
#include "config/sections.h"

namespace sluice {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;

constexpr const char* kListenExpected =
    "expected ADDRESS:PORT such as 127.0.0.1:8787, or \"\" for the socket only";

void load_at(MapReader& reader, int& at_minutes) {
  std::string text;
  if (!reader.text("at", text)) return;
  if (auto minutes = parse_time_of_day(text)) {
    at_minutes = *minutes;
    return;
  }
  // 0:15, and what is left of 00:15 where another program took it for a number to the base of 60.
  std::string meant = parse_time_of_day("0" + text) ? "0" + text : "";
  reader.wrong("at", "is " + in_quotes(text), "expected a local time HH:MM from \"00:00\" to \"23:59\"",
               meant);
}

bool is_loopback(const std::string& address) {
  in_addr v4{};
  if (::inet_pton(AF_INET, address.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24) == 127;
  return address == "[::1]";
}

bool is_address(const std::string& address) {
  in_addr v4{};
  in6_addr v6{};
  if (::inet_pton(AF_INET, address.c_str(), &v4) == 1) return true;
  return address.size() > 2 && address.front() == '[' && address.back() == ']' &&
         ::inet_pton(AF_INET6, address.substr(1, address.size() - 2).c_str(), &v6) == 1;
}

void load_listen(MapReader& reader, ApiSettings& api) {
  std::string listen;
  if (!reader.text("listen", listen)) return;
  api.listen = listen;
  if (listen.empty()) return;
  std::size_t colon = listen.rfind(':');
  std::string address = listen.substr(0, colon);
  std::string port = colon == std::string::npos ? "" : listen.substr(colon + 1);
  int number = 0;
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  bool good_port = error == std::errc{} && end == port.data() + port.size() && number > 0 && number <= 65535;
  if (!is_address(address) || !good_port) {
    std::string meant = good_port && address == "localhost" ? "127.0.0.1:" + port : "";
    if (good_port && (address.empty() || address == "*")) meant = "0.0.0.0:" + port;
    reader.wrong("listen", "is " + in_quotes(listen), kListenExpected, meant);
    return;
  }
  if (!is_loopback(address) && api.token_file.empty()) {
    reader.wrong("listen", "is open to the network without a token",
                 "expected api.token_file too, or a loopback address such as 127.0.0.1:" + port);
  }
}

// Of a file: a variable or a credential is the daemon's own.
void load_token(MapReader& reader, std::string& source) {
  if (!reader.secret("token_file", source) || !source.starts_with('/') || !reader.looks_at_files()) return;
  const Result<std::string> line = read_secret("api.token_file", source);
  const std::string text = line ? *line : "";
  const std::size_t last = text.find_last_not_of(" \t");
  if (last != std::string::npos && last + 1 - text.find_first_not_of(" \t") >= kTokenCharsMin) return;
  reader.wrong("token_file", "has no token of 8 or more characters on its first line",
               "expected a long random one there, such as openssl rand -hex 32 makes");
}

}  // namespace

void load_outputs(MapReader& root, Settings& settings) {
  root.map("upload", [&](MapReader& reader) {
    UploadSettings& upload = settings.upload;
    load_at(reader, upload.at_minutes);
    reader.duration("spread", upload.spread, milliseconds(0), hours(12));
    reader.duration("keep", upload.keep, hours(24), hours(24 * 3650));
    reader.number("rate", upload.rate_per_minute, 1, 60000);
    SinkSettings archive;
    archive.name = "archive";
    archive.type = "file";
    archive.path = settings.gateway.state_dir + "/out";
    std::map<std::string, Position> names;
    auto places = reader.each("to", [&](MapReader& sink) { load_sink(sink, names, upload.to); });
    if (!places) upload.to = {archive};  // `to: []` uploads nowhere
  });
  root.map("api", [&](MapReader& reader) {
    load_token(reader, settings.api.token_file);
    load_listen(reader, settings.api);
  });
}

}  // namespace sluice
