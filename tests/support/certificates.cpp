#include "support/certificates.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <atomic>
#include <cstdio>
#include <memory>

#include "base/check.h"

namespace sluice::test {

namespace {

using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;
using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
using File = std::unique_ptr<FILE, decltype(&std::fclose)>;

File open(const std::string& path, const char* mode) {
  File file(std::fopen(path.c_str(), mode), &std::fclose);
  SLUICE_CHECK(file != nullptr, "a certificate's file");
  return file;
}

void extend(X509* certificate, X509* issuer, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  SLUICE_CHECK(extension != nullptr, "an extension of a certificate");
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

}  // namespace

Certificates::Certificates() {
  for (const char* authority : {"ca", "other"}) sign(authority, "", authority, -1, 48);
}

void Certificates::make(const std::string& name, const std::string& alternative, int from_h, int to_h) const {
  sign(name, alternative, "ca", from_h, to_h);
}

void Certificates::sign(const std::string& name, const std::string& alternative, const std::string& authority,
                        int from_h, int to_h) const {
  static std::atomic<long> serial{1};
  Key own(EVP_EC_gen("P-256"), &EVP_PKEY_free);
  Certificate certificate(X509_new(), &X509_free);
  Certificate issuer(nullptr, &X509_free);
  Key signer(nullptr, &EVP_PKEY_free);
  const bool is_authority = name == authority;
  if (!is_authority) {
    issuer.reset(PEM_read_X509(open(crt(authority), "r").get(), nullptr, nullptr, nullptr));
    signer.reset(PEM_read_PrivateKey(open(key(authority), "r").get(), nullptr, nullptr, nullptr));
  }
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial++);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), from_h * 3600l);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), to_h * 3600l);
  X509_set_pubkey(certificate.get(), own.get());
  X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate.get()), "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>(name.c_str()), -1, -1, 0);
  X509* parent = is_authority ? certificate.get() : issuer.get();
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(parent));
  extend(certificate.get(), parent, NID_basic_constraints, is_authority ? "critical,CA:TRUE" : "CA:FALSE");
  if (!alternative.empty()) extend(certificate.get(), parent, NID_subject_alt_name, alternative);
  SLUICE_CHECK(X509_sign(certificate.get(), is_authority ? own.get() : signer.get(), EVP_sha256()) != 0,
               "a certificate's signature");
  PEM_write_X509(open(crt(name), "w").get(), certificate.get());
  PEM_write_PrivateKey(open(key(name), "w").get(), own.get(), nullptr, nullptr, 0, nullptr, nullptr);
}

}  // namespace sluice::test
