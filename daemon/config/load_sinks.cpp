// upload.to: the places that daily summaries are delivered to. A type of sink is a function here.
#include "config/sections.h"
#include "upload/url_template.h"

namespace sluice {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr const char* kUrlExpected =
    "expected the address of the receiver, https://HOST/PATH with {gateway}, {date} and {revision}";

void load_http_sink(MapReader& reader, SinkSettings& sink) {
  reader.choice("method", sink.method, {{"PUT", "PUT"}, {"POST", "POST"}});
  if (reader.text("url", sink.url)) {
    if (Status good = check_url_template(sink.url); !good) {
      // The address is not repeated: a password may be in it.
      reader.wrong("url", good.error().context, kUrlExpected);
    } else if (sink.method == "PUT" && sink.url.find("{date}") == std::string::npos) {
      reader.wrong("url", "is the same for every day, so that each PUT would replace the last",
                   "expected {date} in it, or method: POST");
    }
  }
  load_headers(reader, sink.headers);
  reader.secret("token_file", sink.token_file);
  reader.map("tls", [&](MapReader& tls) { load_tls_files(tls, sink.tls.ca, sink.tls.cert, sink.tls.key); });
  const bool any = !sink.tls.ca.empty() || !sink.tls.cert.empty() || !sink.tls.key.empty();
  if (any && reader.clean() && !sink.url.starts_with("https://")) {
    reader.wrong("tls", "is given, but url does not use TLS", "expected a url https://…, or no tls");
  }
  reader.choice("gzip", sink.gzip, {{"true", true}, {"false", false}});
  reader.duration("timeout", sink.timeout, milliseconds(1000), minutes(10));
}

}  // namespace

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
  reader.required("type", "the type of the place: file or http");
  const bool typed = reader.text("type", sink.type);
  if (typed && sink.type != "file" && sink.type != "http") {
    reader.wrong("type", "is " + in_quotes(sink.type), "expected file or http",
                 nearest(sink.type, {"file", "http"}));
    reader.ignore_the_rest();
    return;
  }
  if (sink.type == "file") reader.required("path", "the folder that the documents are written to");
  if (sink.type != "http") reader.path("path", sink.path);
  if (sink.type == "http") reader.required("url", kUrlExpected);
  if (sink.type != "file") load_http_sink(reader, sink);
  sinks.push_back(std::move(sink));
}

}  // namespace sluice
