#include <nlohmann/json.hpp>

#include "app/view_json.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"
#include "ctl/percent.h"
#include "ctl/table.h"

namespace sluice {

namespace {

using Json = nlohmann::ordered_json;
constexpr std::size_t kPayloadShown = 80;

std::string text_of(const Json& json) {
  Table counts;
  counts.column("rejected", Table::Align::kRight);
  counts.column("reason");
  for (const auto& [name, count] : json["counts"].items()) counts.row({count.dump(), name});
  if (counts.empty()) return "nothing was ever rejected\n";
  Table samples;
  for (const char* title : {"at", "reason", "topic", "payload"}) samples.column(title);
  for (const Json& sample : json["samples"]) {
    std::string payload = sample.value("payload", "");
    if (payload.size() > kPayloadShown) payload = payload.substr(0, kPayloadShown) + "…";
    const std::string reason = sample.value("reason", "");
    samples.row(
        {sample.value("at", ""), reason.substr(reason.find('/') + 1), sample.value("topic", ""), payload});
  }
  return counts.text() + (samples.empty() ? "\nno sample is kept\n" : "\n" + samples.text());
}

}  // namespace

int run_quarantine(const CommandContext& context) {
  context.gateway.wait_stored();
  const std::string path =
      "/api/v1/quarantine?limit=" + std::to_string(context.line.limit) +
      (context.line.reason.empty() ? "" : "&reason=" + percent_encoded(context.line.reason));
  Result<std::string> text = context.gateway.read(
      path, [&](StoreView& view) { return quarantine_json(view, context.line.reason, context.line.limit); });
  if (!text) return fail(context, text.error());
  const Json json = Json::parse(*text, nullptr, false);
  if (!json.is_object() || !json.contains("counts") || !json.contains("samples")) {
    return fail(context, make_error(ErrorCode::kInvalid,
                                    "the answer cannot be read; are sluiced and sluicectl "
                                    "of the same version?"));
  }
  context.out << (context.line.json ? *text : text_of(json));
  return kExitFine;
}

}  // namespace sluice
