// reload: asks for it, and waits until the configuration is in force.
#include <chrono>
#include <nlohmann/json.hpp>
#include <thread>

#include "api/status.h"
#include "ctl/commands.h"
#include "ctl/exit_code.h"

namespace sluice {

namespace {

constexpr std::chrono::milliseconds kPause{50};
constexpr int kQuestionsMax = 600;  // 30 s; each may wait longer for its answer

// The generation that the daemon has reached; `wanted`, or a later one.
Result<std::uint64_t> wait_for(GatewayAccess& gateway, std::uint64_t wanted) {
  for (int i = 0; i < kQuestionsMax; ++i) {
    Result<std::string> answer = gateway.ask("GET", "/api/v1/status");
    if (!answer) return answer.error();
    Result<StatusSnapshot> status = status_from_json(*answer);
    if (!status) return status.error();
    if (status->generation >= wanted) return status->generation;
    std::this_thread::sleep_for(kPause);
  }
  return make_error(ErrorCode::kUnavailable,
                    "the configuration is right, but the old one is still in force; see sluicectl status");
}

}  // namespace

int run_reload(const CommandContext& context) {
  Result<std::string> answer = context.gateway.ask("POST", "/api/v1/reload");
  if (!answer) return fail(context, answer.error());
  const nlohmann::json json = nlohmann::json::parse(*answer, nullptr, false);
  if (!json.is_object() || !json.contains("generation") || !json["generation"].is_number_unsigned()) {
    return fail(context, make_error(ErrorCode::kInvalid,
                                    "the answer cannot be read; are sluiced and sluicectl "
                                    "of the same version?"));
  }
  const auto wanted = json["generation"].get<std::uint64_t>();
  Result<std::uint64_t> reached = wait_for(context.gateway, wanted);
  if (!reached) return fail(context, reached.error());
  if (*reached > wanted) {
    return fail(context, make_error(ErrorCode::kRefused,
                                    "the configuration is right, but cannot be used here: the old one is in "
                                    "force again; sluicectl status tells why"));
  }
  context.out << (context.line.json ? *answer : "the configuration is in force\n");
  return kExitFine;
}

}  // namespace sluice
