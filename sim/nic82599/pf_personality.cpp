// SPDX-License-Identifier: Apache-2.0
#include "nic82599/pf_personality.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <random>
#include <stdexcept>

#include "nic82599/functions.hpp"

namespace vfpool::nic82599 {
namespace {

// Mailbox protocol, word 0.
constexpr std::uint32_t kClearToSend = bit(29), kFailure = bit(30), kSuccess = bit(31), kOpcode = 0xffff;
enum Opcode : std::uint32_t {
  kReset = 0x01,
  kSetMac = 0x02,
  kSetMulticast = 0x03,
  kSetVlan = 0x04,
  kSetFrameSize = 0x05,
  kSetExtraMac = 0x06,
  kNegotiate = 0x08,
  kGetQueues = 0x09,
  kGetReta = 0x0a,
  kGetRssKey = 0x0b,
  kSetCastMode = 0x0c,
  kGetLinkState = 0x10,
  kFeatures = 0x12,
  kPing = 0x0100,
};
// Versions by the value that stands for them in a negotiation; 20 is Solaris's.
constexpr std::array<unsigned, 9> kApis{10, 20, 11, 12, 13, 14, 15, 16, 17};

constexpr std::uint32_t kFeatureEsx = 2;

constexpr unsigned kMostFrame = 9728, kStandardFrame = 1514, kFcs = 4;
constexpr unsigned kFirstExtraRar = 65, kLastRar = 127;
constexpr SimTime kLockRetry = std::chrono::microseconds(500);
constexpr unsigned kLockTries = 2000;

bool valid_unicast(const std::array<std::uint8_t, 6>& m) {
  return !(m[0] & 1) && std::any_of(m.begin(), m.end(), [](std::uint8_t b) { return b != 0; });
}

std::array<std::uint8_t, 6> mac_of(std::uint32_t low, std::uint32_t high) {
  std::array<std::uint8_t, 6> m;
  for (unsigned i = 0; i < 4; ++i) m[i] = static_cast<std::uint8_t>(low >> 8 * i);
  for (unsigned i = 0; i < 2; ++i) m[4 + i] = static_cast<std::uint8_t>(high >> 8 * i);
  return m;
}

}  // namespace

PfPersonality::PfPersonality(Scheduler& scheduler, Nic82599& nic, Options options)
    : scheduler_(scheduler), nic_(nic), options_(options), vfs_(options.vfs), turn_(scheduler, [this] { serve(); }) {
  if (options_.vfs < 1 || options_.vfs > 63)
    throw std::invalid_argument(fmt::format("{} VFs: 1 to 63 are possible", options_.vfs));
  if (options_.queues != 2 && options_.queues != 4)
    throw std::invalid_argument(fmt::format("{} queues a VF: 2 or 4 are possible", options_.queues));
  if (options_.vfs > 31) options_.queues = 2;
  for (unsigned i = kFirstExtraRar; i <= kLastRar; ++i) free_rars_.insert(i);
  for (unsigned i = 0; i < options_.vfs; ++i) {
    vfs_[i].mac = options_.first_vf_mac;
    vfs_[i].mac[5] = static_cast<std::uint8_t>(vfs_[i].mac[5] + i);
    vfs_[i].assigned = options_.assign_macs;
    vfs_[i].trusted = options_.trusted;
    vfs_[i].spoof_check = options_.anti_spoof;
  }
  set_up();
}

void PfPersonality::set_apis(std::set<unsigned> apis, std::uint32_t features) {
  options_.apis = std::move(apis);
  options_.features = features;
}

void PfPersonality::stop() {
  running_ = false;
  waiting_ = 0;
  put(reg::kCtrl, reg::kCtrlReset);
}

void PfPersonality::start() {
  running_ = true;
  ++starts_;
  waiting_ = 0;
  set_up();
}

void PfPersonality::set_up() {
  pcie::ConfigSpace& config = nic_.config(0);
  config.write(pcie::cfg::kCommand, pcie::cfg::kMemoryEnable | pcie::cfg::kBusMaster, 2);
  config.write(pfcfg::kNumVfs, options_.vfs, 2);
  config.write(pfcfg::kSriovControl, pfcfg::kVfEnable | pfcfg::kVfMemoryEnable, 2);
  put(reg::kCtrl, reg::kCtrlReset);
  nic_.write32(0, 4, 12, 0);  // vector 0 of the MSI-X table
  config.write(pfcfg::kMsix + 2, 0x8000, 2);

  const bool four = options_.queues == 4;
  put(reg::kGcrExt, four ? 2 : 3);
  put(reg::kGpie, reg::kGpieMsix | reg::kGpieOcd | (four ? 2U : 3U) << 14);
  put(reg::kMtqc, 2 | (four ? 2U : 1U) << 2);
  put(reg::kMrqc, (four ? 0xaU : 0xbU) | 0x00330000 | (options_.check_local ? reg::kMrqcTxSwitchChecksum : 0));
  put(reg::kRxcsum, reg::kRxcsumPcsd);
  std::mt19937 random(options_.rss_seed);
  for (unsigned i = 0; i < 10; ++i) put(reg::kRssrk + 4 * i, static_cast<std::uint32_t>(random()));
  for (unsigned i = 0; i < 32; ++i) put(reg::kReta + 4 * i, four ? 0x03020100 : 0x01000100);
  put(reg::kVtCtl, reg::kVtEnable | reg::kVtReplicate | options_.vfs << 7);
  put(reg::kDtxgswc, reg::kDtxgswcLoopback);
  put(reg::kFctrl, reg::kFctrlBam);
  put(reg::kMcstctrl, reg::kMcstctrlMfe);
  const std::uint32_t frame = std::max(options_.pf_mtu + kStandardFrame - 1500 + kFcs, 1518U);
  put(reg::kMaxfrs, frame << 16);
  change(reg::kHlreg0, 0, reg::kHlreg0Jumbo);
  write_rar(0, nic_.options().mac, options_.vfs);
  put(reg::kVmolr + 4 * options_.vfs, reg::kVmolrAupe | reg::kVmolrBam | reg::kVmolrRompe);
  change(reg::kVlnctrl, 0, reg::kVlnctrlVfe);
  for (unsigned vf = 0; vf < options_.vfs; ++vf) {
    write_spoof_check(vf);
    write_rate(vf);
    forget(vf);
  }
  enable_pool(reg::kVfre, options_.vfs, true);
  enable_pool(reg::kVfte, options_.vfs, true);
  put(reg::kIvarMisc, 0x8000);
  put(reg::kEims, reg::kCauseMailbox | reg::kCauseLink);
  put(reg::kDmatxctl, reg::kDmatxctlEnable);
  put(reg::kRxctrl, reg::kRxctrlEnable);
  change(reg::kCtrlExt, 0, reg::kCtrlExtPfrstd);
}

// ---- Mailbox ----------------------------------------------------------------------------------------------------

void PfPersonality::serve() {
  if (!running_) return;
  const std::uint32_t causes = get(reg::kEics);
  put(reg::kEicr, causes & 0xffff0000);
  if (causes & reg::kCauseLink)
    for (unsigned vf = 0; vf < options_.vfs; ++vf) ping(vf);
  bool blocked = false;
  for (unsigned vf = 0; vf < options_.vfs; ++vf) {
    const unsigned flre = vf < 32 ? reg::kPfVflre0 : reg::kPfVflre1;
    if (get(flre) >> vf % 32 & 1) {
      put(reg::kPfVflrec + vf / 32 * 4, bit(vf % 32));
      ++counters_.resets;
      forget(vf);
    }
    const unsigned icr = reg::kPfMbIcr + vf / 16 * 4;
    const std::uint32_t signals = get(icr);
    const bool request = signals >> vf % 16 & 1;
    put(icr, (signals & bit(16 + vf % 16)) | (request ? bit(vf % 16) : 0));
    const std::uint64_t this_vf = std::uint64_t{1} << vf;
    if (request) waiting_ |= this_vf;
    if (!(waiting_ & this_vf)) continue;
    if (take_message(vf)) {
      waiting_ &= ~this_vf;
      vfs_[vf].lock_tries = 0;
    } else {
      blocked = true;
      if (++vfs_[vf].lock_tries == kLockTries) {  // a VF that never lets go loses the lock
        spdlog::warn("{}: VF {} holds its mailbox for a second; taken from it", nic_.options().name, vf);
        vfs_[vf].lock_tries = 0;
        put(reg::kPfMailbox + 4 * vf, reg::kMbRvfu);
      }
    }
  }
  if (blocked) {
    ++counters_.lock_waits;
    turn_.ask_at(scheduler_.now() + kLockRetry);
  }
}

bool PfPersonality::lock(unsigned vf) {
  put(reg::kPfMailbox + 4 * vf, reg::kMbPfu);
  return get(reg::kPfMailbox + 4 * vf) & reg::kMbPfu;
}

// False: the VF holds the buffer, and something waits for it.
bool PfPersonality::take_message(unsigned vf) {
  Vf& v = vfs_[vf];
  const bool locked = lock(vf);
  if (!locked && (!v.esx || v.late)) return false;
  if (v.late) {
    reply(vf, *std::exchange(v.late, {}), kWords);
    return true;
  }
  Message m;
  for (unsigned i = 0; i < kWords; ++i) m[i] = get(reg::kPfMbMem + 64 * vf + 4 * i);
  put(reg::kPfMailbox + 4 * vf, reg::kMbAck);  // and unlock
  if (m[0] & (kSuccess | kFailure)) {          // an answer, not a question
    ++counters_.ignored;
    return true;
  }
  ++counters_.messages;
  handle(vf, m);
  return !v.late;
}

void PfPersonality::reply(unsigned vf, const Message& words, unsigned count) {
  if (!lock(vf)) {
    if (vfs_[vf].esx) {
      vfs_[vf].late = words;
      return;
    }
    ++counters_.ignored;
    spdlog::warn("{}: VF {} took the mailbox before its answer", nic_.options().name, vf);
    return;
  }
  for (unsigned i = 0; i < count; ++i) put(reg::kPfMbMem + 64 * vf + 4 * i, words[i]);
  put(reg::kPfMailbox + 4 * vf, reg::kMbSts);
}

void PfPersonality::ping(unsigned vf) {
  Message m{kPing | (vfs_[vf].clear_to_send ? kClearToSend : 0)};
  if (lock(vf)) reply(vf, m, 1);
}

void PfPersonality::handle(unsigned vf, Message& m) {
  Vf& v = vfs_[vf];
  const std::uint32_t opcode = m[0] & kOpcode;
  if (opcode == kReset) {
    return later(reset_delay_, [this, vf, m]() mutable {
      on_reset(vf, m);
      reply(vf, m, 4);
    });
  }
  if (!v.clear_to_send) {
    ++counters_.refused;
    m[0] |= kFailure;
    return reply(vf, m, 1);
  }
  if (opcode == kSetFrameSize && m[1] > kMostFrame) {  // host drivers leave this one without an answer
    ++counters_.refused;
    return;
  }
  if (opcode != kSetMac || address_delay_ == SimTime{0}) return answer(vf, m);
  clear_rar(1 + vf);
  later(address_delay_, [this, vf, m]() mutable { answer(vf, m); });
}

void PfPersonality::later(SimTime delay, std::function<void()> then) {
  if (delay == SimTime{0}) return then();
  scheduler_.after(delay, [this, then = std::move(then), start = starts_] {
    if (running_ && start == starts_) then();
  });
}

void PfPersonality::answer(unsigned vf, Message& m) {
  const bool ok = dispatch(vf, m);
  if (!ok) ++counters_.refused;
  m[0] |= (ok ? kSuccess : kFailure) | kClearToSend;
  reply(vf, m, kWords);
}

bool PfPersonality::dispatch(unsigned vf, Message& m) {
  Vf& v = vfs_[vf];
  const unsigned info = m[0] >> 16 & 0xff;
  switch (m[0] & kOpcode) {
    case kSetMac: return set_mac(vf, m);
    case kSetMulticast: set_multicast(vf, m); return true;
    case kSetVlan: return v.vlan == 0 && v.priority == 0 && set_vlan(vf, info != 0, m[1] & 0xfff);
    case kSetFrameSize: return set_frame_size(vf, m[1]);
    case kSetExtraMac: return set_extra_mac(vf, m);
    case kNegotiate:
      if (m[1] >= kApis.size() || !options_.apis.contains(kApis[m[1]])) return false;
      v.api = kApis[m[1]];
      v.esx = v.api == 15;
      return true;
    case kFeatures:
      if (v.api < 17) return false;
      m[1] &= options_.features;
      v.esx = m[1] & kFeatureEsx;
      return true;
    case kGetQueues:
      if (v.api < 11) return false;
      m[1] = m[2] = options_.queues;
      m[3] = v.vlan != 0 || v.priority != 0 ? 1 : 0;
      m[4] = 0;
      return true;
    case kGetReta:
      if (!options_.query_rss || v.api < 12) return false;
      for (unsigned word = 0; word < 8; ++word) {
        m[1 + word] = 0;
        for (unsigned i = 0; i < 16; ++i) {
          const unsigned entry = word * 16 + i;
          m[1 + word] |= (get(reg::kReta + entry / 4 * 4) >> 8 * (entry % 4) & 3) << 2 * i;
        }
      }
      return true;
    case kGetRssKey:
      if (!options_.query_rss || v.api < 12) return false;
      for (unsigned i = 0; i < 10; ++i) m[1 + i] = get(reg::kRssrk + 4 * i);
      return true;
    case kSetCastMode: return set_cast_mode(vf, m);
    case kGetLinkState:
      if (v.api < 12) return false;
      m[1] = v.link ? 1 : 0;
      return true;
    default: return false;
  }
}

// ---- What messages do -------------------------------------------------------------------------------------------

// A VF starts afresh: nothing of what it had asked for stays.
void PfPersonality::forget(unsigned vf) {
  Vf& v = vfs_[vf];
  const std::set<unsigned> vlans = std::exchange(v.vlans, {});
  for (const unsigned vid : vlans) {
    v.vlans.insert(vid);
    set_vlan(vf, false, vid);
  }
  v.vlans.clear();
  set_vlan(vf, true, v.vlan);
  v.hashes.clear();
  rebuild_multicast();
  for (const unsigned i : v.extra_rars) {
    clear_rar(i);
    free_rars_.insert(i);
  }
  v.extra_rars.clear();
  clear_rar(1 + vf);
  put(reg::kVmolr + 4 * vf, reg::kVmolrBam);
  write_port_vlan(vf);
  v.api = 10;
  v.esx = false;
  v.late.reset();
  v.cast_mode = 0;
  v.clear_to_send = false;
}

void PfPersonality::on_reset(unsigned vf, Message& m) {
  Vf& v = vfs_[vf];
  forget(vf);
  if (valid_unicast(v.mac) && v.assigned) write_rar(1 + vf, v.mac, vf);
  for (unsigned q = vf * options_.queues; q < (vf + 1) * options_.queues; ++q)
    put(reg::kQde, bit(16) | q << 8 | bit(0) | (v.vlan != 0 ? bit(1) : 0));
  write_link(vf);
  enable_pool(reg::kVmecm, vf, true);
  for (unsigned q = vf * options_.queues; q < (vf + 1) * options_.queues; ++q) {
    put(reg::kTxRings + 0x40 * q + reg::kRingWbah, 0);
    put(reg::kTxRings + 0x40 * q + reg::kRingWbal, 0);
  }
  v.clear_to_send = true;
  m = {};
  m[0] = kReset | (v.assigned ? kSuccess : kFailure);
  if (v.assigned) {
    for (unsigned i = 0; i < 4; ++i) m[1] |= static_cast<std::uint32_t>(v.mac[i]) << 8 * i;
    for (unsigned i = 0; i < 2; ++i) m[2] |= static_cast<std::uint32_t>(v.mac[4 + i]) << 8 * i;
  }
  m[3] = get(reg::kMcstctrl) & 3;
}

bool PfPersonality::set_mac(unsigned vf, const Message& m) {
  Vf& v = vfs_[vf];
  const auto mac = mac_of(m[1], m[2]);
  if (!valid_unicast(mac)) return false;
  if (v.assigned && !v.trusted && mac != v.mac) return false;
  v.mac = mac;
  write_rar(1 + vf, mac, vf);
  return true;
}

bool PfPersonality::set_extra_mac(unsigned vf, const Message& m) {
  Vf& v = vfs_[vf];
  const unsigned index = m[0] >> 16 & 0xff;
  if (v.assigned && !v.trusted && index > 0) return false;
  if (index <= 1) {
    for (const unsigned i : v.extra_rars) {
      clear_rar(i);
      free_rars_.insert(i);
    }
    v.extra_rars.clear();
  }
  if (index == 0) return true;
  const auto mac = mac_of(m[1], m[2]);
  if (!valid_unicast(mac) || free_rars_.empty()) return false;
  change(reg::kSpoof + vf / 8 * 4, bit(vf % 8), 0);  // it now sends with several addresses
  const unsigned slot = *free_rars_.begin();
  free_rars_.erase(free_rars_.begin());
  v.extra_rars.push_back(slot);
  write_rar(slot, mac, vf);
  return true;
}

bool PfPersonality::set_vlan(unsigned vf, bool add, unsigned vid) {
  Vf& v = vfs_[vf];
  if (!add && vid == 0 && !v.vlans.count(0)) return true;
  unsigned entry = 64, unused = 64;
  for (unsigned i = 64; i-- > 0;) {
    const std::uint32_t e = get(reg::kVlvf + 4 * i);
    if (!(e >> 31)) unused = i;
    if ((e >> 31) && (e & 0xfff) == vid) entry = i;
  }
  if (entry == 64) {
    if (!add) return true;
    if (unused == 64) return false;
    entry = unused;
    put(reg::kVlvfb + 8 * entry, 0);
    put(reg::kVlvfb + 8 * entry + 4, 0);
    put(reg::kVlvf + 4 * entry, bit(31) | vid);
    change(reg::kVfta + vid / 32 * 4, 0, bit(vid % 32));
  }
  enable_pool(reg::kVlvfb + 8 * entry, vf, add);
  if (add) {
    v.vlans.insert(vid);
    return true;
  }
  v.vlans.erase(vid);
  if (get(reg::kVlvfb + 8 * entry) == 0 && get(reg::kVlvfb + 8 * entry + 4) == 0) {
    put(reg::kVlvf + 4 * entry, 0);
    change(reg::kVfta + vid / 32 * 4, bit(vid % 32), 0);
  }
  return true;
}

void PfPersonality::set_multicast(unsigned vf, const Message& m) {
  Vf& v = vfs_[vf];
  const unsigned count = std::min(m[0] >> 16 & 0xff, 30U);
  v.hashes.clear();
  for (unsigned i = 0; i < count; ++i)
    v.hashes.push_back(static_cast<std::uint16_t>(m[1 + i / 2] >> 16 * (i % 2) & 0xfff));
  rebuild_multicast();
  if (count > 0) change(reg::kVmolr + 4 * vf, 0, reg::kVmolrRompe);
}

void PfPersonality::rebuild_multicast() {
  std::array<std::uint32_t, 128> table{};
  for (const Vf& v : vfs_)
    for (const std::uint16_t hash : v.hashes) table[hash >> 5] |= bit(hash & 31);
  for (unsigned i = 0; i < table.size(); ++i) put(reg::kMta + 4 * i, table[i]);
}

bool PfPersonality::set_frame_size(unsigned vf, std::uint32_t max_frame) {
  const bool jumbo_pf = options_.pf_mtu > 1500;
  const bool knows_jumbo = vfs_[vf].api >= 11;
  const bool refused = !(knows_jumbo && jumbo_pf) && (jumbo_pf || max_frame > kStandardFrame + kFcs);
  enable_pool(reg::kVfre, vf, !refused);
  if (refused) return false;
  if (get(reg::kMaxfrs) >> 16 < max_frame) put(reg::kMaxfrs, max_frame << 16);
  return true;
}

bool PfPersonality::set_cast_mode(unsigned vf, Message& m) {
  Vf& v = vfs_[vf];
  if (v.api < 12) return false;
  unsigned mode = m[1];
  if (mode > 1 && !v.trusted) mode = 1;
  std::uint32_t bits = 0;
  switch (mode) {
    case 0: break;
    case 1: bits = reg::kVmolrBam | reg::kVmolrRompe; break;
    case 2: bits = reg::kVmolrBam | reg::kVmolrRompe | reg::kVmolrMpe; break;
    default: return false;
  }
  change(reg::kVmolr + 4 * vf, reg::kVmolrBam | reg::kVmolrRompe | reg::kVmolrMpe, bits);
  v.cast_mode = m[1] = mode;
  return true;
}

void PfPersonality::write_rar(unsigned index, const std::array<std::uint8_t, 6>& mac, unsigned pool) {
  std::uint32_t low = 0, high = bit(31);
  for (unsigned i = 0; i < 4; ++i) low |= static_cast<std::uint32_t>(mac[i]) << 8 * i;
  for (unsigned i = 0; i < 2; ++i) high |= static_cast<std::uint32_t>(mac[4 + i]) << 8 * i;
  put(reg::kMpsar + 8 * index, pool < 32 ? bit(pool) : 0);
  put(reg::kMpsar + 8 * index + 4, pool >= 32 ? bit(pool - 32) : 0);
  put(reg::kRarHigh + 8 * index, low);
  put(reg::kRarHigh + 8 * index + 4, high);
}

void PfPersonality::clear_rar(unsigned index) {
  put(reg::kRarHigh + 8 * index + 4, 0);
  put(reg::kRarHigh + 8 * index, 0);
  put(reg::kMpsar + 8 * index, 0);
  put(reg::kMpsar + 8 * index + 4, 0);
}

// Sets or clears a pool's bit in a pair of registers.
void PfPersonality::enable_pool(unsigned enable_register, unsigned pool, bool on) {
  change(enable_register + pool / 32 * 4, on ? 0 : bit(pool % 32), on ? bit(pool % 32) : 0);
}

std::string PfPersonality::state() const {
  std::string out =
      fmt::format("PF personality: {} VFs of {} queues; {} messages, {} refused, {} ignored, {} resets\n", options_.vfs,
                  options_.queues, counters_.messages, counters_.refused, counters_.ignored, counters_.resets);
  for (unsigned i = 0; i < vfs_.size(); ++i) {
    const Vf& v = vfs_[i];
    out += fmt::format(
        "  VF {}: {:02x}{}, API {}, {} VLANs, {} multicast hashes, port VLAN {} priority {}, trust {}, spoof check {}, "
        "link {}, rate {}\n",
        i, fmt::join(v.mac, ":"), v.clear_to_send ? ", registered" : "", v.api, v.vlans.size(), v.hashes.size(), v.vlan,
        v.priority, v.trusted ? "on" : "off", v.spoof_check ? "on" : "off", v.link ? "auto" : "off", v.rate);
  }
  return out;
}

}  // namespace vfpool::nic82599
