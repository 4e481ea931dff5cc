// SPDX-License-Identifier: Apache-2.0
#include "nic82599/nic82599.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <map>

#include "nic82599/eeprom.hpp"
#include "nic82599/flow_director.hpp"
#include "nic82599/functions.hpp"
#include "nic82599/interrupts.hpp"
#include "nic82599/l2_switch.hpp"
#include "nic82599/mailbox.hpp"
#include "nic82599/queue.hpp"
#include "nic82599/register_file.hpp"
#include "nic82599/rx.hpp"
#include "nic82599/statistics.hpp"
#include "nic82599/time_sync.hpp"
#include "nic82599/tx.hpp"

namespace vfpool::nic82599 {
namespace {

constexpr SimTime kFrtimerUnit{1'000'000};  // FRTIMER counts microseconds
constexpr std::size_t kMostUnknown = 1024;  // remembered; a hostile driver may touch every address

/// Accesses that found no register.
struct Unknown {
  std::uint64_t reads = 0, writes = 0;
  std::uint32_t first_value = 0;
};

}  // namespace

struct Nic82599::Impl {
  Scheduler& scheduler;
  DmaPort& dma;
  Nic82599& device;
  Options options;
  Counters counters;
  RegisterFile registers;
  Eeprom eeprom;
  Statistics statistics;
  L2Switch l2;
  Interrupts interrupts;
  Mailbox mailbox;
  FlowDirector flow_director;
  TimeSync time_sync;
  Hardware hardware;
  RxEngine rx;
  TxEngine tx;
  wire::Wire* wire = nullptr;
  unsigned vfs = 0;  // NumVFs while enabled
  bool was_up = false;
  std::map<std::pair<FunctionId, unsigned>, Unknown> unknown;  // key: function, BAR << 24 | offset
  std::uint64_t unknown_forgotten = 0;

  Impl(Nic82599& self, Scheduler& s, DmaPort& d, Options o)
      : scheduler(s),
        dma(d),
        device(self),
        options(std::move(o)),
        eeprom(options.mac),
        statistics(registers),
        l2(registers),
        interrupts(s, d, [this](FunctionId fn) -> pcie::ConfigSpace& { return config(fn); }),
        mailbox(interrupts),
        flow_director([this] { interrupts.raise_other(reg::kCauseFlowDirector); }),
        time_sync(s, registers, options.link_mbps),
        hardware{s,
                 d,
                 registers,
                 l2,
                 interrupts,
                 statistics,
                 counters,
                 options,
                 flow_director,
                 time_sync,
                 [this] { return vfs; }},
        rx(hardware),
        tx(hardware, rx) {
    pcie::ConfigSpace& pf = config(0);
    build_pf_config(pf, options.pf_device_id, options.mac);
    pf.on_write(pfcfg::kSriovControl, 2, [this] { sriov_changed(); });
    pf.on_write(pfcfg::kNumVfs, 2, [this] { sriov_changed(); });
    for (unsigned vf = 0; vf < kMaxVfs; ++vf) build_vf_config(config(1 + vf));
    for (FunctionId fn = 0; fn <= kMaxVfs; ++fn) hook_function(fn);
    pf.on_write(pfcfg::kMsi + 0x10, 4, [this] { interrupts.msi_mask_changed(); });
    load_mac();
    dma.on_room([this] { resume(); });
  }

  pcie::ConfigSpace& config(FunctionId fn) { return device.config(fn); }

  void resume() {
    rx.resume();
    tx.resume();
  }

  // ---- Configuration space --------------------------------------------------------------------------------------

  void hook_function(FunctionId fn) {
    pcie::ConfigSpace& c = config(fn);
    c.on_write(pfcfg::kMsix + 2, 2, [this, fn] { interrupts.msix_control_changed(fn); });
    c.on_write(pcie::cfg::kCommand, 2, [this] { resume(); });
  }

