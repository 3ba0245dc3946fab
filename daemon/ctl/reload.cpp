#include <nlohmann/json.hpp>

#include "ctl/commands.h"
#include "ctl/exit_code.h"

namespace sluice {

int run_reload(const CommandContext& context) {
  Result<std::string> answer = context.gateway.ask("POST", "/api/v1/reload");
  if (!answer) return fail(context, answer.error());
  context.out << (context.line.json ? *answer : "the configuration is right and is being put in force\n");
  return kExitFine;
}

}  // namespace sluice
