// SPDX-License-Identifier: Apache-2.0
// Captures of Ethernet frames in files, by libpcap: reads pcap and pcapng in either byte order, writes pcap with
// nanoseconds.
#pragma once

#include <pcap/pcap.h>

#include <cstdint>
#include <filesystem>
#include <memory>
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

  /// Throws std::runtime_error for a file that cannot be read, is no capture or holds no Ethernet.
  explicit PcapReader(const std::filesystem::path& file);
  /// The next record; nothing at the end. What libpcap cannot read ends it with a warning in the log.
  std::optional<Record> next();

 private:
  std::filesystem::path file_;
  std::unique_ptr<pcap_t, decltype(&pcap_close)> in_;
};

class PcapWriter {
 public:
  /// Throws std::runtime_error when the file cannot be made.
  explicit PcapWriter(const std::filesystem::path& file);
  /// A write that fails ends the record, with a warning in the log.
  void write(SimTime time, std::span<const std::uint8_t> frame);

 private:
  std::filesystem::path file_;
  std::unique_ptr<pcap_t, decltype(&pcap_close)> format_;
  std::unique_ptr<pcap_dumper_t, decltype(&pcap_dump_close)> out_;
  bool failed_ = false;
};

}  // namespace vfpool::wire
