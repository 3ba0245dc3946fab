#include "base/log_limit.h"

#include <utility>

namespace sluice {

bool LogLimit::admit(std::string_view site, int level, const std::string& line, std::int64_t now_ms) {
  const std::string_view key = site == "{}" ? std::string_view(line) : site;
  auto found = sites_.find(key);
  if (found == sites_.end()) {
    if (sites_.size() >= kSitesMax) return true;
    found = sites_.emplace(std::string(key), Site{now_ms, 0, {}}).first;
  }
  Site& known = found->second;
  if (known.lines < kLinesMax) {
    ++known.lines;
    return true;
  }
  known.left_out.level = level;
  known.left_out.line = line;
  ++known.left_out.times;
  return false;
}

std::vector<LogLimit::LeftOut> LogLimit::take_left_out(std::int64_t now_ms) {
  std::vector<LeftOut> over;
  for (auto site = sites_.begin(); site != sites_.end();) {
    if (now_ms - site->second.since_ms < kPeriodMs) {
      ++site;
      continue;
    }
    if (site->second.left_out.times > 0) over.push_back(std::move(site->second.left_out));
    site = sites_.erase(site);
  }
  return over;
}

}  // namespace sluice
