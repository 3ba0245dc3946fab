#include "app/options.h"

#include <CLI/CLI.hpp>
#include <sstream>

#include "version.h"

namespace sluice {

OptionsAnswer parse_options(int argc, char** argv) {
  Options options;
  CLI::App cli{
      "sluiced: the Sluice sensor gateway. MQTT readings in; alerts out at once; one summary a day."};
  cli.add_option("--config", options.config, "configuration file")->capture_default_str();
  cli.add_flag("--check", options.check_only, "check the configuration and exit (0 fine, 4 wrong)");
  cli.set_version_flag("--version", std::string("sluiced ") + kVersion);
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& end) {
    std::ostringstream out;
    std::ostringstream error;
    const int code = cli.exit(end, out, error);
    return {std::nullopt, out.str() + error.str(), code == 0 ? 0 : 2};
  }
  return {options, "", 0};
}

}  // namespace sluice
