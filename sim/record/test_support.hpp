// SPDX-License-Identifier: Apache-2.0
// For tests: a pcapng reader that knows nothing of the writer, and tshark.
#pragma once

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace vfpool::record {

using Bytes = std::vector<std::uint8_t>;

inline std::uint16_t le16(const Bytes& b, std::size_t at) {
  return static_cast<std::uint16_t>(b.at(at) | b.at(at + 1) << 8);
}
inline std::uint32_t le32(const Bytes& b, std::size_t at) {
  return le16(b, at) | static_cast<std::uint32_t>(le16(b, at + 2)) << 16;
}
inline std::uint64_t le64(const Bytes& b, std::size_t at) {
  return le32(b, at) | static_cast<std::uint64_t>(le32(b, at + 4)) << 32;
}

struct ReadBlock {
  std::uint32_t type = 0;
  Bytes body;

  /// Options from offset `at` of the body; of an option that is there twice, the last.
  std::map<std::uint16_t, Bytes> options(std::size_t at) const {
    std::map<std::uint16_t, Bytes> out;
    while (at < body.size()) {
      const std::uint16_t code = le16(body, at), size = le16(body, at + 2);
      if (code == 0) return out;
      if (at + 4 + size > body.size()) throw std::runtime_error("option longer than its block");
      out[code] = Bytes(body.begin() + static_cast<std::ptrdiff_t>(at + 4),
                        body.begin() + static_cast<std::ptrdiff_t>(at + 4 + size));
      at += 4 + (size + 3U) / 4 * 4;
    }
    throw std::runtime_error("options without an end");
  }
};

struct ReadPacket {
  std::uint32_t interface = 0, flags = 0, length = 0;
  std::uint64_t time = 0;
  Bytes bytes;
  std::string comment;
};

inline std::string text_of(const Bytes& b) { return {b.begin(), b.end()}; }

/// Every block of a file. Throws std::exception where the file breaks the format's framing.
inline std::vector<ReadBlock> read_blocks(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  const Bytes all{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  std::vector<ReadBlock> out;
  for (std::size_t at = 0; at < all.size();) {
    const std::uint32_t length = le32(all, at + 4);
    if (length < 12 || length % 4 != 0 || at + length > all.size() || le32(all, at + length - 4) != length)
      throw std::runtime_error("bad block at " + std::to_string(at));
    out.push_back({le32(all, at), Bytes(all.begin() + static_cast<std::ptrdiff_t>(at + 8),
                                        all.begin() + static_cast<std::ptrdiff_t>(at + length - 4))});
    at += length;
  }
  return out;
}

inline std::vector<ReadPacket> read_packets(const std::filesystem::path& file) {
  std::vector<ReadPacket> out;
  for (const ReadBlock& block : read_blocks(file)) {
    if (block.type != 6) continue;
    const std::uint32_t captured = le32(block.body, 12);
    auto options = block.options(20 + (captured + 3) / 4 * 4);
    out.push_back({.interface = le32(block.body, 0),
                   .flags = options.contains(2) ? le32(options[2], 0) : 0,
                   .length = le32(block.body, 16),
                   .time = static_cast<std::uint64_t>(le32(block.body, 4)) << 32 | le32(block.body, 8),
                   .bytes = Bytes(block.body.begin() + 20, block.body.begin() + 20 + captured),
                   .comment = text_of(options[1])});
  }
  return out;
}

/// Output of a shell command; `status` gets its exit status.
inline std::string shell(const std::string& command, int* status = nullptr) {
  std::string out;
  std::FILE* pipe = ::popen(command.c_str(), "r");
  if (pipe == nullptr) throw std::runtime_error("popen");
  std::array<char, 4096> chunk;
  for (std::size_t n; (n = std::fread(chunk.data(), 1, chunk.size(), pipe)) > 0;) out.append(chunk.data(), n);
  const int raw = ::pclose(pipe);
  if (status != nullptr) *status = WIFEXITED(raw) ? WEXITSTATUS(raw) : -1;
  return out;
}

inline std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> out;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) out.push_back(line);
  return out;
}

inline bool have_tshark() { return std::system("command -v tshark >/dev/null 2>&1") == 0; }

/// tshark with our dissector on `file`.
inline std::string tshark(const std::filesystem::path& file, const std::string& arguments) {
  return shell("'" VFPOOL_SOURCE_DIR "/sim/record/tshark' -r '" + file.string() + "' " + arguments);
}

/// A folder of the test's own.
class RecordTest : public testing::Test {
 protected:
  RecordTest() : folder(testing::TempDir() + "vfpool-record." + std::to_string(::getpid())) {
    std::filesystem::create_directories(folder);
  }
  ~RecordTest() override { std::filesystem::remove_all(folder); }

  std::filesystem::path folder;
};

}  // namespace vfpool::record
