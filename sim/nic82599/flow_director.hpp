// SPDX-License-Identifier: Apache-2.0
// Flow Director: filters of single flows that choose the receive queue before RSS does (82599 data sheet 7.1.2.7,
// registers 8.2.3.21). Perfect-match filters compare fields under masks; signature filters compare two hashes. A filter
// is found through the bucket that software computed for it, so one that was put into the wrong bucket never matches,
// as in silicon.
//
// Less than silicon: destination addresses of IPv6 are not compared (a perfect filter of IPv6 matches only while
// FDIRM.DIPv6 masks them), lists that are longer than Max-Length are not reported in the descriptor, and filters take
// no room from the packet buffer.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "nic82599/packet.hpp"
#include "nic82599/registers.hpp"

namespace vfpool::nic82599 {

class FlowDirector {
 public:
  /// `filling`: the table is about to be full (EICR.FLOW_DIR).
  explicit FlowDirector(std::function<void()> filling);

  // Registers 0xee00 to 0xee7c. Empty or false: not one of them.
  std::optional<std::uint32_t> read(unsigned offset);
  bool write(unsigned offset, std::uint32_t value);
  /// Device reset: no filters, registers to defaults.
  void reset();

  bool enabled() const { return (at(reg::kFdirCtrl) & kPballoc) != 0; }

  struct Match {
    unsigned queue = 0;    ///< absolute; for a filter that drops, the drop queue
    std::uint32_t id = 0;  ///< bucket and software index or signature, as in FDIRHASH
    bool report = false;   ///< the descriptor shows it
  };
  /// The filter of an IP frame that goes to `pool` (0 without pools); counts a match or a miss. Empty: RSS decides.
  std::optional<Match> look_up(Bytes frame, const Parsed& p, unsigned pool);

  std::string state() const;

 private:
  static constexpr unsigned kFirst = reg::kFdirCtrl, kRegisters = 32;
  static constexpr std::uint32_t kPballoc = 3;
  using Ipv6 = std::array<std::uint32_t, 4>;

  /// What both a filter and a frame have; in the byte order of the registers.
  struct Flow {
    std::uint8_t pool = 0, type = 0;  ///< type: bit 2 IPv6, bits 1:0 L4 (1 UDP, 2 TCP, 3 SCTP)
    std::uint16_t vlan = 0, source_port = 0, destination_port = 0;
    std::uint16_t flex = 0;  ///< two bytes of the frame, the first one high
    Ipv6 source{}, destination{};
    bool operator==(const Flow&) const = default;
  };
  struct Filter {
    Flow flow;
    std::uint32_t command = 0;  ///< FDIRCMD
  };

  std::uint32_t at(unsigned offset) const { return registers_[(offset - kFirst) / 4]; }
  std::uint32_t& at(unsigned offset) { return registers_[(offset - kFirst) / 4]; }
  bool perfect() const { return at(reg::kFdirCtrl) & bit(4); }
  unsigned capacity() const;
  std::uint32_t bucket_mask() const;
  void command(std::uint32_t value);
  void add(std::uint32_t key, std::uint32_t value);
  void clear();
  Flow flow_of_registers(std::uint32_t command) const;
  Flow flow_of_frame(Bytes frame, const Parsed& p, unsigned pool) const;
  void show(const Filter& filter);
  Flow masked(Flow flow) const;
  static std::uint32_t hash(const Flow& flow, std::uint32_t key);

  std::function<void()> filling_;
  std::array<std::uint32_t, kRegisters> registers_{};
  std::map<std::uint32_t, Filter> filters_;  ///< by bucket (upper half) and software index or signature (lower half)
};

}  // namespace vfpool::nic82599
