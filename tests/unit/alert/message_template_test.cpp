#include "alert/message_template.h"

#include <gtest/gtest.h>

namespace sluice {
namespace {

TEST(MessageTemplate, FillsInWhatTheAlertKnows) {
  AlertEvent event;
  event.sensor = "hall/temperature";
  event.value = 28.5;
  event.unit = "°C";
  event.threshold = 28;
  event.labels = {{"site", "berlin"}};
  EXPECT_EQ("hall/temperature is 28.5 °C (> 28) in berlin",
            render_message("{sensor} is {value} {unit} (> {threshold}) in {label.site}", event));
}

TEST(MessageTemplate, LeavesOtherBracesAlone) {
  EXPECT_EQ("{unknown} {", render_message("{unknown} {", AlertEvent{}));
  EXPECT_EQ("[]", render_message("[{label.none}]", AlertEvent{}));
}

}  // namespace
}  // namespace sluice
