#include "decode/number_payload.h"

#include "decode/decimal_text.h"
#include "decode/name_template.h"
#include "decode/state_table.h"
#include "decode/utf8.h"

namespace sluice {

namespace {

std::string_view trim(std::string_view text) {
  constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";
  std::size_t first = text.find_first_not_of(kWhiteSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kWhiteSpace) - first + 1);
}

class NumberPayload final : public PayloadDecoder {
 public:
  explicit NumberPayload(const ReadingsEntry& entry)
      : name_(NameTemplate::parse(entry.sensor.empty() ? "{topic}" : entry.sensor).value()),
        states_(entry.states) {}

  Counter decode(std::string_view topic, std::string_view payload, std::vector<DecodedValue>& out) override {
    std::string_view text = trim(payload);
    if (text.empty()) return Counter::kMessagesEmpty;
    DecodedValue found;
    if (auto state = states_.find(text)) {
      found.value = *state;
    } else if (text == "true" || text == "false") {
      found.value = text == "true" ? 1 : 0;
    } else {
      switch (parse_decimal(text, found.value)) {
        case DecimalKind::kFinite:
          break;
        case DecimalKind::kNan:
          found.reject = Counter::kReadingsNotANumber;
          break;
        case DecimalKind::kOutOfRange:
          found.reject = Counter::kReadingsOutOfRange;
          break;
        case DecimalKind::kNotDecimal:
          return is_utf8(text) ? Counter::kMessagesMalformed : Counter::kMessagesBadUtf8;
      }
    }
    sensor_.clear();
    if (!name_.render(topic, {}, {}, sensor_)) found.reject = Counter::kReadingsBadName;
    found.sensor = sensor_;
    out.push_back(found);
    return Counter::kCount_;
  }

 private:
  const NameTemplate name_;
  const StateTable states_;
  std::string sensor_;
};

}  // namespace

std::unique_ptr<PayloadDecoder> make_number_payload(const ReadingsEntry& entry) {
  return std::make_unique<NumberPayload>(entry);
}

}  // namespace sluice
