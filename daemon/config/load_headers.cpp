// headers: what an upload or an alert sends beside its body.
#include <strings.h>

#include <algorithm>
#include <iterator>

#include "config/names.h"
#include "config/sections.h"

namespace sluice {

namespace {

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
  } else if (value.find("{token}") != std::string::npos && !reader.given("token_file")) {
    reader.wrong("headers", "has {token} in " + name, "expected token_file too");
  }
}

}  // namespace

void load_headers(MapReader& reader, std::map<std::string, std::string>& headers) {
  reader.texts("headers", headers);
  for (const auto& [name, value] : headers) check_header(reader, name, value);
}

}  // namespace sluice
