#include "decode/json_payload.h"

#include <simdjson.h>

#include <bit>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>

#include "base/check.h"
#include "decode/big_numbers.h"
#include "decode/json_pointer.h"
#include "decode/name_template.h"
#include "decode/payload_time.h"
#include "decode/state_table.h"

namespace sluice {

namespace dom = simdjson::dom;

struct JsonParser::Impl {
  dom::parser parser;
  std::vector<char> text;  // the payload and the padding that the parser reads past its end
  std::size_t capacity = 0;
  std::string respelt;

  // kCount_, or why the message is rejected. `document` is valid until the next call.
  Counter parse(std::string_view payload, dom::element& document);

 private:
  simdjson::error_code parse_once(std::string_view payload, dom::element& document);
};

namespace {

constexpr std::size_t kCapacityMin = 4096;
constexpr std::size_t kCapacityKept = 256 * 1024;  // what one large message needs is given back after it

Counter rejection_of(simdjson::error_code error) {
  switch (error) {
    case simdjson::SUCCESS:
      return Counter::kCount_;
    case simdjson::EMPTY:
      return Counter::kMessagesEmpty;
    case simdjson::UTF8_ERROR:
      return Counter::kMessagesBadUtf8;
    case simdjson::DEPTH_ERROR:
      return Counter::kMessagesTooDeep;
    default:
      return Counter::kMessagesMalformed;
  }
}

}  // namespace

simdjson::error_code JsonParser::Impl::parse_once(std::string_view payload, dom::element& document) {
  const std::size_t wanted = std::bit_ceil(std::max(payload.size(), kCapacityMin));
  if (wanted > capacity || (capacity > kCapacityKept && wanted <= kCapacityKept)) {
    parser = dom::parser();
    // The parser's depth counts the document itself.
    const auto error = parser.allocate(wanted, kJsonDepthMax + 1);
    SLUICE_CHECK(error == simdjson::SUCCESS, "memory for the JSON parser");
    text = std::vector<char>(wanted + simdjson::SIMDJSON_PADDING);
    capacity = wanted;
  }
  if (!payload.empty()) std::memcpy(text.data(), payload.data(), payload.size());
  return parser.parse(text.data(), payload.size(), false).get(document);
}

Counter JsonParser::Impl::parse(std::string_view payload, dom::element& document) {
  auto error = parse_once(payload, document);
  if (error == simdjson::NUMBER_ERROR && respell_big_numbers(payload, respelt)) {
    error = parse_once(respelt, document);
  }
  return rejection_of(error);
}

JsonParser::JsonParser() : impl_(std::make_unique<Impl>()) {}
JsonParser::~JsonParser() = default;

namespace {

std::optional<dom::element> find(dom::element at, const JsonPointer& pointer) {
  for (const JsonToken& token : pointer.tokens()) {
    dom::object object;
    dom::array array;
    if (at.get(object) == simdjson::SUCCESS) {
      if (object.at_key(token.key).get(at) != simdjson::SUCCESS) return std::nullopt;
    } else if (token.index && at.get(array) == simdjson::SUCCESS) {
      if (array.at(*token.index).get(at) != simdjson::SUCCESS) return std::nullopt;
    } else {
      return std::nullopt;
    }
  }
  return at;
}

Counter read_value(dom::element element, const StateTable& states, double& value) {
  switch (element.type()) {
    case dom::element_type::INT64:
      value = static_cast<double>(element.get_int64().value_unsafe());
      return Counter::kCount_;
    case dom::element_type::UINT64:
      value = static_cast<double>(element.get_uint64().value_unsafe());
      return Counter::kCount_;
    case dom::element_type::DOUBLE: {
      const double number = element.get_double().value_unsafe();
      // The largest double stands for all that is beyond it.
      if (std::abs(number) == std::numeric_limits<double>::max()) return Counter::kReadingsOutOfRange;
      value = number;
      return Counter::kCount_;
    }
    case dom::element_type::BOOL:
      value = element.get_bool().value_unsafe() ? 1 : 0;
      return Counter::kCount_;
    case dom::element_type::STRING:
      if (auto state = states.find(element.get_string().value_unsafe())) {
        value = *state;
        return Counter::kCount_;
      }
      return Counter::kReadingsNotANumber;
    default:
      return Counter::kReadingsNotANumber;
  }
}

std::optional<std::int64_t> read_time(dom::element element, TimeFormat format) {
  switch (element.type()) {
    case dom::element_type::INT64:
      return time_of_integer(element.get_int64().value_unsafe(), format);
    case dom::element_type::UINT64:
      return time_of_real(static_cast<double>(element.get_uint64().value_unsafe()), format);
    case dom::element_type::DOUBLE:
      return time_of_real(element.get_double().value_unsafe(), format);
    case dom::element_type::STRING:
      return time_of_text(element.get_string().value_unsafe(), format);
    default:
      return std::nullopt;
  }
}

template <class Number>
bool write_number(Number number, std::string& text) {
  char digits[32];
  auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  text.assign(digits, end);
  return error == std::errc();
}

// A string or a number, as a part of a sensor's name.
bool read_name_part(dom::element element, std::string& text) {
  switch (element.type()) {
    case dom::element_type::STRING:
      text.assign(element.get_string().value_unsafe());
      return true;
    case dom::element_type::INT64:
      return write_number(element.get_int64().value_unsafe(), text);
    case dom::element_type::UINT64:
      return write_number(element.get_uint64().value_unsafe(), text);
    case dom::element_type::DOUBLE:
      return write_number(element.get_double().value_unsafe(), text);
    default:
      return false;
  }
}

constexpr std::size_t kUnitBytesMax = 32;  // a longer text is no unit

std::string_view unit_of(dom::element element) {
  std::string_view unit;
  if (element.get(unit) != simdjson::SUCCESS || unit.size() > kUnitBytesMax) return {};
  return unit;
}

struct Field {
  JsonPointer pointer;
  std::string name;  // what {field} is
};

class JsonPayload final : public PayloadDecoder {
 public:
  JsonPayload(const ReadingsEntry& entry, std::size_t max_each, JsonParser& parser);
  Counter decode(std::string_view topic, std::string_view payload, std::vector<DecodedValue>& out) override;

