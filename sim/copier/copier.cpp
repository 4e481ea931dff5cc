// SPDX-License-Identifier: Apache-2.0
#include "copier/copier.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vfpool::copier {

namespace cfg = pcie::cfg;
using pcie::ConfigSpace;
using pcie::FlowClass;
using pcie::FunctionId;

namespace {

constexpr unsigned kSriovCapability = 0x100;
constexpr std::uint32_t kClass = 0x088000;  // system peripheral, other
constexpr std::uint16_t kFirstVfOffset = 1, kVfStride = 1;

void set_half(std::uint64_t& word, bool upper, std::uint32_t value) {
  word = upper ? (word & 0xffffffffULL) | static_cast<std::uint64_t>(value) << 32 : (word & ~0xffffffffULL) | value;
}

}  // namespace

Copier::Copier(pcie::DmaPort& dma, std::string name, const Layout& layout)
    : Device(std::move(name), 1 + kVfs), dma_(dma), layout_(layout) {
  build_config();
  engines_.resize(functions());
  for (FunctionId fn = 0; fn < functions(); ++fn)
    engines_[fn].msix = std::make_unique<pcie::MsixTable>(
        config(fn), [this, fn](unsigned vector, std::uint64_t address, std::uint32_t data) {
          dma_.message(fn, vector, address, data);
        });
  add_resets();
  dma_.on_room([this] {
    for (FunctionId fn = 0; fn < functions(); ++fn)
      if (engines_[fn].waits) begin(fn);
  });
}

void Copier::build_config() {
  ConfigSpace& pf = config(0);
  pf.type0_header(kVendor, kPfDevice, kClass, 1, kVendor, 0, false);
  pf.memory_bar(0, kPfRegisterBar, false, false);
  pf.memory_bar(layout_.msix_bar_index, layout_.msix_bar, true, true);
  pf.add_sriov(kSriovCapability,
               {.total_vfs = kVfs, .first_offset = kFirstVfOffset, .stride = kVfStride, .vf_device = kVfDevice});
  pf.memory_bar_at(kSriovCapability + pcie::sriov::kVfBar0, layout_.vf_register_bar, layout_.wide_vf_registers, false);
  pf.memory_bar_at(kSriovCapability + pcie::sriov::kVfBar0 + 4 * layout_.msix_bar_index, layout_.msix_bar, true, true);
  pf.on_write(kSriovCapability + pcie::sriov::kControl, 2, [this] { sriov_changed(); });
  for (FunctionId fn = 0; fn < functions(); ++fn) {
    ConfigSpace& c = config(fn);
    if (fn != 0) c.vf_header(kClass, 1, kVendor, 0);
    c.add_msix(layout_.msix_capability, layout_.vectors, layout_.msix_bar_index, 0, layout_.msix_bar_index,
               layout_.pending_offset);
    c.add_pcie(layout_.pcie_capability, {.flr = true, .vf = fn != 0});
  }
}

// VFs come up, and go, in their reset state (SR-IOV 1.1, 2.2.3).
void Copier::sriov_changed() {
  const unsigned wanted = vfs_enabled();
  for (FunctionId fn = 1; fn < functions() && wanted != enabled_; ++fn) {
    config(fn).reset();
    reset_engine(fn);
  }
  enabled_ = wanted;
}

std::uint32_t Copier::read32(FunctionId fn, unsigned bar, std::uint32_t offset) {
  const Engine& e = engines_[fn];
  if (bar == layout_.msix_bar_index)
    return offset < layout_.pending_offset ? e.msix->read_table(offset)
                                           : e.msix->read_pending(offset - layout_.pending_offset);
  switch (offset) {
    case reg::kId: return kIdValue;
    case reg::kSource: return static_cast<std::uint32_t>(e.source);
    case reg::kSource + 4: return static_cast<std::uint32_t>(e.source >> 32);
    case reg::kTarget: return static_cast<std::uint32_t>(e.target);
    case reg::kTarget + 4: return static_cast<std::uint32_t>(e.target >> 32);
    case reg::kLength: return e.length;
    case reg::kStatus: return (e.busy ? reg::kBusy : 0) | (e.failed ? reg::kFailed : 0);
    case reg::kCopies: return e.copies;
    default: return 0;
  }
}

void Copier::write32(FunctionId fn, unsigned bar, std::uint32_t offset, std::uint32_t value) {
  Engine& e = engines_[fn];
  if (bar == layout_.msix_bar_index) {
    if (offset < layout_.pending_offset) e.msix->write_table(offset, value);
    return;
  }
  switch (offset) {
    case reg::kSource:
    case reg::kSource + 4: return set_half(e.source, offset != reg::kSource, value);
    case reg::kTarget:
    case reg::kTarget + 4: return set_half(e.target, offset != reg::kTarget, value);
    case reg::kLength: e.length = value; return;
    case reg::kDoorbell: return doorbell(fn);
    default: return;
  }
}

void Copier::doorbell(FunctionId fn) {
  Engine& e = engines_[fn];
  if (e.busy) {
    e.failed = true;
    return;
  }
  e.busy = true;
  e.failed = false;
  if (e.length == 0 || e.length > kMostLength) return end(fn, false);
  begin(fn);
}

// Work begins when there is room for all that it will send; until then it waits in its engine, one copy and no more.
void Copier::begin(FunctionId fn) {
  Engine& e = engines_[fn];
  e.waits = !dma_.room(FlowClass::kPosted) || !dma_.room(FlowClass::kNonPosted);
  if (e.waits) return;
  dma_.read(fn, e.source, e.length,
            [this, fn, target = e.target, resets = e.resets](bool ok, std::span<const std::uint8_t> data) {
              if (engines_[fn].resets != resets) return;
              if (ok) dma_.write(fn, target, data);
              end(fn, ok);
            });
}

void Copier::end(FunctionId fn, bool ok) {
  Engine& e = engines_[fn];
  e.busy = false;
  e.failed = e.failed || !ok;
  if (ok) ++e.copies;
  e.msix->raise(ok ? 0 : 1);  // the link keeps it behind the data
}

void Copier::reset_engine(FunctionId fn) {
  Engine& e = engines_[fn];
  e = Engine{.resets = e.resets + 1, .msix = std::move(e.msix)};
  e.msix->reset();
}

void Copier::reset_function(FunctionId fn) {
  const FunctionId last = fn == 0 ? functions() - 1 : fn;  // the PF takes its VFs with it
  for (; fn <= last; ++fn) {
    config(fn).reset();
    reset_engine(fn);
  }
  enabled_ = vfs_enabled();
}

std::string Copier::state() const {
  std::string out = fmt::format("{}: {} VFs enabled\n", name(), enabled_);
  for (FunctionId fn = 0; fn <= enabled_; ++fn)
    out += fmt::format("  function {}: {} copies{}{}{}\n", fn, engines_[fn].copies, engines_[fn].busy ? ", busy" : "",
                       engines_[fn].waits ? ", waits for room" : "", engines_[fn].failed ? ", failed" : "");
  return out;
}

}  // namespace vfpool::copier
