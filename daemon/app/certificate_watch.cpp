#include "app/certificate_watch.h"

#include <variant>

namespace sluice {

namespace {

constexpr std::int64_t kEveryMs = 3600'000;

void add(std::vector<NamedCertificate>& files, const std::string& of, const TlsFiles& tls) {
  if (!tls.ca.empty()) files.push_back({of + " tls.ca", tls.ca, CertificateFile::kAuthorities});
  if (!tls.cert.empty()) files.push_back({of + " tls.cert", tls.cert, CertificateFile::kChain});
}

}  // namespace

std::vector<NamedCertificate> certificate_files(const Settings& settings) {
  std::vector<NamedCertificate> files;
  add(files, "mqtt", {settings.mqtt.tls_ca_file, settings.mqtt.tls_cert_file, settings.mqtt.tls_key_file});
  for (const SinkSettings& sink : settings.upload.to) add(files, "sink " + sink.name, sink.tls);
  for (const NotifyEntry& entry : settings.notify) {
    if (const auto* webhook = std::get_if<WebhookSettings>(&entry.channel))
      add(files, "channel " + entry.name, webhook->http.tls);
    if (const auto* alertmanager = std::get_if<AlertmanagerSettings>(&entry.channel))
      add(files, "channel " + entry.name, alertmanager->http.tls);
  }
  return files;
}

const std::vector<StatusSnapshot::Certificate>& CertificateWatch::newest(std::int64_t boot_ms) {
  if (boot_ms < look_at_boot_ms_) return found_;
  look_at_boot_ms_ = boot_ms + kEveryMs;
  found_.clear();
  for (const NamedCertificate& file : files_) {
    StatusSnapshot::Certificate& certificate = found_.emplace_back();
    certificate.of = file.of;
    certificate.path = file.path;
    Result<std::int64_t> end_ms = certificates_end_ms(file.path, file.kind);
    if (end_ms)
      certificate.end_ms = *end_ms;
    else
      certificate.error = end_ms.error().context;
  }
  return found_;
}

}  // namespace sluice
