// DerivedSensor: one `derived:` entry of the configuration, a sensor whose readings are computed from those
// of others. Its settings, and the order in which several that hang on each other are computed.
#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <vector>

namespace sluice {

struct DerivedInput {
  std::string name;    // in the expression
  std::string sensor;  // no filter: one sensor, which may be a derived one
  std::chrono::milliseconds within{10 * 60 *
                                   1000};  // older than that before the newest input, there is no value
};

struct DerivedSensor {
  std::string name;   // of the sensor
  std::string value;  // an Expression over the inputs
  std::string unit;
  std::vector<DerivedInput> inputs;
};

// Indices into `derived`, each behind those that it hangs on. `loop`: names of some that hang on themselves,
// each an input of the one before; `order` then says nothing.
struct DerivedOrder {
  std::vector<std::size_t> order;
  std::vector<std::string> loop;
};
DerivedOrder order_of(const std::vector<DerivedSensor>& derived);

// One sentence: what it is, when it is computed and when it is not, for `sluicectl check --explain`.
std::string explain(const DerivedSensor& derived);

// Is it derived, or an input of one that is?
bool plays_a_part(const std::vector<DerivedSensor>& derived, const std::string& sensor);

}  // namespace sluice
