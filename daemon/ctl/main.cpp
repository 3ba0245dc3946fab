// sluicectl: asks a running sluiced, or its database.
#include <iostream>
#include <string>
#include <vector>

#include "ctl/command_line.h"
#include "ctl/commands.h"
#include "io/system_clock.h"

int main(int argc, char** argv) {
  using namespace sluice;
  ParsedCommandLine parsed =
      parse_command_line(std::vector<std::string>(argv + 1, argv + argc), std::cout, std::cerr);
  if (parsed.exit_code) return *parsed.exit_code;
  SystemClock clock;
  return run_command(parsed.line, clock, std::cout, std::cerr);
}