  void sriov_changed() {
    pcie::ConfigSpace& pf = config(0);
    update_vf_offset(pf);
    unsigned wanted = pf.get16(pfcfg::kSriovControl) & pfcfg::kVfEnable ? pf.get16(pfcfg::kNumVfs) : 0;
    if (wanted > kMaxVfs) {
      spdlog::warn("{}: {} VFs wanted, {} exist; none enabled", options.name, wanted, kMaxVfs);
      wanted = 0;
    }
    if (wanted == vfs) return;
    // VFs come up, and go, in their reset state.
    const unsigned highest = std::max(wanted, vfs);
    for (unsigned vf = std::min(wanted, vfs); vf < highest; ++vf) {
      config(1 + vf).reset();
      reset_vf(vf, true);
    }
    rx.forget_prefetched();
    tx.forget_prefetched();
    vfs = wanted;
  }

  // ---- Resets ---------------------------------------------------------------------------------------------------

  void load_mac() {
    const auto& m = options.mac;
    registers.set(reg::kRarHigh,
                  static_cast<std::uint32_t>(m[0] | m[1] << 8 | m[2] << 16) | static_cast<std::uint32_t>(m[3]) << 24);
    registers.set(reg::kRarHigh + 4, static_cast<std::uint32_t>(m[4] | m[5] << 8) | bit(31));
    registers.set(reg::kMpsar, 1);
    l2.filters_changed();
  }

  // CTRL.RST, CTRL.LNK_RST (4.2.1.6): everything in the CSR space; configuration spaces and MSI-X tables stay.
  void pf_reset() {
    ++counters.pf_resets;
    registers.reset();
    eeprom.reset();
    statistics.reset();
    interrupts.reset_registers();
    rx.reset();
    tx.reset();
    mailbox.pf_reset();
    flow_director.reset();
    time_sync.reset();
    load_mac();
  }

  void pf_flr() {
    for (FunctionId fn = 0; fn <= kMaxVfs; ++fn) config(fn).reset();
    vfs = 0;
    interrupts.reset_pf_table();
    for (unsigned vf = 0; vf < kMaxVfs; ++vf) interrupts.reset_vf(vf, true);
    pf_reset();
  }

  // What FLR and VFCTRL.RST share (4.2.2). The PF learns of it by PFVFLRE.
  void reset_vf(unsigned vf, bool with_table) {
    ++counters.vf_resets;
    interrupts.reset_vf(vf, with_table);
    const unsigned per_pool = l2.queues_per_pool();
    if (per_pool != kQueues && vf * per_pool < kQueues) {
      rx.reset_pool(vf * per_pool, per_pool, options.strict_vf_reset);
      tx.reset_pool(vf * per_pool, per_pool, options.strict_vf_reset);
    }
    if (!options.strict_vf_reset) registers.set(reg::kPsrtype + 4 * vf, 0);
    for (const unsigned enable : {reg::kVfre, reg::kVfte})
      registers.set(enable + vf / 32 * 4, registers[enable + vf / 32 * 4] & ~bit(vf % 32));
    mailbox.vf_reset(vf);
  }

  void vf_flr(unsigned vf) {
    config(1 + vf).reset();
    reset_vf(vf, true);
  }

  // ---- Link -----------------------------------------------------------------------------------------------------

  bool link_up() const { return wire != nullptr && wire->link_up(); }

  std::uint32_t links() const {
    if (!link_up()) return 0;
    const std::uint32_t speed = options.link_mbps >= 10'000 ? 3 : options.link_mbps >= 1'000 ? 2 : 1;
    return reg::kLinksUp | speed << 28;
  }

  // LSC (8.2.3.5.1).
  void link_changed() {
    if (link_up() == was_up) return;
    was_up = link_up();
    spdlog::info("{}: link {}", options.name, was_up ? "up" : "down");
    interrupts.raise_other(reg::kCauseLink);
  }

  // ---- Registers ------------------------------------------------------------------------------------------------

