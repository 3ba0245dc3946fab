// URLs as they may be shown: passwords and tokens that people put into one never get into a log, a status, an
// outbox or an error. Any thread.
#pragma once

#include <string>
#include <string_view>

namespace sluice {

std::string url_origin(std::string_view url);  // scheme://host:port; nothing that could be a secret
std::string url_shown(std::string_view url);   // all but user name, password and query
bool url_has_userinfo(std::string_view url);   // scheme://name:password@host

}  // namespace sluice
