#include <fmt/format.h>
#include <unistd.h>

#include <nlohmann/json.hpp>

#include "base/counted.h"
#include "base/time_text.h"
#include "ctl/broker_listener.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "ctl/stop_signals.h"
#include "ctl/table.h"
#include "ctl/topic_patterns.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::chrono::milliseconds kDefaultListening{30000};
constexpr std::size_t kExampleBytes = 100;
constexpr std::int64_t kProgressMs = 1000;

// Who has not said here where the broker is may not know that it can be said.
Error with_advice(Error error, const CommandContext& context) {
  if (error.code == ErrorCode::kUnavailable && context.line.broker.empty()) {
    error.context += "\nname another broker with --broker mqtt://HOST:PORT";
  }
  return error;
}

std::string example(const std::string& payload) {
  std::string text = printable(payload.substr(0, kExampleBytes));
  if (payload.size() > kExampleBytes) text += "…";
  return text;
}

std::string rate_text(const TopicPattern& pattern, std::int64_t listened_ms) {
  const std::uint64_t live = pattern.messages - pattern.retained;
  if (live == 0) return "only retained messages";
  const double per_minute = static_cast<double>(live) * 60000.0 / static_cast<double>(listened_ms);
  std::string text = per_minute >= 120 ? fmt::format("{:.3g} a second", per_minute / 60)
                                       : fmt::format("{:.3g} a minute", per_minute);
  if (pattern.retained > 0) text += ", some retained";
  return text;
}

// YAML as a whole, so that it can be piped into a file: what is for people is in comments.
std::string survey_text(const TopicSurvey& survey, std::int64_t listened_ms) {
  std::string text = fmt::format("# {} on {} in {}\n", counted(survey.messages(), "message"),
                                 counted(survey.topics(), "topic"), format_duration(listened_ms));
  if (survey.left_out() > 0) {
    text += fmt::format("# {} on still other topics left out; give a narrower FILTER\n",
                        counted(survey.left_out(), "message"));
  }
  std::string unread;
  std::string entries;
  for (const TopicPattern& pattern : survey.patterns()) {
    std::string about =
        fmt::format("  # {}, such as {}; {}\n  # {}\n  # {}\n", counted(pattern.topics.size(), "topic"),
                    printable(pattern.topics.front()), rate_text(pattern, listened_ms),
                    printable(describe_shape(pattern.shape)), example(pattern.payload));
    if (auto entry = entry_of(pattern)) {
      entries += "\n" + about + "  - " + entry_yaml(*entry) + "\n";
    } else {
      unread += "\n  # " + printable(pattern.filter) + ": no number to read\n" + about;
    }
  }
  if (!entries.empty()) text += "readings:\n" + entries.substr(1);
  return text + unread;
}

std::string survey_json(const TopicSurvey& survey, std::int64_t listened_ms) {
  Json json{{"listened_ms", listened_ms}, {"messages", survey.messages()}, {"topics", survey.topics()}};
  json["patterns"] = Json::array();
  for (const TopicPattern& pattern : survey.patterns()) {
    auto entry = entry_of(pattern);
    json["patterns"].push_back(Json{{"filter", pattern.filter},
                                    {"topics", pattern.topics.size()},
                                    {"example", pattern.topics.front()},
                                    {"payload", pattern.payload},
                                    {"shape", describe_shape(pattern.shape)},
                                    {"messages", pattern.messages},
                                    {"retained", pattern.retained},
                                    {"entry", entry ? Json(entry_yaml(*entry)) : Json(nullptr)}});
  }
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace

int run_discover(const CommandContext& context) {
  StopSignals signals;
  const std::string filter = context.line.filter.empty() ? "#" : context.line.filter;
  BrokerListener listener(context.settings.mqtt);
  if (Status opened = listener.open({{filter, 0}}); !opened.ok()) {
    return fail(context, with_advice(opened.error(), context));
  }
  const std::int64_t length_ms = context.line.duration.value_or(kDefaultListening).count();
  const bool show_progress = ::isatty(STDERR_FILENO) != 0;
  context.err << fmt::format("listening to {} at {} for {}; ^C ends it early\n", filter,
                             context.settings.mqtt.uri, format_duration(length_ms));

  TopicSurvey survey;
  const std::int64_t began_ms = context.clock.now().boot_ms;
  std::int64_t said_ms = began_ms;
  std::int64_t listened_ms = 0;
  while (listened_ms < length_ms && !signals.came()) {
    if (auto heard =
            listener.next(std::chrono::milliseconds(std::min<std::int64_t>(200, length_ms - listened_ms)))) {
      survey.add(heard->topic, heard->payload, heard->retained, context.clock.now().wall_ms);
      if (context.line.count > 0 && survey.messages() >= context.line.count) break;
    } else if (auto why = listener.lost()) {
      context.err << "sluicectl: " << *why << "\n";
      break;
    }
    listened_ms = context.clock.now().boot_ms - began_ms;
    if (show_progress && began_ms + listened_ms - said_ms >= kProgressMs) {
      said_ms = began_ms + listened_ms;
      context.err << fmt::format("\r{} messages on {} topics, {} to go  ", survey.messages(), survey.topics(),
                                 format_duration(length_ms - listened_ms / 1000 * 1000))
                  << std::flush;
    }
  }
  if (show_progress) context.err << "\r\x1b[K";
  if (listener.missed() > 0) {
    context.err << fmt::format("{} came too fast, left out\n", counted(listener.missed(), "message"));
  }
  listened_ms = std::max<std::int64_t>(1, context.clock.now().boot_ms - began_ms);
  context.out << (context.line.json ? survey_json(survey, listened_ms) : survey_text(survey, listened_ms));
  if (survey.messages() > 0) return kExitFine;
  context.err << "nothing was heard: check that sensors publish to this broker, and that its access control "
                 "list lets us read\n";
  return kExitFindings;
}

}  // namespace sluice
