#include "app/condition_board.h"

#include "alert/gateway_alert_settings.h"
#include "base/check.h"

namespace sluice {

namespace {
constexpr std::size_t kTextBytesMax = 500;
}

void ConditionBoard::set(const std::string& name, bool on, const std::string& text) {
  SLUICE_CHECK(find_gateway_alert(name) != nullptr, "a gateway alert has a row in kGatewayAlertKinds");
  std::lock_guard lock(mutex_);
  Condition& condition = conditions_[name];
  condition.on = on;
  if (on) condition.text = text.substr(0, kTextBytesMax);
}

void ConditionBoard::happened(const std::string& name, const std::string& text) {
  SLUICE_CHECK(find_gateway_alert(name) != nullptr, "a gateway alert has a row in kGatewayAlertKinds");
  std::lock_guard lock(mutex_);
  Condition& condition = conditions_[name];
  condition.passed = true;
  condition.told = condition.on;
  condition.text = text.substr(0, kTextBytesMax);
}

void ConditionBoard::is_over(const std::string& name) {
  SLUICE_CHECK(find_gateway_alert(name) != nullptr, "a gateway alert has a row in kGatewayAlertKinds");
  std::lock_guard lock(mutex_);
  Condition& condition = conditions_[name];
  condition = {};
  condition.told = true;  // so that its end is a change
}

void ConditionBoard::begin(const std::vector<std::string>& on) {
  std::lock_guard lock(mutex_);
  for (const std::string& name : on) {
    auto [known, is_new] = conditions_.try_emplace(name);
    known->second.told = true;
    if (is_new) known->second.on = true;
  }
}

void ConditionBoard::carry(Journal& journal) {
  std::lock_guard lock(mutex_);
  for (auto& [name, condition] : conditions_) {
    if (condition.on == condition.told && !condition.passed) continue;
    NewRecord record;
    record.kind = RecordKind::kGatewayCondition;
    if (condition.on) record.flags = kConditionOn;
    if (condition.passed) record.flags = kConditionPassing;
    record.topic = name;
    record.payload = condition.text;
    if (!journal.append(record).ok()) return;  // again at the next turn
    if (condition.passed) {
      condition.passed = false;
    } else {
      condition.told = condition.on;
    }
  }
}

}  // namespace sluice
