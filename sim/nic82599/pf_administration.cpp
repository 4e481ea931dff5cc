// SPDX-License-Identifier: Apache-2.0
// What the PF's administrator does to a VF.
#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>

#include "nic82599/pf_personality.hpp"

namespace vfpool::nic82599 {
namespace {

constexpr unsigned kMostVlan = 4094, kMostPriority = 7, kPriorityShift = 13;
constexpr unsigned kLeastRate = 11;                // Mb/s
constexpr unsigned kRateFactorFraction = 14;       // RTTBCNRC: bits behind the point
constexpr std::uint32_t kRateFactor = 0x00ffffff;  // ... and the whole factor: link rate over the queue's
constexpr std::uint32_t kSpoofMac = 1, kSpoofVlan = 0x100;

}  // namespace

void PfPersonality::check_administration(unsigned vf) const {
  if (vf >= options_.vfs) throw std::invalid_argument(fmt::format("VF {}: there are 0 to {}", vf, options_.vfs - 1));
  if (!running_) throw std::invalid_argument("the PF's driver is gone");
}

void PfPersonality::set_vf_vlan(unsigned vf, unsigned vlan, unsigned priority) {
  check_administration(vf);
  if (vlan > kMostVlan || priority > kMostPriority)
    throw std::invalid_argument(
        fmt::format("VLAN {} with priority {}: VLANs are 1 to {}, or 0 for none, priorities 0 to {}", vlan, priority,
                    kMostVlan, kMostPriority));
  Vf& v = vfs_[vf];
  const bool had_one = v.vlan != 0;
  if (!set_vlan(vf, true, vlan)) throw std::invalid_argument("the card has 64 VLANs for all its VFs, and all are used");
  if (had_one && v.vlan != vlan) set_vlan(vf, false, v.vlan);
  v.vlan = vlan;
  v.priority = priority;
  write_port_vlan(vf);
}

// Tag of sent frames, and whether untagged ones arrive (8.2.3.27).
void PfPersonality::write_port_vlan(unsigned vf) {
  const Vf& v = vfs_[vf];
  const bool on = v.vlan != 0 || v.priority != 0;
  put(reg::kVmvir + 4 * vf, on ? reg::kVmvirAlways | v.priority << kPriorityShift | v.vlan : 0);
  change(reg::kVmolr + 4 * vf, reg::kVmolrAupe, on ? 0 : reg::kVmolrAupe);
}

void PfPersonality::set_vf_mac(unsigned vf, const std::array<std::uint8_t, 6>& mac) {
  check_administration(vf);
  if (mac[0] & 1) throw std::invalid_argument("a VF's address is a unicast one");
  Vf& v = vfs_[vf];
  v.mac = mac;
  v.assigned = std::any_of(mac.begin(), mac.end(), [](std::uint8_t b) { return b != 0; });
  if (v.assigned)
    write_rar(1 + vf, mac, vf);
  else
    clear_rar(1 + vf);
}

void PfPersonality::set_vf_trust(unsigned vf, bool trusted) {
  check_administration(vf);
  Vf& v = vfs_[vf];
  if (v.trusted == trusted) return;
  v.trusted = trusted;
  v.clear_to_send = false;
  ping(vf);
}

void PfPersonality::set_vf_spoof_check(unsigned vf, bool on) {
  check_administration(vf);
  vfs_[vf].spoof_check = on;
  write_spoof_check(vf);
}

void PfPersonality::write_spoof_check(unsigned vf) {
  const std::uint32_t bits = (kSpoofMac | kSpoofVlan) << vf % 8;
  change(reg::kSpoof + vf / 8 * 4, bits, vfs_[vf].spoof_check ? bits : 0);
}

void PfPersonality::set_vf_link(unsigned vf, bool enabled) {
  check_administration(vf);
  Vf& v = vfs_[vf];
  v.link = enabled;
  write_link(vf);
  v.clear_to_send = false;
  ping(vf);
}

// With jumbo frames on the PF a VF receives only after it has said that it can.
void PfPersonality::write_link(unsigned vf) {
  const bool link = vfs_[vf].link;
  enable_pool(reg::kVfte, vf, link);
  enable_pool(reg::kVfre, vf, link && options_.pf_mtu <= 1500);
}

void PfPersonality::set_vf_rate(unsigned vf, unsigned mbps) {
  check_administration(vf);
  const unsigned most = nic_.options().link_mbps;
  if (mbps != 0 && (mbps < kLeastRate || mbps > most))
    throw std::invalid_argument(
        fmt::format("{} Mb/s: {} to {} are possible, or 0 for no limit", mbps, kLeastRate, most));
  vfs_[vf].rate = mbps;
  write_rate(vf);
}

void PfPersonality::write_rate(unsigned vf) {
  const std::uint64_t link = nic_.options().link_mbps;
  const unsigned rate = vfs_[vf].rate;
  const auto factor = rate == 0 ? 0 : static_cast<std::uint32_t>((link << kRateFactorFraction) / rate) & kRateFactor;
  for (unsigned q = vf * options_.queues; q < (vf + 1) * options_.queues; ++q) {
    put(reg::kRttdqsel, q);
    put(reg::kRttbcnrc, rate == 0 ? 0 : reg::kRateEnable | factor);
  }
}

}  // namespace vfpool::nic82599
