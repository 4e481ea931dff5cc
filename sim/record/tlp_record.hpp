// SPDX-License-Identifier: Apache-2.0
// TLPs at the ports of the bridge, recorded into a pcapng file: link type USER0, one interface a port. docs/records.md
// describes the format, vfpool_tlp.lua shows it in Wireshark.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "pcie/tlp.hpp"
#include "record/pcapng.hpp"
#include "record/time_axis.hpp"

namespace vfpool::record {

/// What stands before each TLP, in network byte order.
struct TlpPseudoHeader {
  static constexpr std::size_t kSize = 16;
  static constexpr std::uint8_t kVersion = 1;

  std::uint8_t port = 0;
  bool toward_bridge = false;
  std::uint32_t sequence = 0;  ///< of this record's packets in the order they were seen, from 0, wraps
  std::uint64_t cycle = 0;     ///< RTL clock cycles since the start

  std::array<std::uint8_t, kSize> bytes() const;
};

/// A port of the bridge: number and name as bridge::Bridge has them.
struct TappedPort {
  unsigned number = 0;  ///< 0..255
  std::string name;
};

/// Those of `all` whose names are in `wanted`, in the order of `all`; all of them if `wanted` is empty. Throws
/// std::invalid_argument for a name that no port has.
std::vector<TappedPort> choose_ports(const std::vector<TappedPort>& all, std::span<const std::string> wanted);

class TlpRecord {
 public:
  /// The shape of bridge::Bridge::Tap.
  using Tap = std::function<void(unsigned port, bool toward_bridge, const pcie::Tlp&)>;

  /// Adds an interface to `file` for each port. Direction "inbound" is toward the bridge. Throws std::invalid_argument
  /// for a port number above 255.
  TlpRecord(std::shared_ptr<PcapngWriter> file, TimeAxis time, std::span<const TappedPort> ports);
  ~TlpRecord();
  TlpRecord(const TlpRecord&) = delete;
  TlpRecord& operator=(const TlpRecord&) = delete;

  /// One packet. Ports that were not chosen are ignored. A malformed packet gets a comment that says why.
  void see(unsigned port, bool toward_bridge, const pcie::Tlp& tlp);
  /// Calls see(); does nothing once this record is gone, so it may stay at the bridge.
  Tap tap() const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace vfpool::record