  void note_unknown(FunctionId fn, unsigned bar, std::uint32_t offset, bool write, std::uint32_t value) {
    const std::pair key(fn, bar << 24 | offset);
    auto it = unknown.find(key);
    if (it == unknown.end()) {
      if (unknown.size() >= kMostUnknown) {
        ++unknown_forgotten;
        return;
      }
      it = unknown.emplace(key, Unknown{0, 0, value}).first;
      spdlog::warn("{}: function {} {} register 0x{:05x} of BAR {}, which the model does not have", options.name, fn,
                   write ? fmt::format("writes 0x{:08x} to", value) : "reads", offset, bar);
    }
    ++(write ? it->second.writes : it->second.reads);
  }

  std::uint32_t status() const {
    return (link_up() ? reg::kStatusLinkUp : 0) | (vfs & 0x7f) << 10 | (vfs != 0 ? reg::kStatusIov : 0) |
           (registers.test(reg::kCtrl, reg::kCtrlGioDisable) ? 0 : reg::kStatusGio);
  }

  std::uint32_t free_running() const { return static_cast<std::uint32_t>(scheduler.now() / kFrtimerUnit); }

  // The ring register at `offset` (8.2.3.8, 8.2.3.9): queue and place inside its stride.
  struct RingPlace {
    bool tx;
    unsigned queue, place;
  };
  static std::optional<RingPlace> pf_ring(unsigned offset) {
    if (offset >= reg::kRxRings && offset < reg::kRxRings + 0x1000)
      return RingPlace{false, (offset - reg::kRxRings) / 0x40, offset & 0x3f};
    if (offset >= reg::kRxRingsHigh && offset < reg::kRxRingsHigh + 0x1000)
      return RingPlace{false, 64 + (offset - reg::kRxRingsHigh) / 0x40, offset & 0x3f};
    if (offset >= reg::kTxRings && offset < reg::kTxRings + 0x2000)
      return RingPlace{true, (offset - reg::kTxRings) / 0x40, offset & 0x3f};
    if (offset >= reg::kSrrctlLow && offset < reg::kSrrctlLow + 64)
      return RingPlace{false, (offset - reg::kSrrctlLow) / 4, reg::kRingSrrctl};
    if (offset >= reg::kDcaRxctrlLow && offset < reg::kDcaRxctrlLow + 64)
      return RingPlace{false, (offset - reg::kDcaRxctrlLow) / 4, reg::kRingDca};
    return std::nullopt;
  }
  // The same from a VF (8.3.4), in its own numbering; empty if the pool does not have this queue.
  std::optional<RingPlace> vf_ring(unsigned vf, unsigned offset) const {
    const bool is_tx = offset >= vfreg::kTxRings;
    const unsigned queue = (offset & 0xfff) / 0x40, per_pool = l2.queues_per_pool();
    if (per_pool == kQueues || queue >= per_pool || (vf + 1) * per_pool > kQueues) return std::nullopt;
    return RingPlace{is_tx, vf * per_pool + queue, offset & 0x3f};
  }
  static bool in_vf_rings(unsigned offset) {
    return (offset >= vfreg::kRxRings && offset < vfreg::kRxRings + 0x200) ||
           (offset >= vfreg::kTxRings && offset < vfreg::kTxRings + 0x200);
  }
  std::optional<std::uint32_t> read_ring(const RingPlace& r) const {
    return r.tx ? tx.read(r.queue, r.place) : rx.read(r.queue, r.place);
  }
  bool write_ring(const RingPlace& r, std::uint32_t value) {
    return r.tx ? tx.write(r.queue, r.place, value) : rx.write(r.queue, r.place, value);
  }

  // Second addresses of registers (8.2.2), to the one that is stored.
  static unsigned canonical(unsigned offset) {
    if (offset >= reg::kRarLow && offset < reg::kRarLow + 0x80) return reg::kRarHigh + offset - reg::kRarLow;
    if (offset >= reg::kPsrtypeLow && offset < reg::kPsrtypeLow + 0x40)
      return reg::kPsrtype + offset - reg::kPsrtypeLow;
    return offset;
  }

