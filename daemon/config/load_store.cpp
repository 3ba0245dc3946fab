// store: the journal and the database. clock: when its time is believed. summary: when a day is summed.
#include <algorithm>

#include "config/names.h"
#include "config/quantity.h"
#include "config/sections.h"

namespace sluice {

namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr hours kYear{24 * 365};
constexpr std::uint64_t kTypicalPayloadBytesMax = 64 << 10;
constexpr hours kLongestDay{25};

// The first of the keys that the file gives is where a person can mend it; the last if it gives none.
void refuse_together(LoadContext& context, std::initializer_list<const char*> keys, const std::string& wrong,
                     const std::string& expected) {
  const char* blamed = *(keys.end() - 1);
  for (const char* key : keys) {
    if (context.given.count(key) > 0) {
      blamed = key;
      break;
    }
  }
  context.problems.add(context.given[blamed], blamed, wrong, expected);
}

void load_statistics(MapReader& reader, Statistics& statistics) {
  std::vector<std::string> words;
  std::string expected = "expected some of";
  for (const auto& [word, statistic] : statistic_words()) {
    words.push_back(word);
    expected += (words.size() > 1 ? ", " : " ") + word;
  }
  Statistics chosen;
  const bool given = reader.each_text("statistics", [&](const std::string& text, Position at) {
    for (const auto& [word, statistic] : statistic_words()) {
      if (word == text) return void(chosen.insert(statistic));
    }
    reader.wrong_at(at, "statistics", "has " + in_quotes(text), expected, nearest(text, words));
  });
  if (given) statistics = std::move(chosen);
}

}  // namespace

void load_store(MapReader& root, Settings& settings) {
  root.map("store", [&](MapReader& reader) {
    auto& store = settings.store;
    reader.choice("durability", store.durability, durability_words());
    reader.size("journal_size", store.journal_size_bytes, 1 << 20, 1 << 30);
    reader.duration("flush", store.flush, milliseconds(100), minutes(10));
    reader.number("flush_rows", store.flush_rows, 1, 1000000);
    reader.duration("retention", store.retention, hours(24), 100 * kYear);
    reader.size("max_size", store.max_size_bytes, 16 << 20, std::uint64_t{1} << 40);
    reader.number("quarantine", store.quarantine, 0, 100000);
    reader.size("reserve", store.reserve_bytes, 0, 1 << 30);
  });
  root.map("clock", [&](MapReader& reader) {
    reader.choice("trust", settings.clock.trust, trust_words());
    reader.duration("wait", settings.clock.wait, milliseconds(0), hours(24));
    reader.duration("max_future", settings.decode.max_future, seconds(1), kYear);
  });
  root.map("summary", [&](MapReader& reader) {
    reader.duration("close_after", settings.summary.close_after, seconds(1), hours(24));
    reader.duration("reopen", settings.summary.reopen, milliseconds(0), kYear);
    reader.duration("keep", settings.summary.keep, hours(24), 100 * kYear);
    load_statistics(reader, settings.summary.statistics);
  });
}

void check_together(const Settings& settings, LoadContext& context) {
  // Above high water (half of the ring) the connection is closed, but what the broker has in flight may still
  // arrive: receive_maximum messages, few of which are larger than 64 KiB. The other half has to hold them.
  std::uint64_t payload = settings.mqtt.max_payload_bytes;
  std::uint64_t in_flight = settings.mqtt.receive_maximum * std::min(payload, kTypicalPayloadBytesMax);
  if (settings.store.journal_size_bytes / 2 < in_flight) {
    refuse_together(
        context, {"store.journal_size", "mqtt.receive_maximum", "mqtt.max_payload"},
        "half of the journal (" + size_text(settings.store.journal_size_bytes) +
            ") does not hold the messages in flight",
        "expected journal_size of at least 2 × receive_maximum × max_payload (up to 64KiB counts) = " +
            size_text(2 * in_flight));
  }
  // One message may not be what takes an empty ring above high water.
  if (settings.store.journal_size_bytes / 4 < payload) {
    refuse_together(
        context, {"mqtt.max_payload", "store.journal_size"}, "is more than a quarter of the journal",
        "expected store.journal_size of at least 4 × mqtt.max_payload = " + size_text(4 * payload));
  }
  // A late row makes a new revision from all rows of its day, so these must still be there: rows arrive up to
  // a day before the day's end, and the day is summed close_after it, for the first time.
  milliseconds needed = settings.summary.reopen + settings.summary.close_after + kLongestDay;
  if (settings.store.retention < needed) {
    refuse_together(context, {"store.retention", "summary.reopen", "summary.close_after"},
                    "rows would be deleted while their day can still be summed again",
                    "expected store.retention of at least summary.reopen + summary.close_after + 25h = " +
                        duration_text(needed));
  }
}

}  // namespace sluice
