// ConditionBoard: where any thread says what is wrong with the gateway itself, or right again. Main carries
// what has changed into the journal, so that the engine makes an alert of the sensor "$gateway" of it; what
// cannot be appended yet stays. Any thread; bounded by the kinds in alert/gateway_alert_settings.h.
#pragma once

#include <map>
#include <mutex>
#include <string>
#include <vector>

#include "intake/journal.h"

namespace sluice {

class ConditionBoard {
 public:
  // Says it again as often as you like: only changes count. `text`: what to add to the kind's meaning.
  void set(const std::string& name, bool on, const std::string& text = "");
  void happened(const std::string& name, const std::string& text);  // once; it resolves by itself
  void is_over(const std::string& name);                            // what happened before has been put right

  // At start: what the engine's state says is on.
  void begin(const std::vector<std::string>& on);
  void carry(Journal& journal);  // main; at each turn

 private:
  struct Condition {
    bool on = false;      // as told last
    bool passed = false;  // happened, and not told yet
    std::string text;
    bool told = false;  // as the journal has it
  };
  std::mutex mutex_;
  std::map<std::string, Condition> conditions_;
};

}  // namespace sluice
