// wire_channels: builds what `notify` names: each channel, what it stands on, and its notifier. A type of
// channel is a function in wire_channels.cpp. Called once, before the threads start.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "alert/alert_slots.h"
#include "alert/channel.h"
#include "alert/program_runner.h"
#include "alert/sender.h"
#include "app/notify_loop.h"
#include "app/reading_feed.h"
#include "app/store_loop.h"
#include "app/vitals.h"
#include "base/clock.h"
#include "base/log.h"
#include "config/settings.h"

namespace sluice {

struct WiredChannel {  // in the order of construction: destroyed from its end
  std::string name;
  std::unique_ptr<Publisher> publisher;  // of these what its type needs
  std::unique_ptr<ProgramRunner> programs;
  std::unique_ptr<Sender> sender;
  std::unique_ptr<Channel> channel;
  std::unique_ptr<NotifyLoop> loop;
};

struct ChannelParts {  // what channels are given; all of it outlives them
  const Settings& settings;
  Clock& clock;
  Log& log;
  Vitals& vitals;
  AlertSlots& slots;
  StoreLoop& store;
  ReadingFeed& readings;
  const std::vector<AlertEvent>& told;  // of what stands: how it was told before the start
};

std::vector<WiredChannel> wire_channels(const ChannelParts& parts);

}  // namespace sluice
