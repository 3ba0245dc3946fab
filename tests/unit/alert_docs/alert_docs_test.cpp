// The examples of daemon/alert/README.md: each is loaded, and what stands below it is run and compared.
#include "unit/alert_docs/alert_docs_fixture.h"

namespace sluice {
namespace {

TEST_F(AlertDocs, EveryExampleDoesWhatItSays) {
  const std::vector<Example> all = examples_of_the_alert_readme();
  EXPECT_LT(15u, all.size());
  for (const Example& example : all) {
    SCOPED_TRACE(example.yaml);
    ASSERT_NO_FATAL_FAILURE(load(example.yaml));
    for (const std::string& line : example.lines) run(line);
  }
}

}  // namespace
}  // namespace sluice
