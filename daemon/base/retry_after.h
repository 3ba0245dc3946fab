// Retry-After of an HTTP answer (RFC 9110, sections 10.2.3 and 5.6.7): a number of seconds, or a date in one
// of three forms. Any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace sluice {

// Unix milliseconds of an HTTP date: IMF-fixdate, RFC 850 or asctime. `now_wall_ms` tells the century of a
// year with two digits.
std::optional<std::int64_t> parse_http_date(std::string_view text, std::int64_t now_wall_ms);

// Milliseconds to wait from now on; 0 when the header says nothing that can be understood, or a time that has
// passed. `date` is the answer's Date header: what the sender's clock says, so that ours need not be right.
std::int64_t retry_after_ms(std::string_view retry_after, std::string_view date, std::int64_t now_wall_ms);

}  // namespace sluice
