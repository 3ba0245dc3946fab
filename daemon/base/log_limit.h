// LogLimit: which lines of a log are written when the same thing is said again and again: kLinesMax a minute
// of each site, and afterwards how many were left out. Bounded: beyond kSitesMax sites nothing is left out of
// new ones until a minute is over. One thread at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sluice {

class LogLimit {
 public:
  static constexpr int kLinesMax = 5;
  static constexpr std::int64_t kPeriodMs = 60000;
  static constexpr std::size_t kSitesMax = 256;

  // False: leave it out. `site`: what makes two lines the same, their format; a format that says nothing
  // itself ("{}") counts by the line. `level` comes back with what was left out.
  bool admit(std::string_view site, int level, const std::string& line, std::int64_t now_ms);

  struct LeftOut {
    int level = 0;
    std::string line;  // the last one
    std::uint64_t times = 0;
  };
  // Of the sites whose minute is over by now; each is told once.
  std::vector<LeftOut> take_left_out(std::int64_t now_ms);

 private:
  struct Site {
    std::int64_t since_ms = 0;
    int lines = 0;
    LeftOut left_out;
  };
  std::map<std::string, Site, std::less<>> sites_;
};

}  // namespace sluice
