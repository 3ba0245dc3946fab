// Any bytes as a JSON payload, through entries that use every way of reading one.
#include <cmath>
#include <cstdint>

#include "base/check.h"
#include "decode/decoder.h"
#include "decode/name_template.h"

namespace {

sluice::DecodeSettings settings() {
  sluice::DecodeSettings result;
  result.max_each = 100;
  sluice::ReadingsEntry whole, fields, each, array;
  whole.topic = fields.topic = each.topic = array.topic = "#";
  fields.fields = {"temperature", "/a/0/b", "state"};
  fields.states = {{"ON", 1}, {"OFF", 0}};
  fields.time = "/timestamp";
  fields.unit_at = "/unit";
  each.each = "/readings";
  each.value = "/v";
  each.time = "/t";
  each.sensor = "{1}/{name}";
  each.unit_at = "/u";
  array.each = "#";
  array.fields = {"v"};
  array.sensor = "{/id}.{field}";
  result.readings = {whole, fields, each, array};
  return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const sluice::DecodeSettings kSettings = settings();
  static sluice::Decoder decoder(kSettings);
  const std::string_view payload(reinterpret_cast<const char*>(data), size);
  std::vector<sluice::DecodedValue> out;
  for (int entry = 0; entry < static_cast<int>(kSettings.readings.size()); ++entry) {
    out.clear();
    const sluice::Counter result = decoder.decode(entry, "packs/p1", payload, out);
    SLUICE_CHECK(result == sluice::Counter::kCount_ || out.empty(), "a rejected message has no readings");
    SLUICE_CHECK(out.size() <= kSettings.max_each, "the limit holds");
    for (const sluice::DecodedValue& found : out) {
      if (found.reject != sluice::Counter::kCount_) continue;
      SLUICE_CHECK(std::isfinite(found.value), "a good value is finite");
      SLUICE_CHECK(sluice::is_sensor_name(found.sensor), "a good value has a name");
    }
  }
  return 0;
}
