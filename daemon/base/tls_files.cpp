#include "base/tls_files.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>

namespace sluice {

namespace {

using File = std::unique_ptr<FILE, decltype(&std::fclose)>;
using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;

Error unreadable(const std::string& what, const std::string& path) {
  return make_error(ErrorCode::kNotFound, what + " " + path + " cannot be read: " + std::strerror(errno) +
                                              "; check the path and that the daemon's user may read it");
}

// Without a passphrase there is nobody to ask for one.
int no_passphrase(char*, int, int, void*) {
  return -1;
}

Result<Certificate> read_certificate(const std::string& what, const std::string& path) {
  File file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) return unreadable(what, path);
  Certificate certificate(PEM_read_X509(file.get(), nullptr, no_passphrase, nullptr), &X509_free);
  if (!certificate) {
    ERR_clear_error();
    return make_error(ErrorCode::kInvalid, what + " " + path + " holds no certificate in PEM form");
  }
  return certificate;
}

Result<Key> read_key(const std::string& path) {
  File file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) return unreadable("tls.key", path);
  Key key(PEM_read_PrivateKey(file.get(), nullptr, no_passphrase, nullptr), &EVP_PKEY_free);
  if (!key) {
    ERR_clear_error();
    return make_error(ErrorCode::kInvalid,
                      "tls.key " + path + " holds no private key in PEM form without a passphrase");
  }
  return key;
}

}  // namespace

Status check_tls_files(const std::string& ca, const std::string& cert, const std::string& key) {
  if (!ca.empty()) {
    if (auto authority = read_certificate("tls.ca", ca); !authority) return authority.error();
  }
  if (cert.empty() && key.empty()) return {};
  if (cert.empty() != key.empty()) {
    return make_error(ErrorCode::kInvalid, "tls.cert and tls.key belong together; give both or neither");
  }
  auto certificate = read_certificate("tls.cert", cert);
  if (!certificate) return certificate.error();
  auto private_key = read_key(key);
  if (!private_key) return private_key.error();
  if (X509_check_private_key(certificate->get(), private_key->get()) != 1) {
    ERR_clear_error();
    return make_error(ErrorCode::kInvalid,
                      "tls.key " + key + " is not the key of the certificate in tls.cert " + cert);
  }
  return {};
}

Result<std::int64_t> certificates_end_ms(const std::string& path, CertificateFile kind) {
  File file(std::fopen(path.c_str(), "re"), &std::fclose);
  if (!file) return unreadable("the certificate", path);
  std::optional<std::int64_t> end_ms;
  for (;;) {
    Certificate certificate(PEM_read_X509(file.get(), nullptr, no_passphrase, nullptr), &X509_free);
    std::tm end{};
    if (!certificate || ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &end) != 1) break;
    end_ms = std::max<std::int64_t>(end_ms.value_or(0), static_cast<std::int64_t>(::timegm(&end)) * 1000);
    if (kind == CertificateFile::kChain) break;
  }
  ERR_clear_error();
  if (!end_ms) return make_error(ErrorCode::kInvalid, path + " holds no certificate in PEM form");
  return *end_ms;
}

}  // namespace sluice
