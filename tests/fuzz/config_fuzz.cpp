// Any bytes give settings whose description reads back, or an error; nothing else. The examples of
// config/sluice.yaml, which are comments that begin with two blanks, are taken in use, too.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "config/describe.h"
#include "config/settings.h"

namespace {

std::string with_examples(std::string text) {
  for (std::size_t at = 0; at < text.size(); at = std::min(text.find('\n', at), text.size() - 1) + 1) {
    if (text.compare(at, 3, "#  ") == 0) text.erase(at, 1);
  }
  return text;
}

void load(const std::string& text) {
  using sluice::NamedFiles;
  auto settings = sluice::parse_settings(text, "fuzz", NamedFiles::kNotLookedAt);
  if (!settings.ok()) {
    SLUICE_CHECK(settings.error().context.starts_with("fuzz:"), "an error names its place");
    return;
  }
  std::string description = sluice::describe(*settings);
  auto again = sluice::parse_settings(description, "described", NamedFiles::kNotLookedAt);
  SLUICE_CHECK(again.ok(), description.c_str());
  SLUICE_CHECK(sluice::describe(*again) == description, description.c_str());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  load(text);
  if (const std::string examples = with_examples(text); examples != text) load(examples);
  return 0;
}
