// sluiced: see app/runtime.h. Exit codes: 0 stopped as asked, 1 failed, 2 usage, 4 configuration.
#include <cstdio>

#include "app/options.h"
#include "app/runtime.h"
#include "config/settings.h"

int main(int argc, char** argv) {
  sluice::OptionsAnswer answer = sluice::parse_options(argc, argv);
  if (!answer.options) {
    std::fputs(answer.text.c_str(), answer.exit_code == 0 ? stdout : stderr);
    return answer.exit_code;
  }
  sluice::Result<sluice::Settings> settings = sluice::load_settings(answer.options->config);
  if (!settings.ok()) {
    std::fprintf(stderr, "%s\n", settings.error().context.c_str());
    return 4;
  }
  if (answer.options->check_only) {
    for (const sluice::Problem& warning : settings->warnings) {
      std::fprintf(stderr, "warning: %s\n", sluice::line_of(answer.options->config, warning).c_str());
    }
    return 0;
  }
  return sluice::run_gateway(answer.options->config, *settings);
}
