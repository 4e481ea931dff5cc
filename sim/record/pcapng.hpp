// SPDX-License-Identifier: Apache-2.0
// pcapng files (draft-ietf-opsawg-pcapng): one section, our byte order, time stamps in nanoseconds. Packets of several
// sources and link types share one file, each source an interface with a name. Not by a library: libwiretap has no
// stable interface, and DPDK's pcapng wants packets in its own buffers.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vfpool::record {

/// As tcpdump.org's list of link types has them.
enum class LinkType : std::uint16_t {
  kEthernet = 1,
  kUser0 = 147,  ///< here: TLPs behind the header of tlp_record.hpp
};

/// As the interface's owner sees it.
enum class Direction { kInbound, kOutbound };

class PcapngWriter {
 public:
  using InterfaceId = std::uint32_t;

  /// Largest packet that Wireshark reads; the rest of a longer one is cut off, its true length kept.
  static constexpr std::size_t kMaxPacket = 262'144;
  /// Whole blocks wait in memory until there are so many bytes.
  static constexpr std::size_t kBufferSize = 256 * 1024;

  /// Replaces `file`. `comment` describes the whole record. Throws std::runtime_error when the file cannot be made or
  /// is a pipe (whose reader could stop the simulation).
  PcapngWriter(const std::filesystem::path& file, std::string_view comment);
  ~PcapngWriter();  ///< close()
  PcapngWriter(const PcapngWriter&) = delete;
  PcapngWriter& operator=(const PcapngWriter&) = delete;

  /// May be called at any time, also between packets. Texts are UTF-8.
  InterfaceId add_interface(LinkType type, std::string_view name, std::string_view description);

  /// One packet, `header` then `body`. `time` is since 1970; before that counts as 1970. An empty comment is left out.
  /// An unknown interface is the caller's error (std::out_of_range).
  void packet(InterfaceId interface, std::chrono::nanoseconds time, Direction direction,
              std::span<const std::uint8_t> header, std::span<const std::uint8_t> body, std::string_view comment = {});

  /// Writes out what waits in memory: the file can then be opened and shows every packet so far.
  void flush();
  /// Adds each interface's statistics and ends the file; what comes later is ignored. Again: nothing.
  void close();

  /// Writing failed (logged once): the file ends with the last block that fitted, later packets are only counted.
  bool failed() const { return failed_; }
  /// Packets in the file or on their way to it.
  std::uint64_t packets() const;
  /// One line for people: file, packets, bytes, whether the record has stopped.
  std::string state() const;

 private:
  struct Interface {
    std::chrono::nanoseconds first{}, last{};
    std::uint64_t seen = 0;  ///< packets handed to packet()
    std::uint64_t lost = 0;  ///< of these, after writing failed
  };

  bool stopped() const { return fd_ < 0; }
  void begin_block(std::uint32_t type);
  void end_block();
  void put16(std::uint16_t value);
  void put32(std::uint32_t value);
  void put64(std::uint64_t value);
  void put_time(std::chrono::nanoseconds time);
  void put_padded(std::span<const std::uint8_t> first, std::span<const std::uint8_t> second);
  void put_option(std::uint16_t code, std::span<const std::uint8_t> value);
  void put_text(std::uint16_t code, std::string_view text);
  void put_end_of_options();
  void write_out();

  std::filesystem::path file_;
  int fd_ = -1;
  bool failed_ = false;
  std::vector<std::uint8_t> buffer_;
  std::size_t block_start_ = 0;      ///< of the block under construction, in buffer_
  std::uint64_t written_bytes_ = 0;  ///< whole blocks in the file
  std::vector<Interface> interfaces_;
};

}  // namespace vfpool::record
