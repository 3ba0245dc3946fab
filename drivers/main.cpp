#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

#include "drivers/program.h"

int main(int argc, char** argv) {
  using namespace sluice;
  constexpr int kExitUsage = 2;
  constexpr int kExitConfiguration = 4;

  CLI::App app("Publishes samples of sensors, recorded or simulated, over MQTT.", "sluice-drivers");
  std::string path = "/etc/sluice/drivers.yaml";
  bool check = false;
  bool once = false;
  app.add_option("--config", path, "configuration file")->capture_default_str();
  app.add_flag("--check", check, "read the configuration, say what is wrong with it, and end");
  app.add_flag("--once", once, "give a failing driver up (exit code 1) instead of trying again");
  app.set_version_flag("--version", "sluice-drivers " SLUICE_VERSION);
  app.footer(
      "Ends by itself when every driver is done and all is acknowledged.\n"
      "Exit codes: 0 fine, 1 a driver was given up or samples were dropped, 2 usage, 4 configuration.");
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : kExitUsage;
  }

  Log log(LogLevel::kInfo, std::getenv("JOURNAL_STREAM") ? Log::Style::kJournald : Log::Style::kPlain);
  Result<drivers::DriversConfig> config = drivers::load_config(path, log);
  if (!config) {
    std::fprintf(stderr, "%s\n", config.error().context.c_str());
    return kExitConfiguration;
  }
  if (check) return 0;
  log.set_level(config->log_level);
  drivers::block_signals();
  return drivers::run_program(
      std::move(*config), log,
      once ? drivers::Runner::OnFailure::kGiveUp : drivers::Runner::OnFailure::kRetry);
}
