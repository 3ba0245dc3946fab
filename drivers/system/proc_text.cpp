#include "drivers/system/proc_text.h"

#include <algorithm>

#include "drivers/sysfs/sysfs_tree.h"

namespace sluice::drivers {

Result<double> parse_load(std::string_view loadavg, int which) {
  for (; which > 0; --which) {
    std::size_t blank = loadavg.find(' ');
    if (blank == std::string_view::npos) return make_error(ErrorCode::kCorrupt, "too few loads");
    loadavg.remove_prefix(blank + 1);
  }
  return scaled(loadavg.substr(0, loadavg.find(' ')), 1);
}

Result<double> parse_meminfo(std::string_view meminfo, std::string_view name) {
  while (!meminfo.empty()) {
    std::string_view line = meminfo.substr(0, meminfo.find('\n'));
    meminfo.remove_prefix(std::min(line.size() + 1, meminfo.size()));
    if (!line.starts_with(name) || line.substr(name.size(), 1) != ":" || !line.ends_with(" kB")) continue;
    line.remove_suffix(3);
    Result<double> kib = scaled(line.substr(line.rfind(' ') + 1), 1);
    if (!kib) return kib;
    return *kib * 1024;
  }
  return make_error(ErrorCode::kNotFound, "there is no " + std::string(name));
}

}  // namespace sluice::drivers