  std::optional<std::uint32_t> read_pf(unsigned offset) {
    if (const auto ring = pf_ring(offset))
      if (const auto v = read_ring(*ring)) return v;
    if (const auto v = interrupts.read_pf(offset)) return v;
    if (const auto v = mailbox.read_pf(offset)) return v;
    switch (offset) {
      case reg::kStatus: return status();
      case reg::kLinks: return links();
      case reg::kFrtimer: return free_running();
      case reg::kQde: return rx.read_qde();
      case reg::kRttbcnrc: return tx.read_rate(registers[reg::kRttdqsel] & 0x7f);
      case reg::kRttdqsel: return registers[reg::kRttdqsel];
      case reg::kMsca: return registers[reg::kMsca];
      default: break;
    }
    if (offset >= reg::kPvfCtrl && offset < reg::kPvfCtrl + 4 * kMaxVfs) return 0;
    if (const auto v = eeprom.read(offset)) return v;
    if (const auto v = flow_director.read(offset)) return v;
    if (const auto v = time_sync.read(offset)) return v;
    if (const auto v = statistics.read_pf(offset)) return v;
    return registers.read(canonical(offset));
  }

  bool write_pf(unsigned offset, std::uint32_t value) {
    if (const auto ring = pf_ring(offset))
      if (write_ring(*ring, value)) return true;
    if (interrupts.write_pf(offset, value) || mailbox.write_pf(offset, value) || eeprom.write(offset, value) ||
        flow_director.write(offset, value) || time_sync.write(offset, value))
      return true;
    switch (offset) {
      case reg::kCtrl:
        if (value & (reg::kCtrlReset | reg::kCtrlLinkReset)) {
          pf_reset();
          return true;
        }
        registers.write(offset, value);
        resume();
        return true;
      case reg::kCtrlExt:
        registers.write(offset, value);
        if (value & reg::kCtrlExtPfrstd) mailbox.pf_ready();
        return true;
      case reg::kStatus:
      case reg::kLinks:
      case reg::kFrtimer: return true;  // read-only
      case reg::kQde: rx.write_qde(value); return true;
      case reg::kRttdqsel: registers.set(offset, value & 0x7f); return true;
      case reg::kRttbcnrc: tx.write_rate(registers[reg::kRttdqsel] & 0x7f, value); return true;
      // MDIO: every command ends at once and finds no PHY; MSRWD reads all ones.
      case reg::kMsca: registers.set(offset, value & ~bit(30)); return true;
      default: break;
    }
    if (offset >= reg::kPvfCtrl && offset < reg::kPvfCtrl + 4 * kMaxVfs) {
      if (value & reg::kCtrlReset) reset_vf((offset - reg::kPvfCtrl) / 4, false);
      return true;
    }
    if (statistics.owns_pf(offset)) return true;
    const unsigned stored = canonical(offset);
    const std::uint32_t before = registers[stored];
    if (!registers.write(stored, value)) return false;
    after_write(stored, before);
    return true;
  }

  // What follows from a plain register's new value.
  void after_write(unsigned offset, std::uint32_t before) {
    if ((offset >= reg::kRarHigh && offset < reg::kMpsar + 8 * kReceiveAddresses) ||
        (offset >= reg::kVmolr && offset < reg::kUta))
      l2.filters_changed();
    if (offset >= reg::kRssrk && offset < reg::kRssrk + 40) rx.key_changed();
    switch (offset) {
      case reg::kGcrExt:
        if (((before ^ registers[offset]) & reg::kGcrExtVtMode) == 0) break;
        rx.forget_prefetched();
        tx.forget_prefetched();
        break;
      case reg::kRxctrl:
      case reg::kVfre:
      case reg::kVfre + 4: rx.resume(); break;
      case reg::kDmatxctl:
      case reg::kVfte:
      case reg::kVfte + 4: tx.resume(); break;
      default: break;
    }
  }

