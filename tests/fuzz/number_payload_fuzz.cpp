// Any bytes as a payload of format number; and as a time, a JSON pointer and a name template.
#include <cmath>
#include <cstdint>

#include "base/check.h"
#include "decode/json_pointer.h"
#include "decode/name_template.h"
#include "decode/number_payload.h"
#include "decode/payload_time.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  sluice::ReadingsEntry entry;
  entry.topic = "#";
  entry.format = sluice::PayloadFormat::kNumber;
  entry.states = {{"ON", 1}};
  std::vector<sluice::DecodedValue> out;
  const sluice::Counter result = sluice::make_number_payload(entry)->decode("plain/a", text, out);
  SLUICE_CHECK((result == sluice::Counter::kCount_) == (out.size() == 1), "one reading or none");
  if (!out.empty() && out[0].reject == sluice::Counter::kCount_) {
    SLUICE_CHECK(std::isfinite(out[0].value), "a good value is finite");
  }
  for (auto format : {sluice::TimeFormat::kAuto, sluice::TimeFormat::kRfc3339, sluice::TimeFormat::kSeconds,
                      sluice::TimeFormat::kNanoseconds}) {
    const auto ms = sluice::time_of_text(text, format);
    SLUICE_CHECK(!ms || (*ms >= 0 && *ms < 253402300800000), "a time lies in 1970…9999");
  }
  (void)sluice::JsonPointer::parse(text).ok();
  if (auto name = sluice::NameTemplate::parse(text); name.ok()) {
    const std::vector<std::string> members(name->members().size(), "m");
    std::string rendered;
    if (name->render("a/b/c", "f", members, rendered)) {
      SLUICE_CHECK(sluice::is_sensor_name(rendered), "what is rendered is a name");
    }
  }
  return 0;
}
