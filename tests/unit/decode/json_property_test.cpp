#include <bit>
#include <charconv>
#include <cmath>
#include <map>
#include <random>

#include "json_fixture.h"

namespace sluice {
namespace {

// A random document and, beside it, what is at each pointer: written while it is generated, so that the two
// owe nothing to a parser.
class RandomDocument {
 public:
  explicit RandomDocument(std::uint64_t seed) : random_(seed) { write("", 0); }

  std::string text;
  std::map<std::string, double> numbers;           // by pointer
  std::map<std::string, std::string> not_numbers;  // by pointer

 private:
  std::size_t below(std::size_t n) { return random_() % n; }

  void space() {
    for (std::size_t n = below(3); n > 0; --n) text += " \t\n\r"[below(4)];
  }

  // One character, as it stands in JSON, and in a pointer.
  struct Spelling {
    const char* json;
    const char* pointer;
  };
  Spelling letter() {
    static constexpr Spelling kLetters[] = {{"a", "a"},
                                            {"b", "b"},
                                            {"1", "1"},
                                            {"0", "0"},
                                            {"/", "~1"},
                                            {"~", "~0"},
                                            {"\\/", "~1"},
                                            {"\\\"", "\""},
                                            {"\\\\", "\\"},
                                            {" ", " "},
                                            {"\\u00e4", "ä"},
                                            {"ä", "ä"},
                                            {"\\ud83d\\ude00", "😀"},
                                            {"\\n", "\n"},
                                            {"%", "%"},
                                            {"-", "-"}};
    return kLetters[below(std::size(kLetters))];
  }

  void write(const std::string& pointer, int depth) {
    space();
    switch (below(depth < 5 ? 6 : 4)) {
      case 0:
        write_integer(pointer);
        break;
      case 1:
        write_real(pointer);
        break;
      case 2: {
        const bool yes = below(2) == 1;
        text += yes ? "true" : "false";
        numbers[pointer] = yes ? 1 : 0;
        break;
      }
      case 3:
        text += below(2) == 0 ? "null" : "\"1e999 and 99999999999999999999\"";
        not_numbers[pointer] = "";
        break;
      case 4:
        write_array(pointer, depth);
        break;
      default:
        write_object(pointer, depth);
    }
    space();
  }

  void write_integer(const std::string& pointer) {
    auto number = static_cast<std::int64_t>(random_() >> below(64));
    if (below(2) == 0) number = -(number >> 1);
    const std::string digits = std::to_string(number);
    text += digits;
    numbers[pointer] = static_cast<double>(number);
  }

  void write_real(const std::string& pointer) {
    double number = 0;
    do {
      const std::uint64_t bits = random_();
      number = std::bit_cast<double>(bits);
    } while (!std::isfinite(number));
    char digits[64];
    auto end = std::to_chars(digits, digits + sizeof digits, number,
                             below(2) == 0 ? std::chars_format::scientific : std::chars_format::general)
                   .ptr;
    text.append(digits, end);
    numbers[pointer] = number;
  }

  void write_array(const std::string& pointer, int depth) {
    text += '[';
    const std::size_t size = below(5);
    for (std::size_t i = 0; i < size; ++i) {
      if (i > 0) text += ',';
      write(pointer + "/" + std::to_string(i), depth + 1);
    }
    if (size == 0) space();
    text += ']';
    not_numbers[pointer] = "";
  }

  void write_object(const std::string& pointer, int depth) {
    text += '{';
    std::map<std::string, bool> used;
    const std::size_t size = below(5);
    bool first = true;
    for (std::size_t i = 0; i < size; ++i) {
      std::string json, key;
      for (std::size_t n = below(4); n > 0; --n) {
        const Spelling spelling = letter();
        json += spelling.json;
        key += spelling.pointer;
      }
      if (!used.emplace(key, true).second) continue;
      if (!first) text += ',';
      first = false;
      space();
      text += '"' + json + '"';
      space();
      text += ':';
      write(pointer + "/" + key, depth + 1);
    }
    if (first) space();
    text += '}';
    not_numbers[pointer] = "";
  }

  std::mt19937_64 random_;
};

TEST_F(JsonDecoding, FindsWhatWasWrittenAtEveryPointer) {
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    RandomDocument document(seed);
    for (const auto& [pointer, number] : document.numbers) {
      ReadingsEntry entry;
      entry.topic = "#";
      entry.value = pointer;
      entry_is(entry);
      ASSERT_EQ(number, value(document.text)) << pointer << " in " << document.text;
    }
    for (const auto& [pointer, unused] : document.not_numbers) {
      ReadingsEntry entry;
      entry.topic = "#";
      entry.value = pointer;
      entry_is(entry);
      ASSERT_EQ(Counter::kReadingsNotANumber, rejected(document.text)) << pointer << " in " << document.text;
    }
  }
}

TEST_F(JsonDecoding, SurvivesDocumentsWithAByteChanged) {
  entry_.each = "#";
  entry_.fields = {"a", "/b/0"};
  entry_.time = "/1";
  entry_.sensor = "{topic}/{a}/{field}";
  for (std::uint64_t seed = 0; seed < 3000; ++seed) {
    SCOPED_TRACE(seed);
    std::mt19937_64 random(seed);
    std::string text = "[" + RandomDocument(seed).text + ",{\"a\":1,\"b\":[2],\"1\":1772366400}]";
    for (int i = 0; i < 20; ++i) {
      std::string changed = text;
      changed[random() % changed.size()] = static_cast<char>(random());
      const Counter result = decode(changed);
      ASSERT_TRUE(result == Counter::kCount_ || out_.empty());
      for (const DecodedValue& found : out_) {
        ASSERT_TRUE(found.reject != Counter::kCount_ || std::isfinite(found.value));
        ASSERT_LE(found.sensor.size(), 256u);
      }
    }
  }
}

}  // namespace
}  // namespace sluice
