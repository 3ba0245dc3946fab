#include "io/http_multi.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <optional>

#include "base/check.h"
#include "io/http_transfer.h"

namespace sluice {

namespace {

constexpr std::chrono::seconds kStopGrace{2};
constexpr int kLookMs = 250;
constexpr long kConnectionsKept = 4;

}  // namespace

struct HttpMulti::Impl {
  explicit Impl(const std::atomic<bool>* to) : stop(to) {}
  bool given_up();
  void note_finished();

  const std::atomic<bool>* stop;
  CURLM* multi = nullptr;
  std::vector<std::unique_ptr<HttpTransfer>> transfers;  // as many as were ever wanted at a time
  std::vector<std::optional<CURLcode>> codes;            // of this call; none: not finished
  std::optional<std::chrono::steady_clock::time_point> stop_seen;
};

bool HttpMulti::Impl::given_up() {
  if (stop == nullptr || !*stop) return false;
  const auto now = std::chrono::steady_clock::now();
  if (!stop_seen) stop_seen = now;
  return now - *stop_seen >= kStopGrace;
}

void HttpMulti::Impl::note_finished() {
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    for (std::size_t i = 0; i < codes.size(); ++i) {
      if (transfers[i]->easy() == message->easy_handle) codes[i] = message->data.result;
    }
  }
}

// The transfer brings curl's global initialisation, which the multi handle needs as well.
HttpMulti::HttpMulti(const std::atomic<bool>* stop) : impl_(std::make_unique<Impl>(stop)) {
  impl_->transfers.push_back(std::make_unique<HttpTransfer>());
  impl_->multi = curl_multi_init();
  SLUICE_CHECK(impl_->multi != nullptr, "libcurl has no memory");
  curl_multi_setopt(impl_->multi, CURLMOPT_MAXCONNECTS, kConnectionsKept);
}

HttpMulti::~HttpMulti() {
  curl_multi_cleanup(impl_->multi);
}

std::vector<Result<HttpAnswer>> HttpMulti::send_all(std::vector<HttpCall> calls) {
  Impl& self = *impl_;
  while (self.transfers.size() < calls.size()) self.transfers.push_back(std::make_unique<HttpTransfer>());
  self.codes.assign(calls.size(), std::nullopt);
  for (std::size_t i = 0; i < calls.size(); ++i) {
    self.transfers[i]->prepare(std::move(calls[i]));
    curl_multi_add_handle(self.multi, self.transfers[i]->easy());
  }
  int running = static_cast<int>(calls.size());
  while (running > 0 && !self.given_up()) {
    if (curl_multi_perform(self.multi, &running) != CURLM_OK) break;
    if (running > 0) curl_multi_poll(self.multi, nullptr, 0, kLookMs, nullptr);
  }
  self.note_finished();
  std::vector<Result<HttpAnswer>> answers;
  answers.reserve(calls.size());
  for (std::size_t i = 0; i < self.codes.size(); ++i) {
    curl_multi_remove_handle(self.multi, self.transfers[i]->easy());
    answers.push_back(self.transfers[i]->finish(self.codes[i].value_or(CURLE_ABORTED_BY_CALLBACK)));
  }
  return answers;
}

}  // namespace sluice
