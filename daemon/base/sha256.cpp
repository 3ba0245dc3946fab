#include "base/sha256.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace sluice {

Sha256::Sha256() : context_(EVP_MD_CTX_new()) {
  SLUICE_CHECK(context_ != nullptr &&
                   EVP_DigestInit_ex(static_cast<EVP_MD_CTX*>(context_), EVP_sha256(), nullptr) == 1,
               "cannot start SHA-256");
}

Sha256::~Sha256() {
  EVP_MD_CTX_free(static_cast<EVP_MD_CTX*>(context_));
}

void Sha256::update(const void* data, std::size_t size) {
  SLUICE_CHECK(EVP_DigestUpdate(static_cast<EVP_MD_CTX*>(context_), data, size) == 1, "SHA-256 update");
}

Sha256::Digest Sha256::finish() {
  Digest digest{};
  unsigned size = 0;
  SLUICE_CHECK(EVP_DigestFinal_ex(static_cast<EVP_MD_CTX*>(context_), digest.data(), &size) == 1 &&
                   size == digest.size(),
               "SHA-256 finish");
  return digest;
}

std::string Sha256::finish_hex() {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string hex;
  for (std::uint8_t byte : finish()) {
    hex += kDigits[byte >> 4];
    hex += kDigits[byte & 15];
  }
  return hex;
}

std::string sha256_hex(std::string_view text) {
  Sha256 hash;
  hash.update(text);
  return hash.finish_hex();
}

}  // namespace sluice
