// SPDX-License-Identifier: Apache-2.0
// What a stream of frames is, and the TOML file that describes some. docs/trafgen.md lists the keys.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "rate.hpp"

namespace vfpool::trafgen {

enum class Protocol { kUdp, kTcp };

struct End {
  std::array<std::uint8_t, 6> mac{};
  std::uint32_t ip = 0;
  std::uint16_t port = 0;
};

struct Stream {
  /// RFC 2544's test addresses (appendix C.2.2) and discard port; both MAC addresses are locally administered.
  static constexpr End kSource{{0x02, 0x00, 0x00, 0x00, 0x01, 0x01}, 0xc6120001, 1024};
  static constexpr End kDestination{{0x02, 0x00, 0x00, 0x00, 0x01, 0x02}, 0xc6130001, 9};
  static constexpr unsigned kLeastFrame = 64, kMostFrame = 9'216;

  std::string name = "stream";
  std::vector<unsigned> sizes = {64};  ///< frames with FCS; sent in this order, again and again
  Rate rate;
  unsigned flows = 1;  ///< frame n has source port source.port + n % flows
  unsigned burst = 1;
  Protocol protocol = Protocol::kUdp;
  std::optional<unsigned> vlan;
  unsigned priority = 0;  ///< of the VLAN tag
  End source = kSource, destination = kDestination;

  double mean_size() const;
};

/// "512"; "64-1518" or "64-1518/100": every size from one to the other, in such steps; "imix": 64, 570 and 1518 bytes
/// as 7:4:1; "64:28,570:16,1518:4": sizes and how often. Throws std::invalid_argument.
std::vector<unsigned> parse_sizes(const std::string& text);

/// Throws std::invalid_argument for a stream that cannot be: sizes too small for headers and stamp, ports past 65535, a
/// rate that the link does not carry.
void check(const Stream& stream, double link_bits);

/// Checks each stream, and all together. Throws std::invalid_argument.
void check(const std::vector<Stream>& streams, double link_bits);

/// The file's [[stream]] tables. Throws config::ConfigError with file, line and what is wrong.
std::vector<Stream> read_streams(const std::filesystem::path& file, double link_bits);

}  // namespace vfpool::trafgen
