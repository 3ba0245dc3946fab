#include "upload/url_template.h"

#include <charconv>
#include <string_view>

#include "base/url.h"

namespace sluice {

namespace {

constexpr std::size_t kUrlBytesMax = 2000;

Error wrong(const std::string& what) {
  return make_error(ErrorCode::kInvalid, what);
}

Status check_host(std::string_view host) {
  std::string_view port;
  const std::size_t bracket = host.rfind(']');
  const std::size_t colon = host.find(':', bracket == std::string_view::npos ? 0 : bracket);
  if (colon != std::string_view::npos) {
    port = host.substr(colon + 1);
    host = host.substr(0, colon);
    int number = 0;
    auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
    if (error != std::errc() || end != port.data() + port.size() || number < 1 || number > 65535) {
      return wrong("has a port that is none");
    }
  }
  if (host.empty()) return wrong("has no host");
  if (host.find_first_of("{}") != std::string_view::npos) return wrong("has a placeholder in its host");
  return {};
}

}  // namespace

Status check_url_template(const std::string& url) {
  if (url.size() > kUrlBytesMax) return wrong("has more than " + std::to_string(kUrlBytesMax) + " bytes");
  if (!url.starts_with("https://") && !url.starts_with("http://")) {
    return wrong("does not begin with https:// or http://");
  }
  for (char c : url) {
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F) {
      return wrong("has a blank or a character that a URL cannot have; write it as %XX");
    }
  }
  if (url_has_userinfo(url)) return wrong("carries a user name or password");
  const std::string origin = url_origin(url);
  if (Status host = check_host(std::string_view(origin).substr(origin.find("://") + 3)); !host) return host;
  for (std::size_t at = url.find_first_of("{}"); at != std::string::npos; at = url.find_first_of("{}", at)) {
    std::size_t end = std::string::npos;
    for (std::string_view known : {"{gateway}", "{date}", "{revision}"}) {
      if (url.compare(at, known.size(), known) == 0) end = at + known.size();
    }
    if (end == std::string::npos)
      return wrong("has a placeholder other than {gateway}, {date} and {revision}");
    at = end;
  }
  return {};
}

std::string expand_url(const std::string& url, const Delivery& delivery) {
  std::string out;
  for (std::size_t at = 0; at < url.size();) {
    const std::string_view rest = std::string_view(url).substr(at);
    if (rest.starts_with("{gateway}")) {
      out += delivery.gateway;
      at += 9;
    } else if (rest.starts_with("{date}")) {
      out += format_date(delivery.day);
      at += 6;
    } else if (rest.starts_with("{revision}")) {
      out += std::to_string(delivery.revision);
      at += 10;
    } else {
      out += url[at++];
    }
  }
  return out;
}

}  // namespace sluice
