#include "alert/rule_sentence.h"
#include "config/describe.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "decode/derived_sensor.h"

namespace sluice {

// A wrong configuration does not get here: run_command() has read it.
int run_check(const CommandContext& context) {
  if (context.line.json) {
    context.out << "{\"configuration\": \"fine\", \"digest\": \"" << context.settings.digest << "\"}\n";
    return kExitFine;
  }
  context.out << "configuration is fine\n";
  if (context.line.explain) {
    for (const DerivedSensor& derived : context.settings.decode.derived)
      context.out << explain(derived) << "\n";
    for (const Rule& rule : context.settings.alerts.rules) context.out << explain(rule) << "\n";
  }
  if (context.line.verbose) context.out << describe(context.settings);
  return kExitFine;
}

}  // namespace sluice