 private:
  // What the readings of one document or element have in common.
  struct Scope {
    std::string_view topic;
    bool named = true;  // the members of the name are there
    bool timed = true;  // the time is there and readable
    std::int64_t time_ms = 0;
    std::string_view unit;
  };
  Counter read_elements(std::string_view topic, dom::element document, std::vector<DecodedValue>& out);
  Counter read_element(std::string_view topic, dom::element element, std::vector<DecodedValue>& out);
  Scope scope_of(std::string_view topic, dom::element element);
  void append(const Scope& scope, std::string_view field, std::optional<dom::element> element,
              std::vector<DecodedValue>& out);

  JsonParser::Impl& parser_;
  const std::size_t max_each_;
  const std::optional<JsonPointer> each_;
  const std::optional<JsonPointer> time_;
  const TimeFormat time_format_;
  const std::optional<JsonPointer> unit_;
  const JsonPointer value_;
  std::vector<Field> fields_;
  const NameTemplate name_;
  std::vector<JsonPointer> name_members_;
  const StateTable states_;
  std::vector<std::string> name_texts_;  // of name_members_, in the element at hand
  std::string names_;                    // of all readings of the message, one after another
};

std::optional<JsonPointer> optional_pointer(const std::string& text) {
  if (text.empty()) return std::nullopt;
  return JsonPointer::parse(text).value();
}

std::string name_template_of(const ReadingsEntry& entry) {
  if (!entry.sensor.empty()) return entry.sensor;
  return entry.fields.empty() ? "{topic}" : "{topic}/{field}";
}

JsonPayload::JsonPayload(const ReadingsEntry& entry, std::size_t max_each, JsonParser& parser)
    : parser_(parser.impl()),
      max_each_(max_each),
      each_(entry.each == kWholeDocument ? JsonPointer() : optional_pointer(entry.each)),
      time_(optional_pointer(entry.time)),
      time_format_(entry.time_format),
      unit_(optional_pointer(entry.unit_at)),
      value_(JsonPointer::parse(entry.value).value()),
      name_(NameTemplate::parse(name_template_of(entry)).value()),
      states_(entry.states) {
  for (const std::string& text : entry.fields) {
    JsonPointer pointer = JsonPointer::parse_member(text).value();
    std::string name = pointer.tokens().back().key;
    fields_.push_back({std::move(pointer), std::move(name)});
  }
  for (const std::string& text : name_.members()) {
    name_members_.push_back(JsonPointer::parse_member(text).value());
  }
  name_texts_.resize(name_members_.size());
}

Counter JsonPayload::decode(std::string_view topic, std::string_view payload,
                            std::vector<DecodedValue>& out) {
  dom::element document;
  if (Counter why = parser_.parse(payload, document); why != Counter::kCount_) return why;
  const std::size_t first = out.size();
  names_.clear();
  const Counter result = each_ ? read_elements(topic, document, out) : read_element(topic, document, out);
  if (result != Counter::kCount_) {
    out.resize(first);
    return result;
  }
  // names_ has stopped moving: only now can the names point into it.
  std::size_t at = 0;
  for (std::size_t i = first; i < out.size(); ++i) {
    const std::size_t size = out[i].sensor.size();
    out[i].sensor = std::string_view(names_).substr(at, size);
    at += size;
  }
  return Counter::kCount_;
}

Counter JsonPayload::read_elements(std::string_view topic, dom::element document,
                                   std::vector<DecodedValue>& out) {
  dom::array array;
  const auto at = find(document, *each_);
  if (!at || at->get(array) != simdjson::SUCCESS) return Counter::kMessagesNoReading;
  const std::size_t first = out.size();
  bool any = false, empty = true;
  for (dom::element element : array) {
    empty = false;
    any |= read_element(topic, element, out) == Counter::kCount_;
    if (out.size() - first > max_each_) return Counter::kMessagesTooMany;
  }
  // An empty array is a message that says there is nothing to report.
  return any || empty ? Counter::kCount_ : Counter::kMessagesNoReading;
}

Counter JsonPayload::read_element(std::string_view topic, dom::element element,
                                  std::vector<DecodedValue>& out) {
  const Scope scope = scope_of(topic, element);
  if (fields_.empty()) {
    const auto value = find(element, value_);
    // An element of an array is a reading all the same, one that went wrong.
    if (!value && !each_) return Counter::kMessagesNoReading;
    append(scope, {}, value, out);
    return Counter::kCount_;
  }
  bool any = false;
  for (const Field& field : fields_) {
    const auto value = find(element, field.pointer);
    if (!value || value->is_null()) continue;
    append(scope, field.name, value, out);
    any = true;
  }
  return any ? Counter::kCount_ : Counter::kMessagesNoReading;
}

JsonPayload::Scope JsonPayload::scope_of(std::string_view topic, dom::element element) {
  Scope scope;
  scope.topic = topic;
  for (std::size_t i = 0; i < name_members_.size() && scope.named; ++i) {
    const auto member = find(element, name_members_[i]);
    scope.named = member && read_name_part(*member, name_texts_[i]);
  }
  if (time_) {
    const auto member = find(element, *time_);
    const auto time_ms = member ? read_time(*member, time_format_) : std::nullopt;
    scope.timed = time_ms.has_value();
    scope.time_ms = time_ms.value_or(0);
  }
  if (unit_) {
    if (const auto member = find(element, *unit_)) scope.unit = unit_of(*member);
  }
  return scope;
}

void JsonPayload::append(const Scope& scope, std::string_view field, std::optional<dom::element> element,
                         std::vector<DecodedValue>& out) {
  DecodedValue found;
  const std::size_t name_at = names_.size();
  found.reject = element ? read_value(*element, states_, found.value) : Counter::kReadingsNotANumber;
  if (!scope.named || !name_.render(scope.topic, field, name_texts_, names_)) {
    found.reject = Counter::kReadingsBadName;
  }
  if (found.reject == Counter::kCount_ && !scope.timed) found.reject = Counter::kReadingsBadTime;
  found.has_time = time_ && scope.timed;
  found.time_ms = scope.time_ms;
  found.unit = scope.unit;
  found.sensor = std::string_view(names_).substr(name_at);
  out.push_back(found);
}

}  // namespace

std::unique_ptr<PayloadDecoder> make_json_payload(const ReadingsEntry& entry, std::size_t max_each,
                                                  JsonParser& parser) {
  return std::make_unique<JsonPayload>(entry, max_each, parser);
}

}  // namespace sluice
