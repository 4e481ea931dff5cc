// SPDX-License-Identifier: Apache-2.0
// Classic pcap files (draft-ietf-opsawg-pcap): link type Ethernet, time stamps in micro- or nanoseconds, either byte
// order when reading; nanoseconds, our byte order when writing.
#pragma once

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <span>

#include "core/scheduler.hpp"
#include "wire/wire.hpp"

namespace vfpool::wire {

class PcapReader {
 public:
  struct Record {
    std::chrono::nanoseconds time{};  ///< since the epoch of the file, commonly 1970; SimTime could not hold that
    Frame frame;
    bool truncated = false;  ///< the capture kept only the beginning of the frame
  };

  /// Throws std::runtime_error for a file that cannot be read, is no classic pcap or holds no Ethernet.
  explicit PcapReader(const std::filesystem::path& file);
  /// The next record; nothing at the end. A record that the file cuts short, or that says it is longer than any frame,
  /// ends it with a warning in the log.
  std::optional<Record> next();

 private:
  std::uint32_t word(const char* at) const;

  std::filesystem::path file_;
  std::ifstream in_;
  bool swapped_ = false;
  bool nanoseconds_ = false;
};

class PcapWriter {
 public:
  /// Throws std::runtime_error when the file cannot be made.
  explicit PcapWriter(const std::filesystem::path& file);
  void write(SimTime time, std::span<const std::uint8_t> frame);

 private:
  std::filesystem::path file_;
  std::ofstream out_;
  bool failed_ = false;
};

}  // namespace vfpool::wire
