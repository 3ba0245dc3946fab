// Command line of sluiced.
#pragma once

#include <optional>
#include <string>

namespace sluice {

struct Options {
  std::string config = "/etc/sluice/sluice.yaml";
  bool check_only = false;
};

// Nothing: print `text` and end with `exit_code` (help, version, or a usage error).
struct OptionsAnswer {
  std::optional<Options> options;
  std::string text;
  int exit_code = 0;
};
OptionsAnswer parse_options(int argc, char** argv);

}  // namespace sluice
