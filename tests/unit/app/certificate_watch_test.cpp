#include "app/certificate_watch.h"

#include <gtest/gtest.h>

#include <ctime>

#include "support/certificates.h"

namespace sluice {
namespace {

constexpr std::int64_t kHourMs = 3600'000;

class CertificatesOf : public ::testing::Test {
 protected:
  static std::int64_t in_h(int hours) { return std::time(nullptr) * 1000 + hours * kHourMs; }
  static void expect_end(int hours, const Result<std::int64_t>& end_ms) {
    ASSERT_TRUE(end_ms.ok()) << end_ms.error().context;
    EXPECT_NEAR(static_cast<double>(in_h(hours)), static_cast<double>(*end_ms), kHourMs / 10.0);
  }
  std::string joined(const std::string& name, const std::string& first, const std::string& second) {
    return folder_.write(
        name, test::read_file(certificates_.crt(first)) + test::read_file(certificates_.crt(second)));
  }
  test::TempFolder folder_;
  test::Certificates certificates_;
};

TEST_F(CertificatesOf, AChainEndWithItsFirstAndOfAuthoritiesWithTheLast) {
  certificates_.make("short", "IP:127.0.0.1", -1, 5);
  certificates_.make("long", "IP:127.0.0.1", -1, 50);
  const std::string both = joined("both.crt", "short", "long");
  expect_end(5, certificates_end_ms(both, CertificateFile::kChain));
  expect_end(50, certificates_end_ms(both, CertificateFile::kAuthorities));
}

TEST_F(CertificatesOf, NothingAreAnErrorThatNamesTheFile) {
  const std::string empty = folder_.write("empty.crt", "nothing");
  for (const std::string& path : {empty, folder_.file("absent.crt")}) {
    Result<std::int64_t> end_ms = certificates_end_ms(path, CertificateFile::kAuthorities);
    ASSERT_FALSE(end_ms.ok());
    EXPECT_NE(std::string::npos, end_ms.error().context.find(path));
  }
}

TEST_F(CertificatesOf, AConfigurationAreThoseOfBrokerSinksAndChannels) {
  Settings settings;
  settings.mqtt.tls_ca_file = "a";
  settings.mqtt.tls_cert_file = "b";
  settings.upload.to.emplace_back().name = "archive";
  SinkSettings& cloud = settings.upload.to.emplace_back();
  cloud.name = "cloud";
  cloud.tls.cert = "c";
  WebhookSettings webhook;
  webhook.http.tls.ca = "d";
  AlertmanagerSettings alertmanager;
  alertmanager.http.tls.ca = "e";
  settings.notify = {{"ops", webhook}, {"am", alertmanager}, {"mqtt", MqttChannelSettings{}}};
  std::vector<std::string> names;
  for (const NamedCertificate& file : certificate_files(settings)) names.push_back(file.of + " " + file.path);
  EXPECT_EQ((std::vector<std::string>{"mqtt tls.ca a", "mqtt tls.cert b", "sink cloud tls.cert c",
                                      "channel ops tls.ca d", "channel am tls.ca e"}),
            names);
}

TEST_F(CertificatesOf, FilesAreReadAgainAfterAnHour) {
  certificates_.make("me", "IP:127.0.0.1", -1, 5);
  CertificateWatch watch({{"mqtt tls.cert", certificates_.crt("me"), CertificateFile::kChain}});
  const auto first = watch.newest(1000);
  ASSERT_EQ(1u, first.size());
  ASSERT_TRUE(first[0].end_ms);
  std::filesystem::remove(certificates_.crt("me"));
  EXPECT_TRUE(watch.newest(1000 + kHourMs - 1)[0].end_ms);
  EXPECT_FALSE(watch.newest(1000 + kHourMs)[0].end_ms);
  EXPECT_NE("", watch.newest(1000 + kHourMs)[0].error);
}

}  // namespace
}  // namespace sluice
