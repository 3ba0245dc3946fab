// Runs a fuzz target without a fuzzer: every file of the corpus folders given, then seeded mutations of them.
//   fuzz_<name> [--mutations N] [--seed S] [--verbose] FOLDER|FILE…
// Each case has a name; after a crash run again with --verbose: the last name printed is the culprit's.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace {

using Bytes = std::vector<std::uint8_t>;
using Random = std::mt19937;

struct Options {
  int mutations = 4000;
  unsigned seed = 1;
  bool verbose = false;
  std::vector<std::filesystem::path> files;
};

Options parse(int count, char** words) {
  Options options;
  for (int i = 1; i < count; ++i) {
    const std::string word = words[i];
    if (word == "--verbose") {
      options.verbose = true;
    } else if (word == "--mutations" && i + 1 < count) {
      options.mutations = std::atoi(words[++i]);
    } else if (word == "--seed" && i + 1 < count) {
      options.seed = static_cast<unsigned>(std::atoi(words[++i]));
    } else if (std::filesystem::is_directory(word)) {
      for (const auto& entry : std::filesystem::directory_iterator(word)) options.files.push_back(entry);
    } else {
      options.files.emplace_back(word);
    }
  }
  std::sort(options.files.begin(), options.files.end());
  return options;
}

Bytes load(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return Bytes(std::istreambuf_iterator<char>(file), {});
}

void run(const Options& options, const std::string& name, const Bytes& bytes) {
  if (options.verbose) {
    std::printf("%s\n", name.c_str());
    std::fflush(stdout);
  }
  // A copy of exactly this size, so that a sanitizer sees a read beyond it.
  const Bytes exact(bytes.begin(), bytes.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

std::size_t any(Random& random, std::size_t count) {
  return count == 0 ? 0 : random() % count;
}

void mutate_once(Bytes& bytes, const Bytes& other, Random& random) {
  static constexpr std::uint8_t kTelling[] = {0, 1, 0x7f, 0x80, 0xff, '"', '{', '[', ':', '\n', '\\', '-'};
  const std::size_t at = any(random, bytes.size());
  const auto place = bytes.begin() + static_cast<std::ptrdiff_t>(at);
  switch (random() % 7) {
    case 0:
      if (!bytes.empty()) bytes[at] ^= static_cast<std::uint8_t>(1u << random() % 8);
      break;
    case 1:
      if (!bytes.empty()) bytes[at] = kTelling[random() % std::size(kTelling)];
      break;
    case 2:
      if (!bytes.empty()) bytes[at] = static_cast<std::uint8_t>(random());
      break;
    case 3:
      bytes.insert(place, 1 + random() % 8, kTelling[random() % std::size(kTelling)]);
      break;
    case 4:
      bytes.erase(place, place + static_cast<std::ptrdiff_t>(
                                     any(random, std::min<std::size_t>(32, bytes.size() - at + 1))));
      break;
    case 5: {  // a piece of another case
      const std::size_t from = any(random, other.size());
      const std::size_t size = any(random, std::min<std::size_t>(64, other.size() - from + 1));
      const auto begin = other.begin() + static_cast<std::ptrdiff_t>(from);
      bytes.insert(place, begin, begin + static_cast<std::ptrdiff_t>(size));
      break;
    }
    default:
      if (random() % 8 == 0) bytes.resize(at);
  }
}

}  // namespace

int main(int count, char** words) {
  const Options options = parse(count, words);
  if (options.files.empty()) {
    std::fprintf(stderr, "there is nothing to replay: name a corpus folder that has files\n");
    return 2;
  }
  std::vector<Bytes> corpus;
  for (const auto& path : options.files) {
    corpus.push_back(load(path));
    run(options, path.string(), corpus.back());
  }
  Random random(options.seed);
  for (int i = 0; i < options.mutations; ++i) {
    const std::size_t pick = any(random, corpus.size());
    Bytes bytes = corpus[pick];
    const Bytes& other = corpus[any(random, corpus.size())];
    for (unsigned times = 1 + random() % 6; times > 0; --times) mutate_once(bytes, other, random);
    run(options,
        options.files[pick].filename().string() + " seed " + std::to_string(options.seed) + " mutation " +
            std::to_string(i),
        bytes);
  }
  std::printf("%zu files, %d mutations\n", corpus.size(), options.mutations);
  return 0;
}
