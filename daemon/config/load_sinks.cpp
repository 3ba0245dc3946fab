// upload.to: the places that daily summaries are delivered to. A type of sink is a function here.
#include <strings.h>

#include <algorithm>
#include <iterator>

#include "config/sections.h"
#include "upload/url_template.h"

namespace sluice {

namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;

constexpr const char* kUrlExpected =
    "expected the address of the receiver, https://HOST/PATH with {gateway}, {date} and {revision}";

bool same_letters(const std::string& a, const char* b) {
  return ::strcasecmp(a.c_str(), b) == 0;
}

void check_header(MapReader& reader, const std::string& name, const std::string& value) {
  constexpr const char* kOurs[] = {"Content-Type", "Content-Encoding",  "Content-Length", "Idempotency-Key",
                                   "Host",         "Transfer-Encoding", "Expect",         "Connection"};
  constexpr const char* kSecret[] = {"Authorization", "Proxy-Authorization", "Cookie"};
  auto is = [&name](const char* other) { return same_letters(name, other); };
  const bool good_name = !name.empty() && name.find_first_not_of(
                                              "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                              "0123456789!#$%&'*+-.^_`|~") == std::string::npos;
  const bool good_value = std::none_of(
      value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; });
  if (!good_name) {
    reader.wrong("headers", "has the name " + in_quotes(name), "expected the name of an HTTP header");
  } else if (!good_value) {
    reader.wrong("headers", "has a control character in " + name, "expected text in one line");
  } else if (std::any_of(std::begin(kOurs), std::end(kOurs), is)) {
    reader.wrong("headers", "has " + name, "expected another header: Sluice sets this one itself");
  } else if (std::any_of(std::begin(kSecret), std::end(kSecret), is) &&
             value.find("{token}") == std::string::npos) {
    reader.wrong(
        "headers", "has a secret in " + name,
        "expected the secret in token_file and {token} where it belongs, such as \"Bearer {token}\"");
  }
}

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
  reader.texts("headers", sink.headers);
  for (const auto& [name, value] : sink.headers) check_header(reader, name, value);
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
