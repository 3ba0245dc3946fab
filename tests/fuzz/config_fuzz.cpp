// Any bytes give settings whose description reads back, or an error; nothing else.
#include <cstddef>
#include <cstdint>
#include <string>

#include "base/check.h"
#include "config/describe.h"
#include "config/settings.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using sluice::NamedFiles;
  std::string text(reinterpret_cast<const char*>(data), size);
  auto settings = sluice::parse_settings(text, "fuzz", NamedFiles::kNotLookedAt);
  if (!settings.ok()) {
    SLUICE_CHECK(settings.error().context.starts_with("fuzz:"), "an error names its place");
    return 0;
  }
  std::string description = sluice::describe(*settings);
  auto again = sluice::parse_settings(description, "described", NamedFiles::kNotLookedAt);
  SLUICE_CHECK(again.ok(), description.c_str());
  SLUICE_CHECK(sluice::describe(*again) == description, description.c_str());
  return 0;
}
