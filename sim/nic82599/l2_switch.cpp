// SPDX-License-Identifier: Apache-2.0
#include "nic82599/l2_switch.hpp"

namespace vfpool::nic82599 {
namespace {

constexpr PoolMask pool_bit(unsigned pool) { return PoolMask{1} << pool; }

// RAL/RAH hold the address with its first byte lowest; here the first byte is highest.
std::uint64_t mac_of(std::uint32_t low, std::uint32_t high) {
  std::uint64_t mac = 0;
  for (unsigned i = 0; i < 4; ++i) mac = mac << 8 | (low >> 8 * i & 0xff);
  for (unsigned i = 0; i < 2; ++i) mac = mac << 8 | (high >> 8 * i & 0xff);
  return mac;
}

constexpr std::uint64_t kNearestBridge = 0x0180c2000001;  // MAC control frames
constexpr std::uint16_t kMacControl = 0x8808;

}  // namespace

L2Switch::L2Switch(const RegisterFile& registers) : registers_(registers), by_vlan_(4096) {}

unsigned L2Switch::queues_per_pool() const {
  switch (registers_[reg::kGcrExt] & reg::kGcrExtVtMode) {
    case 1: return 8;
    case 2: return 4;
    case 3: return 2;
    default: return kQueues;
  }
}

void L2Switch::rebuild() {
  stale_ = false;
  by_mac_.clear();
  for (unsigned i = 0; i < 128; ++i) {
    const std::uint32_t high = registers_[reg::kRarHigh + 8 * i + 4];
    if (!(high >> 31)) continue;
    by_mac_[mac_of(registers_[reg::kRarHigh + 8 * i], high)] |=
        static_cast<PoolMask>(registers_[reg::kMpsar + 8 * i + 4]) << 32 | registers_[reg::kMpsar + 8 * i];
  }
  vlan_known_.reset();
  for (unsigned i = 0; i < 64; ++i) {
    const std::uint32_t entry = registers_[reg::kVlvf + 4 * i];
    if (!(entry >> 31)) continue;
    const unsigned vid = entry & 0xfff;
    if (!vlan_known_[vid]) by_vlan_[vid] = 0;
    vlan_known_.set(vid);
    by_vlan_[vid] |= static_cast<PoolMask>(registers_[reg::kVlvfb + 8 * i + 4]) << 32 | registers_[reg::kVlvfb + 8 * i];
  }
  aupe_ = rompe_ = rope_ = bam_ = mpe_ = 0;
  for (unsigned p = 0; p < kPools; ++p) {
    const std::uint32_t v = registers_[reg::kVmolr + 4 * p];
    if (v & reg::kVmolrAupe) aupe_ |= pool_bit(p);
    if (v & reg::kVmolrRompe) rompe_ |= pool_bit(p);
    if (v & reg::kVmolrRope) rope_ |= pool_bit(p);
    if (v & reg::kVmolrBam) bam_ |= pool_bit(p);
    if (v & reg::kVmolrMpe) mpe_ |= pool_bit(p);
  }
}

// The 12-bit hash of MTA and UTA: bits of the address, which of them MCSTCTRL.MO says (8.2.3.7).
bool L2Switch::hash_hit(unsigned table, std::uint64_t mac) const {
  // The hash looks at the last two bytes on the wire, the very last one highest.
  const auto tail = static_cast<std::uint32_t>((mac & 0xff) << 8 | (mac >> 8 & 0xff));
  constexpr unsigned kShift[] = {4, 3, 2, 0};
  const unsigned hash = tail >> kShift[registers_[reg::kMcstctrl] & 3] & 0xfff;
  return registers_[table + (hash >> 5) * 4] >> (hash & 31) & 1;
}

PoolMask L2Switch::pools_by_vlan(const Parsed& frame, PoolMask pools) const {
  if (!frame.tagged) return pools & aupe_;
  const unsigned vid = frame.tci & 0xfff;
  return vlan_known_[vid] ? pools & by_vlan_[vid] : pools;
}

// Pools by destination address, VLAN applied. `known`: some filter or promiscuous mode wants the frame at all.
PoolMask L2Switch::select(const Parsed& frame, bool& known) {
  const std::uint32_t fctrl = registers_[reg::kFctrl];
  PoolMask pools = 0;
  known = false;
  if (frame.dst == kBroadcast) {
    pools = bam_;
    known = fctrl & reg::kFctrlBam;
  } else {
    if (const auto it = by_mac_.find(frame.dst); it != by_mac_.end()) {
      pools |= it->second;
      known = true;
    }
    if (is_multicast(frame.dst)) {
      if (registers_.test(reg::kMcstctrl, reg::kMcstctrlMfe) && hash_hit(reg::kMta, frame.dst)) {
        pools |= rompe_;
        known = true;
      }
      pools |= mpe_;
      known = known || (fctrl & reg::kFctrlMpe);
    } else {
      if (rope_ != 0 && hash_hit(reg::kUta, frame.dst)) {
        pools |= rope_;
        known = true;
      }
      known = known || (fctrl & reg::kFctrlUpe);
    }
  }
  known = known || pools != 0;
  return pools_by_vlan(frame, pools);
}

PoolMask L2Switch::from_wire(const Parsed& frame) {
  if (stale_) rebuild();
  if (frame.ethertype == kMacControl && frame.dst == kNearestBridge &&
      !registers_.test(reg::kFctrl, reg::kFctrlPassControl))
    return 0;
  if (frame.tagged && registers_.test(reg::kVlnctrl, reg::kVlnctrlVfe)) {
    const unsigned vid = frame.tci & 0xfff;
    if (!(registers_[reg::kVfta + (vid >> 5) * 4] >> (vid & 31) & 1)) return 0;
  }
  bool known = false;
  PoolMask pools = select(frame, known);
  if (!known) return 0;
  if (!vt_enabled()) return 1;
  const std::uint32_t vt = registers_[reg::kVtCtl];
  if (pools == 0 && !(vt & reg::kVtNoDefaultPool)) pools = pool_bit(vt >> 7 & 0x3f);
  if (!(vt & reg::kVtReplicate)) pools &= ~pools + 1;  // only the first
  return pools;
}

L2Switch::TxDecision L2Switch::from_pool(unsigned from, bool is_vf, const Parsed& frame) {
  TxDecision d;
  if (!vt_enabled()) {
    d.wire = true;
    return d;
  }
  if (stale_) rebuild();
  const std::uint32_t spoof = registers_[reg::kSpoof + from / 8 * 4] >> from % 8;
  if (spoof & 1) {  // MAC anti-spoofing
    const auto it = by_mac_.find(frame.src);
    if (it == by_mac_.end() || !(it->second & pool_bit(from))) d.spoofed = true;
  }
  if ((spoof & 0x100) && frame.tagged) {
    const unsigned vid = frame.tci & 0xfff;
    if (!vlan_known_[vid] || !(by_vlan_[vid] & pool_bit(from))) d.spoofed = true;
  }
  if (is_vf) {
    for (unsigned i = 0; i < 8; ++i) {
      const std::uint32_t filter = registers_[reg::kEtqf + 4 * i];
      if ((filter & reg::kEtqfEnable) && (filter & reg::kEtqfTxAntispoof) && (filter & 0xffff) == frame.ethertype)
        d.spoofed = true;
    }
  }
  if (d.spoofed) return d;
  d.wire = true;
  if (!registers_.test(reg::kDtxgswc, reg::kDtxgswcLoopback)) return d;
  bool known = false;
  d.local = select(frame, known) & ~pool_bit(from);
  if (d.local != 0 && !is_multicast(frame.dst)) d.wire = false;
  if (!registers_.test(reg::kVtCtl, reg::kVtReplicate)) d.local &= ~d.local + 1;
  return d;
}

}  // namespace vfpool::nic82599