  std::optional<std::uint32_t> read_vf(unsigned vf, unsigned offset) {
    if (const auto v = statistics.read_vf(vf, offset)) return v;
    if (in_vf_rings(offset)) {
      const auto ring = vf_ring(vf, offset);
      return ring ? read_ring(*ring) : 0;  // a queue the pool does not own
    }
    if (const auto v = interrupts.read_vf(vf, offset)) return v;
    if (const auto v = mailbox.read_vf(vf, offset)) return v;
    switch (offset) {
      case vfreg::kCtrl: return 0;
      case vfreg::kStatus: return status();
      case vfreg::kLinks: return links();
      case vfreg::kFrtimer: return free_running();
      case vfreg::kPsrtype: return registers[reg::kPsrtype + 4 * vf];
      case vfreg::kRxMemWrap: return 0;
      default: break;
    }
    if (offset >= vfreg::kRscint && offset < vfreg::kRscint + 12) return 0;
    return std::nullopt;
  }

  bool write_vf(unsigned vf, unsigned offset, std::uint32_t value) {
    if (statistics.read_vf(vf, offset)) return true;  // read-only
    if (in_vf_rings(offset)) {
      const auto ring = vf_ring(vf, offset);
      return ring ? write_ring(*ring, value) : true;
    }
    if (interrupts.write_vf(vf, offset, value) || mailbox.write_vf(vf, offset, value)) return true;
    switch (offset) {
      case vfreg::kCtrl:
        if (value & reg::kCtrlReset) reset_vf(vf, false);
        return true;
      case vfreg::kStatus:
      case vfreg::kLinks:
      case vfreg::kFrtimer:
      case vfreg::kRxMemWrap: return true;  // read-only
      case vfreg::kPsrtype: registers.write(reg::kPsrtype + 4 * vf, value); return true;
      default: break;
    }
    return offset >= vfreg::kRscint && offset < vfreg::kRscint + 12;  // RSC interrupts: RSC never happens
  }
};

Nic82599::Nic82599(Scheduler& scheduler, DmaPort& dma, Options options)
    : Device(options.name, 1 + kMaxVfs), impl_(std::make_unique<Impl>(*this, scheduler, dma, std::move(options))) {
  add_resets();
}

Nic82599::~Nic82599() {
  if (impl_->wire != nullptr) {
    impl_->wire->set_receiver({});
    impl_->wire->set_link_handler({});
  }
}

void Nic82599::set_wire(wire::Wire& wire) {
  Impl& i = *impl_;
  if (i.wire != nullptr) {
    i.wire->set_receiver({});
    i.wire->set_link_handler({});
  }
  i.wire = &wire;
  i.rx.set_wire(&wire);
  i.tx.set_wire(&wire);
  wire.set_receiver([&i](wire::Frame frame) { i.rx.from_wire(std::move(frame)); });
  wire.set_link_handler([&i](bool) { i.link_changed(); });
  i.link_changed();
}

std::uint32_t Nic82599::read32(FunctionId fn, unsigned bar, std::uint32_t offset) {
  Impl& i = *impl_;
  std::optional<std::uint32_t> value;
  if (fn <= kMaxVfs && offset % 4 == 0) {
    if (bar == (fn == 0 ? 4U : 3U))
      value = i.interrupts.read_msix(fn, offset);
    else if (bar == 0)
      value = fn == 0 ? i.read_pf(offset) : i.read_vf(fn - 1, offset);
  }
  if (!value) i.note_unknown(fn, bar, offset, false, 0);
  return value.value_or(0);
}

void Nic82599::write32(FunctionId fn, unsigned bar, std::uint32_t offset, std::uint32_t value) {
  Impl& i = *impl_;
  bool known = false;
  if (fn <= kMaxVfs && offset % 4 == 0) {
    if (bar == (fn == 0 ? 4U : 3U))
      known = i.interrupts.write_msix(fn, offset, value);
    else if (bar == 0)
      known = fn == 0 ? i.write_pf(offset, value) : i.write_vf(fn - 1, offset, value);
  }
  if (!known) i.note_unknown(fn, bar, offset, true, value);
}

void Nic82599::reset_function(FunctionId fn) { fn == 0 ? impl_->pf_flr() : impl_->vf_flr(fn - 1); }

void Nic82599::set_vf_counters_near_end(unsigned vf, std::uint32_t packets, std::uint32_t octets) {
  impl_->statistics.vf_near_end(vf, packets, octets);
}

void Nic82599::record_gaps(FunctionId fn) { impl_->interrupts.record_gaps(fn); }

std::string Nic82599::gaps(FunctionId fn, unsigned vector) const {
  const Interrupts::Gaps g = impl_->interrupts.gaps(fn, vector);
  std::string out =
      fmt::format("{} gaps, shortest {} ns, below steps of 2.048 us:", g.count(), g.shortest.count() / 1000);
  for (unsigned i = 0; i < Interrupts::Gaps::kBins; ++i)
    if (g.bins[i] != 0)
      out += i + 1 < Interrupts::Gaps::kBins ? fmt::format(" {}:{}", 1U << i, g.bins[i])
                                             : fmt::format(" more:{}", g.bins[i]);
  return out;
}

const Nic82599::Options& Nic82599::options() const { return impl_->options; }

const Nic82599::Counters& Nic82599::counters() const {
  impl_->counters.interrupts = impl_->interrupts.sent();
  impl_->counters.mailbox_messages = impl_->mailbox.messages();
  return impl_->counters;
}

std::string Nic82599::state() const {
  const Impl& i = *impl_;
  const Counters& c = counters();
  std::string out =
      fmt::format("{}: link {}, {} VFs enabled, {} queues a pool, VT {}\n", i.options.name, i.link_up() ? "up" : "down",
                  i.vfs, i.l2.queues_per_pool(), i.l2.vt_enabled() ? "on" : "off");
  out += fmt::format(
      "  rx {} frames; no descriptor {}, buffer full {}, filtered {}, oversize {}, undersize {}, queue off {}, "
      "unusable buffers {}\n",
      c.rx_frames, c.rx_no_descriptor, c.rx_buffer_full, c.rx_filtered, c.rx_oversize, c.rx_undersize, c.rx_queue_off,
      c.rx_unusable_buffers);
  out +=
      fmt::format("  tx {} to the wire, {} local; spoofed {}, bad descriptors {}; DMA read errors {}, bad rings {}\n",
                  c.tx_frames, c.tx_local, c.tx_spoofed, c.tx_bad_descriptors, c.dma_read_errors, c.bad_ring);
  out += fmt::format("  {} interrupts, {} mailbox messages, {} VF resets, {} PF resets\n", c.interrupts,
                     c.mailbox_messages, c.vf_resets, c.pf_resets);
  out += fmt::format("  PF: {}\n", i.interrupts.state(0));
  for (unsigned vf = 0; vf < i.vfs; ++vf)
    out += fmt::format("  VF {}: {}; {}\n", vf, i.interrupts.state(1 + vf), i.mailbox.state(vf));
  out += i.flow_director.state() + i.rx.state() + i.tx.state();
  if (!i.unknown.empty()) out += "  registers that the model does not have:\n";
  for (const auto& [key, u] : i.unknown)
    out += fmt::format("  function {} BAR {} 0x{:05x}: {} reads, {} writes, first value 0x{:08x}\n", key.first,
                       key.second >> 24, key.second & 0xffffff, u.reads, u.writes, u.first_value);
  if (i.unknown_forgotten != 0) out += fmt::format("  and {} accesses to others\n", i.unknown_forgotten);
  if (const std::string inert = i.registers.inert(); !inert.empty())
    out += "  set, but without effect in the model:\n" + inert;
  return out;
}

}  // namespace vfpool::nic82599
