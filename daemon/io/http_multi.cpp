#include "io/http_multi.h"

#include <curl/curl.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <utility>
#include <vector>

#include "base/check.h"
#include "io/http_transfer.h"

namespace sluice {

namespace {

constexpr std::chrono::seconds kStopGrace{2};
constexpr int kLookMs = 250;
constexpr int kRoomLookMs = 20;  // for another exchange, while there is room for it
constexpr long kConnectionsKept = 4;

}  // namespace

struct HttpMulti::Impl {
  struct Place {
    HttpTransfer transfer;
    std::optional<std::size_t> call;  // in the order of next(); none: free
  };
  bool hurried() const { return hurry != nullptr && *hurry; }
  bool given_up();
  void fill(const Work& work);
  bool take_finished(const Work& work);
  void finish(const Work& work, Place& place, CURLcode code);

  const std::atomic<bool>* stop;
  const std::atomic<bool>* hurry;
  CURLM* multi = nullptr;
  std::vector<std::unique_ptr<Place>> places;  // as many as were ever wanted at a time
  std::size_t begun = 0;                       // of this call
  std::size_t under_way = 0;
  std::optional<std::chrono::steady_clock::time_point> stop_seen;
};

bool HttpMulti::Impl::given_up() {
  if (hurried()) return true;
  if (stop == nullptr || !*stop) return false;
  const auto now = std::chrono::steady_clock::now();
  if (!stop_seen) stop_seen = now;
  return now - *stop_seen >= kStopGrace;
}

void HttpMulti::Impl::fill(const Work& work) {
  while (under_way < work.at_once && !hurried()) {
    std::optional<HttpCall> call = work.next();
    if (!call) return;
    auto free = std::find_if(places.begin(), places.end(), [](const auto& place) { return !place->call; });
    if (free == places.end()) free = places.insert(free, std::make_unique<Place>());
    (*free)->call = begun++;
    (*free)->transfer.prepare(std::move(*call));
    curl_multi_add_handle(multi, (*free)->transfer.easy());
    ++under_way;
  }
}

bool HttpMulti::Impl::take_finished(const Work& work) {
  bool any = false;
  int left = 0;
  while (CURLMsg* message = curl_multi_info_read(multi, &left)) {
    if (message->msg != CURLMSG_DONE) continue;
    CURL* const easy = message->easy_handle;
    const CURLcode code = message->data.result;  // the message goes with the handle
    for (auto& place : places) {
      if (place->call && place->transfer.easy() == easy) finish(work, *place, code);
    }
    any = true;
  }
  return any;
}

void HttpMulti::Impl::finish(const Work& work, Place& place, CURLcode code) {
  curl_multi_remove_handle(multi, place.transfer.easy());
  --under_way;
  work.done(*std::exchange(place.call, std::nullopt), place.transfer.finish(code));
}

// The transfer brings curl's global initialisation, which the multi handle needs as well.
HttpMulti::HttpMulti(const std::atomic<bool>* stop, const std::atomic<bool>* hurry)
    : impl_(std::make_unique<Impl>()) {
  impl_->stop = stop;
  impl_->hurry = hurry;
  impl_->places.push_back(std::make_unique<Impl::Place>());
  impl_->multi = curl_multi_init();
  SLUICE_CHECK(impl_->multi != nullptr, "libcurl has no memory");
  curl_multi_setopt(impl_->multi, CURLMOPT_MAXCONNECTS, kConnectionsKept);
}

HttpMulti::~HttpMulti() {
  curl_multi_cleanup(impl_->multi);
}

void HttpMulti::send(const Work& work) {
  Impl& self = *impl_;
  self.begun = 0;
  for (;;) {
    self.fill(work);
    if (self.under_way == 0) return;
    int running = 0;
    const bool broken = curl_multi_perform(self.multi, &running) != CURLM_OK;
    if (self.take_finished(work)) continue;
    if (broken || self.given_up()) break;
    const bool room = self.under_way < work.at_once;
    curl_multi_poll(self.multi, nullptr, 0, room ? kRoomLookMs : kLookMs, nullptr);
  }
  for (auto& place : self.places) {
    if (place->call) self.finish(work, *place, CURLE_ABORTED_BY_CALLBACK);
  }
}

}  // namespace sluice
