// upload: where daily summaries go. api: who may ask questions.
#include <arpa/inet.h>

#include <charconv>

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

void load_sink(MapReader& reader, std::map<std::string, Position>& names, std::vector<SinkSettings>& sinks) {
  SinkSettings sink;
  reader.required("name", "a name for the place, such as archive");
  if (reader.text("name", sink.name)) {
    auto [other, is_new] = names.emplace(sink.name, reader.at("name"));
    if (sink.name.empty() ||
        sink.name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                    "0123456789_.-") != std::string::npos) {
      reader.wrong("name", "is " + in_quotes(sink.name), "expected letters, digits and _ . - only");
    } else if (!is_new) {
      reader.wrong("name", in_quotes(sink.name) + " is the name of another place",
                   "expected a name of its own, because receipts are kept under it: the other is at " +
                       std::to_string(other->second.line) + ":" + std::to_string(other->second.column));
    }
  }
  reader.required("type", "the type of the place: file");
  if (reader.text("type", sink.type) && sink.type != "file") {
    reader.wrong("type", "is " + in_quotes(sink.type), "expected a type that this version has: file",
                 nearest(sink.type, {"file"}));
    reader.ignore_the_rest();
    return;
  }
  reader.required("path", "the folder that the documents are written to");
  reader.path("path", sink.path);
  sinks.push_back(std::move(sink));
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

}  // namespace

void load_outputs(MapReader& root, Settings& settings) {
  root.map("upload", [&](MapReader& reader) {
    UploadSettings& upload = settings.upload;
    load_at(reader, upload.at_minutes);
    reader.duration("spread", upload.spread, milliseconds(0), hours(12));
    reader.duration("keep", upload.keep, hours(24), hours(24 * 3650));
    SinkSettings archive;
    archive.name = "archive";
    archive.type = "file";
    archive.path = settings.gateway.state_dir + "/out";
    std::map<std::string, Position> names;
    auto places = reader.each("to", [&](MapReader& sink) { load_sink(sink, names, upload.to); });
    if (!places) upload.to = {archive};  // `to: []` uploads nowhere
  });
  root.map("api", [&](MapReader& reader) {
    reader.file("token_file", settings.api.token_file);
    load_listen(reader, settings.api);
  });
}

}  // namespace sluice
