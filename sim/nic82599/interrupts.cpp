// SPDX-License-Identifier: Apache-2.0
#include "nic82599/interrupts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>
#include <utility>

namespace vfpool::nic82599 {
namespace {

constexpr SimTime kEitrUnit{2'048'000};  // 2.048 us
// Each byte of an IVAR names a vector. A VF has three of them.
constexpr std::uint32_t kIvarValid = 0x80, kIvarVector = 0x3f, kIvarFields = 0xbfbfbfbf, kVfIvarFields = 0x83838383;
constexpr std::uint32_t kGpieFields = 0xc000ffff;
constexpr unsigned kMsixControl = 0x70 + 2;  // in configuration space
constexpr std::uint16_t kMsixEnable = 0x8000, kMsixFunctionMask = 0x4000;
constexpr unsigned kMsiCapability = 0x50, kMsiMask = kMsiCapability + 0x10, kMsiPending = kMsiCapability + 0x14;
constexpr std::uint64_t kVfVectorMask = (1U << kVfVectors) - 1;

constexpr std::uint64_t one(unsigned n) { return std::uint64_t{1} << n; }

// Byte `lane` of an IVAR register: the vector it names, or none.
std::optional<unsigned> ivar_vector(std::uint32_t ivar, unsigned lane) {
  const std::uint32_t entry = ivar >> 8 * lane & 0xff;
  if (!(entry & kIvarValid)) return std::nullopt;
  return entry & kIvarVector;
}

// The register of a VF that the PF sees at `offset` (8.2.3.27): one of each for every VF.
struct VfView {
  unsigned vf, offset;
};
std::optional<VfView> vf_view(unsigned offset) {
  constexpr struct {
    unsigned pf, vf;
  } kViews[] = {{reg::kPvteicr, vfreg::kEicr}, {reg::kPvteics, vfreg::kEics},        {reg::kPvteims, vfreg::kEims},
                {reg::kPvteimc, vfreg::kEimc}, {reg::kPvteiac, vfreg::kEiac},        {reg::kPvteiam, vfreg::kEiam},
                {reg::kPvtivar, vfreg::kIvar}, {reg::kPvtivarMisc, vfreg::kIvarMisc}};
  for (const auto& v : kViews)
    if (offset >= v.pf && offset < v.pf + 4 * kMaxVfs) return VfView{(offset - v.pf) / 4, v.vf};
  return std::nullopt;
}

void set_half(std::uint64_t& word, unsigned half, std::uint32_t value) {
  const unsigned shift = 32 * half;
  word = (word & ~(std::uint64_t{0xffffffff} << shift)) | static_cast<std::uint64_t>(value) << shift;
}

}  // namespace

Interrupts::Interrupts(Scheduler& scheduler, DmaPort& dma, std::function<pcie::ConfigSpace&(FunctionId)> config)
    : scheduler_(scheduler), dma_(dma), config_(std::move(config)) {
  blocks_.resize(1 + kMaxVfs);
  for (FunctionId fn = 0; fn < blocks_.size(); ++fn) {
    blocks_[fn] = std::make_unique<Block>();
    blocks_[fn]->fn = fn;
    blocks_[fn]->vectors.resize(fn == 0 ? kPfVectors : kVfVectors);
  }
}

Interrupts::~Interrupts() {
  for (auto& b : blocks_)
    for (Vector& v : b->vectors)
      if (v.timer != 0) scheduler_.cancel(v.timer);
}

Interrupts::Block& Interrupts::block(FunctionId fn) { return *blocks_[fn]; }

// Vectors that have an unmasked cause now (7.3.1).
std::uint64_t Interrupts::active(const Block& b) const {
  std::uint64_t vectors = b.cause & b.mask;
  if (b.other_cause & b.other_mask) vectors |= one(other_vector(b));
  return vectors;
}

unsigned Interrupts::other_vector(const Block& b) const {
  if (!msix_mode()) return 0;
  return ivar_vector(b.ivar_misc, 1).value_or(0);
}

void Interrupts::set_cause(Block& b, std::uint64_t causes) {
  b.cause |= causes;
  for (std::uint64_t left = causes & b.mask; left != 0; left &= left - 1)
    ask(b, static_cast<unsigned>(std::countr_zero(left)));
}

void Interrupts::unmask(Block& b, std::uint64_t vectors) {
  const std::uint64_t opened = vectors & ~b.mask;
  b.mask |= vectors;
  for (std::uint64_t left = opened & b.cause; left != 0; left &= left - 1)
    ask(b, static_cast<unsigned>(std::countr_zero(left)));
}

// Moderation (7.3.2): an event waits while the down counter of its vector runs.
void Interrupts::ask(Block& b, unsigned vector) {
  if (vector >= b.vectors.size()) return;
  Vector& v = b.vectors[vector];
  b.asking |= one(vector);
  if (v.timer != 0) return;
  if (v.free_at <= scheduler_.now()) return send(b, vector);
  v.timer = scheduler_.at(v.free_at, [this, &b, vector] {
    b.vectors[vector].timer = 0;
    if (b.asking & active(b) & one(vector)) return send(b, vector);
    b.asking &= ~one(vector);
  });
}

// A vector fires: causes clear and mask themselves as EIAC and EIAM say (7.3.1), then the message goes.
void Interrupts::send(Block& b, unsigned vector) {
  Vector& v = b.vectors[vector];
  b.asking &= ~one(vector);
  if (!deliverable(b)) return;  // the cause waits for an interrupt mechanism to be switched on
  const std::uint32_t interval = (v.eitr & reg::kEitrInterval) >> 3;
  const SimTime now = scheduler_.now();
  if (interval != 0) v.free_at = now + interval * kEitrUnit;
  if (b.record_gaps) note_gap(v, now);
  if (b.fn != 0) {
    const std::uint64_t this_one = one(vector);
    b.cause &= ~(b.auto_clear & this_one);
    b.mask &= ~(b.auto_mask & this_one);
  } else if (msix_mode()) {
    const std::uint64_t this_one = one(vector) & b.cause & b.mask;
    // Causes 63:16 of the extended set always clear themselves; 15:0 as EIAC says.
    b.cause &= ~(this_one & (b.auto_clear | ~std::uint64_t{0xffff}));
    if (gpie_ & reg::kGpieEiame) b.mask &= ~(this_one & b.auto_mask);
    if (vector == other_vector(b)) {
      const std::uint32_t others = b.other_cause & b.other_mask;
      b.other_cause &= ~(others & b.other_clear);
      if (gpie_ & reg::kGpieEiame) b.other_mask &= ~(others & b.other_auto_mask);
    }
  }
  deliver(b, vector);
}

void Interrupts::note_gap(Vector& v, SimTime now) const {
  if (v.last_sent != SimTime{0}) {
    const SimTime gap = now - v.last_sent;
    if (v.gaps.shortest == SimTime{0} || gap < v.gaps.shortest) v.gaps.shortest = gap;
    const auto steps = static_cast<std::uint64_t>(gap / kEitrUnit);
    ++v.gaps.bins[std::min<std::size_t>(static_cast<std::size_t>(std::bit_width(steps)), Gaps::kBins - 1)];
  }
  v.last_sent = now;
}

std::uint64_t Interrupts::Gaps::count() const { return std::accumulate(bins.begin(), bins.end(), std::uint64_t{0}); }

void Interrupts::record_gaps(FunctionId fn) {
  Block& b = block(fn);
  b.record_gaps = true;
  for (Vector& v : b.vectors) {
    v.gaps = {};
    v.last_sent = SimTime{0};
  }
}

Interrupts::Gaps Interrupts::gaps(FunctionId fn, unsigned vector) const {
  const Block& b = *blocks_.at(fn);
  return vector < b.vectors.size() ? b.vectors[vector].gaps : Gaps{};
}

// The message: MSI-X, of the PF also a single MSI; masked vectors become pending (PCI 3.0, 6.8.2).
void Interrupts::deliver(Block& b, unsigned vector) {
  pcie::ConfigSpace& config = config_(b.fn);
  const std::uint16_t control = config.get16(kMsixControl);
  Vector& v = b.vectors[vector];
  if (control & kMsixEnable) {
    if ((control & kMsixFunctionMask) || (v.entry[3] & 1)) {
      b.pending |= one(vector);
      return;
    }
    ++v.sent;
    ++sent_;
    dma_.message(b.fn, vector, static_cast<std::uint64_t>(v.entry[1]) << 32 | v.entry[0], v.entry[2]);
    return;
  }
  if (b.fn == 0 && config.get16(kMsiCapability + 2) & 1) {  // a single MSI
    if (config.get32(kMsiMask) & 1) {
      config.set32(kMsiPending, 1);
      return;
    }
    ++v.sent;
    ++sent_;
    dma_.message(0, 0,
                 static_cast<std::uint64_t>(config.get32(kMsiCapability + 8)) << 32 | config.get32(kMsiCapability + 4),
                 config.get16(kMsiCapability + 0xc));
  }
}

bool Interrupts::deliverable(const Block& b) const {
  const pcie::ConfigSpace& config = config_(b.fn);
  if (config.get16(kMsixControl) & kMsixEnable) return true;
  return b.fn == 0 && (config.get16(kMsiCapability + 2) & 1);
}

void Interrupts::msi_mask_changed() {
  pcie::ConfigSpace& config = config_(0);
  if (config.get32(kMsiMask) & 1 || config.get32(kMsiPending) == 0) return;
  config.set32(kMsiPending, 0);
  deliver(block(0), 0);
}

void Interrupts::msix_control_changed(FunctionId fn) {
  Block& b = block(fn);
  const std::uint16_t control = config_(fn).get16(kMsixControl);
  const bool was_enabled = std::exchange(b.msix_enabled, (control & kMsixEnable) != 0);
  if (!b.msix_enabled) {
    b.pending = 0;
    return;
  }
  if (!was_enabled)
    for (std::uint64_t left = active(b); left != 0; left &= left - 1)
      ask(b, static_cast<unsigned>(std::countr_zero(left)));
  if (control & kMsixFunctionMask) return;
  const std::uint64_t waiting = b.pending;
  b.pending = 0;
  for (std::uint64_t left = waiting; left != 0; left &= left - 1)
    deliver(b, static_cast<unsigned>(std::countr_zero(left)));
}

// Queue events find their vector through IVAR (7.3.4).
void Interrupts::raise_pf_queue(unsigned queue, Direction direction) {
  Block& b = block(0);
  const auto vector = ivar_vector(b.ivar[queue / 2], 2 * (queue & 1) + static_cast<unsigned>(direction));
  if (vector) set_cause(b, one(*vector));
  if (!msix_mode() && (b.cause & b.mask & 0xffff)) ask(b, 0);
}

void Interrupts::raise_vf_queue(unsigned vf, unsigned queue, Direction direction) {
  Block& b = block(1 + vf);
  const auto vector = ivar_vector(b.ivar[queue / 2], 2 * (queue & 1) + static_cast<unsigned>(direction));
  if (vector) set_cause(b, one(*vector) & kVfVectorMask);
}

void Interrupts::raise_other(std::uint32_t causes) {
  Block& b = block(0);
  b.other_cause |= causes & reg::kCauseOther;
  if (b.other_cause & causes & b.other_mask) ask(b, other_vector(b));
}

void Interrupts::raise_vf_misc(unsigned vf) {
  Block& b = block(1 + vf);
  if (const auto vector = ivar_vector(b.ivar_misc, 0)) set_cause(b, one(*vector) & kVfVectorMask);
}

std::uint32_t Interrupts::read_eitr(const Vector& v) const {
  // Bits 27:21: the seven upper bits of the 9-bit down counter.
  const SimTime left = v.free_at - scheduler_.now();
  const auto count = left.count() <= 0 ? 0 : static_cast<std::uint32_t>(left / kEitrUnit) & 0x1ff;
  return v.eitr | count >> 2 << 21;
}

void Interrupts::write_eitr(Block& b, unsigned vector, std::uint32_t value) {
  Vector& v = b.vectors[vector];
  v.eitr = value & (reg::kEitrInterval | reg::kEitrLli);
  if (value & reg::kEitrKeep) return;
  v.free_at = scheduler_.now() + (value >> 21 & 0x7f) * 4 * kEitrUnit;
  if (v.timer != 0) {  // the running wait was for the old counter
    scheduler_.cancel(v.timer);
    v.timer = 0;
    if (b.asking & active(b) & one(vector)) ask(b, vector);
  }
}

// Registers of the PF (8.2.3.5).
std::optional<std::uint32_t> Interrupts::read_pf(unsigned offset) {
  Block& b = block(0);
  const auto half = [&](std::uint64_t word, unsigned base) {
    return static_cast<std::uint32_t>(word >> 8 * (offset - base));
  };
  switch (offset) {
    case reg::kEicr: {
      const std::uint32_t value = (b.other_cause & reg::kCauseOther) | static_cast<std::uint32_t>(b.cause & 0xffff);
      b.cause &= ~std::uint64_t{0xffff};
      if (!(gpie_ & reg::kGpieOcd)) b.other_cause = 0;
      if (!(gpie_ & reg::kGpieEiame)) {
        b.mask &= ~(b.auto_mask & 0xffff);
        b.other_mask &= ~b.other_auto_mask;
      }
      return value;
    }
    case reg::kEics: return (b.other_cause & reg::kCauseOther) | static_cast<std::uint32_t>(b.cause & 0xffff);
    case reg::kEims:
    case reg::kEimc: return b.other_mask | static_cast<std::uint32_t>(b.mask & 0xffff);
    case reg::kEiac: return b.other_clear | static_cast<std::uint32_t>(b.auto_clear & 0xffff);
    case reg::kEiam: return b.other_auto_mask | static_cast<std::uint32_t>(b.auto_mask & 0xffff);
    case reg::kGpie: return gpie_;
    case reg::kIvarMisc: return b.ivar_misc;
    case reg::kEicsEx:
    case reg::kEicsEx + 4: return half(b.cause, reg::kEicsEx);
    case reg::kEimsEx:
    case reg::kEimsEx + 4: return half(b.mask, reg::kEimsEx);
    case reg::kEimcEx:
    case reg::kEimcEx + 4: return half(b.mask, reg::kEimcEx);
    case reg::kEiamEx:
    case reg::kEiamEx + 4: return half(b.auto_mask, reg::kEiamEx);
    default: break;
  }
  if (offset >= reg::kEitr && offset < reg::kEitr + 4 * 24) return read_eitr(b.vectors[(offset - reg::kEitr) / 4]);
  // Above vector 63 the bank continues for the vectors of VFs, which keep their own storage here.
  if (offset >= reg::kEitrHigh && offset < reg::kEitrHigh + 4 * 105) {
    const unsigned v = 24 + (offset - reg::kEitrHigh) / 4;
    return v < b.vectors.size() ? read_eitr(b.vectors[v]) : 0;
  }
  if (offset >= reg::kIvar && offset < reg::kIvar + 4 * 64) return b.ivar[(offset - reg::kIvar) / 4];
  if (const auto a = vf_view(offset))  // the PF's look at a VF's causes clears none
    return read_vf(a->vf, a->offset == vfreg::kEicr ? vfreg::kEics : a->offset);
  return std::nullopt;
}

bool Interrupts::write_pf(unsigned offset, std::uint32_t value) {
  Block& b = block(0);
  const std::uint32_t others = value & reg::kCauseOther;
  const std::uint64_t low = value & 0xffff;
  const auto extended = [&](unsigned base) { return static_cast<std::uint64_t>(value) << 8 * (offset - base); };
  switch (offset) {
    case reg::kEicr:
      b.cause &= ~low;
      b.other_cause &= ~others;
      return true;
    case reg::kEics:
      set_cause(b, low);
      if (others) raise_other(others);
      return true;
    case reg::kEims: {
      const std::uint32_t opened = others & ~b.other_mask;
      b.other_mask |= others;
      unmask(b, low);
      if (b.other_cause & opened) ask(b, other_vector(b));
      return true;
    }
    case reg::kEimc:
      b.mask &= ~low;
      b.other_mask &= ~others;
      return true;
    case reg::kEiac:
      b.auto_clear = (b.auto_clear & ~std::uint64_t{0xffff}) | low;
      b.other_clear = others;
      return true;
    case reg::kEiam:
      b.auto_mask = (b.auto_mask & ~std::uint64_t{0xffff}) | low;
      b.other_auto_mask = others;
      return true;
    case reg::kGpie: gpie_ = value & kGpieFields; return true;
    case reg::kIvarMisc: b.ivar_misc = value & kIvarFields & 0xffff; return true;
    case reg::kEicsEx:
    case reg::kEicsEx + 4: set_cause(b, extended(reg::kEicsEx)); return true;
    case reg::kEimsEx:
    case reg::kEimsEx + 4: unmask(b, extended(reg::kEimsEx)); return true;
    case reg::kEimcEx:
    case reg::kEimcEx + 4: b.mask &= ~extended(reg::kEimcEx); return true;
    case reg::kEiamEx:
    case reg::kEiamEx + 4: set_half(b.auto_mask, (offset - reg::kEiamEx) / 4, value); return true;
    default: break;
  }
  if (offset >= reg::kEitr && offset < reg::kEitr + 4 * 24)
    return write_eitr(b, (offset - reg::kEitr) / 4, value), true;
  if (offset >= reg::kEitrHigh && offset < reg::kEitrHigh + 4 * 105) {
    const unsigned v = 24 + (offset - reg::kEitrHigh) / 4;
    if (v < b.vectors.size()) write_eitr(b, v, value);
    return true;
  }
  if (offset >= reg::kIvar && offset < reg::kIvar + 4 * 64)
    return b.ivar[(offset - reg::kIvar) / 4] = value & kIvarFields, true;
  if (const auto a = vf_view(offset)) return write_vf(a->vf, a->offset, value);
  return false;
}

// Registers of a VF (8.3.5).
std::optional<std::uint32_t> Interrupts::read_vf(unsigned vf, unsigned offset) {
  Block& b = block(1 + vf);
  switch (offset) {
    case vfreg::kEicr: {
      const auto value = static_cast<std::uint32_t>(b.cause);
      b.cause = 0;
      return value;
    }
    case vfreg::kEics: return static_cast<std::uint32_t>(b.cause);
    case vfreg::kEims:
    case vfreg::kEimc: return static_cast<std::uint32_t>(b.mask);
    case vfreg::kEiac: return static_cast<std::uint32_t>(b.auto_clear);
    case vfreg::kEiam: return static_cast<std::uint32_t>(b.auto_mask);
    case vfreg::kIvarMisc: return b.ivar_misc;
    default: break;
  }
  if (offset >= vfreg::kIvar && offset < vfreg::kIvar + 16) return b.ivar[(offset - vfreg::kIvar) / 4];
  if (offset >= vfreg::kEitr && offset < vfreg::kEitr + 4 * kVfVectors)
    return read_eitr(b.vectors[(offset - vfreg::kEitr) / 4]);
  return std::nullopt;
}

bool Interrupts::write_vf(unsigned vf, unsigned offset, std::uint32_t value) {
  Block& b = block(1 + vf);
  const std::uint64_t bits = value & kVfVectorMask;
  switch (offset) {
    case vfreg::kEicr: b.cause &= ~bits; return true;
    case vfreg::kEics: set_cause(b, bits); return true;
    case vfreg::kEims: unmask(b, bits); return true;
    case vfreg::kEimc: b.mask &= ~bits; return true;
    case vfreg::kEiac: b.auto_clear = bits; return true;
    case vfreg::kEiam: b.auto_mask = bits; return true;
    case vfreg::kIvarMisc: b.ivar_misc = value & kVfIvarFields & 0xff; return true;
    default: break;
  }
  if (offset >= vfreg::kIvar && offset < vfreg::kIvar + 16)
    return b.ivar[(offset - vfreg::kIvar) / 4] = value & kVfIvarFields, true;
  if (offset >= vfreg::kEitr && offset < vfreg::kEitr + 4 * kVfVectors)
    return write_eitr(b, (offset - vfreg::kEitr) / 4, value), true;
  return false;
}

std::optional<std::uint32_t> Interrupts::read_msix(FunctionId fn, unsigned offset) const {
  const Block& b = *blocks_[fn];
  if (offset < 16 * b.vectors.size()) return b.vectors[offset / 16].entry[offset / 4 & 3];
  if (offset >= kMsixPbaOffset && offset < kMsixPbaOffset + 8)
    return static_cast<std::uint32_t>(b.pending >> 8 * (offset - kMsixPbaOffset));
  return std::nullopt;
}

bool Interrupts::write_msix(FunctionId fn, unsigned offset, std::uint32_t value) {
  Block& b = block(fn);
  if (offset >= 16 * b.vectors.size())
    return offset >= kMsixPbaOffset && offset < kMsixPbaOffset + 8;  // PBA: read-only
  const unsigned vector = offset / 16, word = offset / 4 & 3;
  b.vectors[vector].entry[word] = word == 3 ? value & 1 : word == 0 ? value & ~3U : value;
  if (word != 3 || (value & 1) || !(b.pending & one(vector))) return true;
  const std::uint16_t control = config_(fn).get16(kMsixControl);
  if (!(control & kMsixEnable) || (control & kMsixFunctionMask)) return true;
  b.pending &= ~one(vector);
  deliver(b, vector);
  return true;
}

void Interrupts::reset_block(Block& b) {
  for (Vector& v : b.vectors) {
    if (v.timer != 0) scheduler_.cancel(v.timer);
    v.timer = 0;
    v.eitr = 0;
    v.free_at = SimTime{0};
  }
  b.cause = b.mask = b.auto_clear = b.auto_mask = b.asking = b.pending = 0;
  b.other_cause = b.other_mask = b.other_clear = b.other_auto_mask = b.ivar_misc = 0;
  b.ivar.fill(0);
}

void Interrupts::reset_registers() {
  gpie_ = 0;
  for (auto& b : blocks_) reset_block(*b);
}

void Interrupts::reset_vf(unsigned vf, bool with_table) {
  Block& b = block(1 + vf);
  reset_block(b);
  if (!with_table) return;
  b.msix_enabled = false;
  for (Vector& v : b.vectors) v.entry = {0, 0, 0, 1};
}

void Interrupts::reset_pf_table() {
  block(0).msix_enabled = false;
  for (Vector& v : block(0).vectors) v.entry = {0, 0, 0, 1};
}

std::string Interrupts::state(FunctionId fn) const {
  const Block& b = *blocks_[fn];
  std::string out = fmt::format("cause {:x} mask {:x} other cause {:x} mask {:x} pending {:x}; sent", b.cause, b.mask,
                                b.other_cause, b.other_mask, b.pending);
  for (std::size_t i = 0; i < b.vectors.size(); ++i)
    if (b.vectors[i].sent != 0) out += fmt::format(" {}:{}", i, b.vectors[i].sent);
  return out;
}

}  // namespace vfpool::nic82599
