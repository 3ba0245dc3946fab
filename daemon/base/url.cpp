#include "base/url.h"

namespace sluice {

namespace {

struct Parts {
  std::string_view scheme;  // with "://"
  std::string_view userinfo;
  std::string_view host;  // with the port
  std::string_view path;
  std::string_view query;  // from '?' or '#' on
};

Parts parts_of(std::string_view url) {
  Parts parts;
  const std::size_t scheme = url.find("://");
  if (scheme < url.find_first_of("/?#@")) {
    parts.scheme = url.substr(0, scheme + 3);
    url.remove_prefix(scheme + 3);
  }
  std::string_view authority = url.substr(0, url.find_first_of("/?#"));
  const std::size_t at = authority.rfind('@');
  if (at != std::string_view::npos) {
    parts.userinfo = authority.substr(0, at);
    authority.remove_prefix(at + 1);
    url.remove_prefix(at + 1);
  }
  parts.host = authority;
  url.remove_prefix(authority.size());
  parts.path = url.substr(0, url.find_first_of("?#"));
  parts.query = url.substr(parts.path.size());
  return parts;
}

}  // namespace

std::string url_origin(std::string_view url) {
  const Parts parts = parts_of(url);
  return std::string(parts.scheme) + std::string(parts.host);
}

std::string url_shown(std::string_view url) {
  const Parts parts = parts_of(url);
  return std::string(parts.scheme) + (parts.userinfo.empty() ? "" : "***@") + std::string(parts.host) +
         std::string(parts.path) + (parts.query.empty() ? "" : "?***");
}

bool url_has_userinfo(std::string_view url) {
  return !parts_of(url).userinfo.empty();
}

}  // namespace sluice
