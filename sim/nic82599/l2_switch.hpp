// SPDX-License-Identifier: Apache-2.0
// Which pools get a frame: the L2 and VLAN filters and the virtual switch (82599 data sheet 7.1.1, 7.10.3). Derived
// tables are rebuilt after a filter register was written, so that a frame costs a few look-ups.
#pragma once

#include <array>
#include <bitset>
#include <cstdint>
#include <unordered_map>
#include <vector>

#include "nic82599/packet.hpp"
#include "nic82599/register_file.hpp"

namespace vfpool::nic82599 {

using PoolMask = std::uint64_t;

class L2Switch {
 public:
  explicit L2Switch(const RegisterFile& registers);

  bool vt_enabled() const { return registers_.test(reg::kVtCtl, reg::kVtEnable); }
  /// Queues of a pool in the present mode: 8, 4 or 2; all queues are one pool without VT.
  unsigned queues_per_pool() const;

  /// Pools for a frame from the wire; 0: dropped. Without VT, pool 0 stands for the PF.
  PoolMask from_wire(const Parsed& frame);

  struct TxDecision {
    bool spoofed = false;
    bool wire = false;
    PoolMask local = 0;
  };
  /// Where a frame that pool `from` sends goes. `is_vf`: EtherType anti-spoofing applies.
  TxDecision from_pool(unsigned from, bool is_vf, const Parsed& frame);

  bool rx_enabled(unsigned pool) const { return registers_[reg::kVfre + pool / 32 * 4] >> pool % 32 & 1; }
  bool tx_enabled(unsigned pool) const { return registers_[reg::kVfte + pool / 32 * 4] >> pool % 32 & 1; }

  /// A filter register (RAR, MPSAR, VLVF, VLVFB, VMOLR) has changed.
  void filters_changed() { stale_ = true; }

 private:
  void rebuild();
  PoolMask pools_by_vlan(const Parsed& frame, PoolMask pools) const;
  PoolMask select(const Parsed& frame, bool& known);
  bool hash_hit(unsigned table, std::uint64_t mac) const;

  const RegisterFile& registers_;
  bool stale_ = true;
  std::unordered_map<std::uint64_t, PoolMask> by_mac_;
  std::vector<PoolMask> by_vlan_;
  std::bitset<4096> vlan_known_;
  PoolMask aupe_ = 0, rompe_ = 0, rope_ = 0, bam_ = 0, mpe_ = 0;
};

}  // namespace vfpool::nic82599
