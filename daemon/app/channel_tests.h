// ChannelTests: sends channels an event marked as a test, and that it is resolved, past rules, slots and
// store: nothing of it stays. The newest run is remembered, so that a slow channel can be asked about later.
// Api thread.
#pragma once

#include <future>
#include <optional>
#include <string>
#include <vector>

#include "app/wire_channels.h"
#include "base/clock.h"
#include "config/settings.h"

namespace sluice {

class ChannelTests {
 public:
  ChannelTests(const Settings& settings, Clock& clock, const std::vector<WiredChannel>& channels)
      : settings_(settings), clock_(clock), channels_(channels) {}

  // `name`: a channel, or a rule and so the channels that it tells. Waits for their answers, but less than a
  // second. kNotFound: there is neither; kFull: tests wait already.
  Result<std::string> begin(const std::string& name);
  // {"test": id, "done": …, "channels": [{"channel", "told": true|false|null, "error"}]}; kNotFound: not the
  // newest run.
  Result<std::string> result(const std::string& id);

 private:
  struct Run {
    std::string channel;
    std::future<Status> answer;
    std::optional<Status> said;
  };
  std::vector<std::string> channels_of(const std::string& name) const;
  AlertEvent event_for(const std::string& name) const;
  std::string look(std::chrono::milliseconds patience);

  const Settings& settings_;
  Clock& clock_;
  const std::vector<WiredChannel>& channels_;
  std::string id_;
  std::vector<Run> runs_;
};

}  // namespace sluice
