// SPDX-License-Identifier: Apache-2.0
#include "host/enumerate.hpp"

#include <fmt/format.h>

namespace vfpool::host {
namespace {

using pcie::Bdf;

constexpr std::uint64_t kMiB = 1ULL << 20;
constexpr unsigned kSriov = 0x10, kPcie = 0x10;

std::uint64_t align_up(std::uint64_t v, std::uint64_t a) { return (v + a - 1) & ~(a - 1); }

}  // namespace

unsigned Function::capability(unsigned id) const { return capabilities.at(id); }

Enumerator::Enumerator(Server& server)
    : server_(server),
      next_bus_(server.options().first_bus),
      next32_(server.options().window32),
      next64_(server.options().window64) {}

std::uint64_t Enumerator::take(std::uint64_t& next, std::uint64_t size) {
  next = align_up(next, size);
  const std::uint64_t at = next;
  next += size;
  return at;
}

Task<std::vector<Function>> Enumerator::all() {
  std::vector<Function> found;
  found.push_back(co_await look_at(Server::kRootPort));
  Function root = found.front();
  co_await set_up_bridge(root, found);
  found.front() = root;
  co_return found;
}

Task<Function> Enumerator::look_at(Bdf bdf) {
  Function f;
  f.bdf = bdf;
  const std::uint32_t id = co_await server_.config_read(bdf, 0);
  f.vendor = static_cast<std::uint16_t>(id);
  f.device = static_cast<std::uint16_t>(id >> 16);
  f.class_code = (co_await server_.config_read(bdf, 8)) >> 8;
  f.bridge = (co_await server_.config_read(bdf, 0x0e, 1) & 0x7f) == 1;
  unsigned hops = 0;
  for (unsigned at = co_await server_.config_read(bdf, 0x34, 1); at >= 0x40 && hops < 48; ++hops) {
    const std::uint32_t head = co_await server_.config_read(bdf, at & 0xfc);
    f.capabilities[head & 0xff] = at & 0xfc;
    at = head >> 8 & 0xff;
  }
  for (unsigned at = 0x100; at >= 0x100 && hops < 96; ++hops) {
    const std::uint32_t head = co_await server_.config_read(bdf, at);
    if (head == 0 || head == ~0U) break;
    f.extended_capabilities[head & 0xffff] = at;
    at = head >> 20;
  }
  if (f.bridge && f.capabilities.contains(kPcie)) {
    const unsigned cap = f.capabilities[kPcie];
    const bool slot = co_await server_.config_read(bdf, cap + 2, 2) & 0x100;
    f.hot_plug = slot && (co_await server_.config_read(bdf, cap + 0x14)) & 0x40;
  }
  co_return f;
}

Task<std::uint64_t> Enumerator::size_bar(Bdf bdf, unsigned reg, bool& is64, bool& prefetchable) {
  const std::uint32_t old = co_await server_.config_read(bdf, reg);
  co_await server_.config_write(bdf, reg, ~0U);
  const std::uint32_t low = co_await server_.config_read(bdf, reg);
  co_await server_.config_write(bdf, reg, old);
  is64 = (low & 6) == 4;
  prefetchable = low & 8;
  if ((low & ~0xfU) == 0 && !is64) co_return 0;
  std::uint64_t mask = 0xffffffff00000000ULL | (low & ~0xfU);
  if (is64) {
    const std::uint32_t old_high = co_await server_.config_read(bdf, reg + 4);
    co_await server_.config_write(bdf, reg + 4, ~0U);
    const std::uint32_t high = co_await server_.config_read(bdf, reg + 4);
    co_await server_.config_write(bdf, reg + 4, old_high);
    mask = static_cast<std::uint64_t>(high) << 32 | (low & ~0xfU);
    if (mask == 0) co_return 0;
  }
  co_return ~mask + 1;
}

Task<> Enumerator::place_bars(Function& f) {
  const unsigned count = f.bridge ? 2 : 6;
  for (unsigned b = 0; b < count; ++b) {
    bool is64 = false, prefetchable = false;
    const std::uint64_t size = co_await size_bar(f.bdf, 0x10 + 4 * b, is64, prefetchable);
    if (size != 0) {
      f.bar_size[b] = size;
      f.bar[b] = take(is64 && prefetchable ? next64_ : next32_, size);
      co_await server_.config_write(f.bdf, 0x10 + 4 * b, static_cast<std::uint32_t>(f.bar[b]));
      if (is64) co_await server_.config_write(f.bdf, 0x14 + 4 * b, static_cast<std::uint32_t>(f.bar[b] >> 32));
    }
    if (is64) ++b;
  }
}

// Room for the BARs of all VFs that the device may have (SR-IOV 1.1, 3.3.14).
Task<> Enumerator::place_vf_bars(Function& f) {
  const unsigned cap = f.extended_capabilities[kSriov];
  const std::uint64_t total = co_await server_.config_read(f.bdf, cap + 0x0e, 2);
  for (unsigned b = 0; b < 6; ++b) {
    bool is64 = false, prefetchable = false;
    const unsigned reg = cap + 0x24 + 4 * b;
    const std::uint64_t size = co_await size_bar(f.bdf, reg, is64, prefetchable);
    if (size != 0) {
      f.vf_bar_size[b] = size;
      std::uint64_t& next = is64 && prefetchable ? next64_ : next32_;
      next = align_up(next, size);
      f.vf_bar[b] = next;
      next += size * total;
      co_await server_.config_write(f.bdf, reg, static_cast<std::uint32_t>(f.vf_bar[b]));
      if (is64) co_await server_.config_write(f.bdf, reg + 4, static_cast<std::uint32_t>(f.vf_bar[b] >> 32));
    }
    if (is64) ++b;
  }
}

Task<> Enumerator::scan_bus(unsigned bus, bool link, std::vector<Function>& found) {
  const std::size_t first = found.size();
  for (unsigned dev = 0; dev < (link ? 1U : 32U); ++dev) {
    for (unsigned fn = 0; fn < 8; ++fn) {
      const Bdf bdf(bus, dev, fn);
      if ((co_await server_.config_read(bdf, 0) & 0xffff) == 0xffff) {
        if (fn == 0) break;
        continue;
      }
      found.push_back(co_await look_at(bdf));
      if (fn == 0 && !(co_await server_.config_read(bdf, 0x0e, 1) & 0x80)) break;
    }
  }
  const std::size_t end = found.size();
  for (std::size_t i = first; i < end; ++i) {
    Function f = found[i];
    co_await place_bars(f);
    if (f.extended_capabilities.contains(kSriov)) {
      co_await place_vf_bars(f);
      next_bus_ = std::max(next_bus_, bus + 2);  // VFs may lie on the bus behind
    }
    if (f.bridge) {
      co_await set_up_bridge(f, found);
    } else {
      co_await server_.config_write(f.bdf, 0x04, 0x0006, 2);
    }
    found[i] = f;
  }
}

Task<> Enumerator::set_up_bridge(Function& f, std::vector<Function>& found) {
  f.secondary = next_bus_++;
  co_await server_.config_write(f.bdf, 0x18, f.bdf.bus() | f.secondary << 8 | 0xffU << 16);
  next32_ = align_up(next32_, kMiB);
  next64_ = align_up(next64_, kMiB);
  const std::uint64_t start32 = next32_, start64 = next64_;
  // Below a downstream or root port there is one device; below an upstream port a bus of ports.
  const unsigned type = co_await server_.config_read(f.bdf, f.capability(kPcie) + 2, 2) >> 4 & 0xf;
  co_await server_.config_write(f.bdf, 0x04, 0x0006, 2);
  co_await scan_bus(f.secondary, type != 5, found);
  if (f.hot_plug) {
    slot_room_[f.bdf.raw] = {start32, start64};
    next32_ = std::max(next32_, start32 + 2 * kMiB);
    next64_ = std::max(next64_, start64 + 2 * kMiB);
  }
  f.subordinate = next_bus_ - 1;
  co_await server_.config_write(f.bdf, 0x1a, f.subordinate, 1);
  next32_ = align_up(next32_, kMiB);
  next64_ = align_up(next64_, kMiB);
  const auto window = [](std::uint64_t start, std::uint64_t end) -> std::uint32_t {
    if (end == start) return 0x0000fff0;  // closed
    return static_cast<std::uint32_t>(start >> 16 & 0xfff0) | static_cast<std::uint32_t>((end - 1) >> 16 & 0xfff0)
                                                                  << 16;
  };
  co_await server_.config_write(f.bdf, 0x20, window(start32, next32_));
  co_await server_.config_write(f.bdf, 0x24, window(start64, next64_));
  co_await server_.config_write(f.bdf, 0x28, static_cast<std::uint32_t>(start64 >> 32));
  co_await server_.config_write(f.bdf, 0x2c, static_cast<std::uint32_t>((next64_ - 1) >> 32));
}

// Slot Status (PCIe Base Spec 2.1, 7.8.11).
Task<bool> Enumerator::occupied(Function port) {
  co_return co_await server_.config_read(port.bdf, port.capability(kPcie) + 0x1a, 2) & 0x40;
}

// Slot Control (7.8.10), Data Link Layer Link Active of Link Status (7.8.8).
Task<> Enumerator::switch_slot(Function port, bool on) {
  const unsigned express = port.capability(kPcie);
  co_await server_.config_write(port.bdf, express + 0x18, on ? 0x0100 : 0x0700, 2);
  for (int i = 0; on && i < 2000; ++i) {
    if (co_await server_.config_read(port.bdf, express + 0x12, 2) & 0x2000) break;
    co_await server_.sleep(std::chrono::milliseconds(1));
  }
}

Task<std::vector<Function>> Enumerator::slot(const Function& port) {
  std::vector<Function> found;
  const std::uint64_t keep32 = next32_, keep64 = next64_;
  std::tie(next32_, next64_) = slot_room_.at(port.bdf.raw);
  co_await scan_bus(port.secondary, true, found);
  next32_ = keep32;
  next64_ = keep64;
  co_return found;
}

Task<std::vector<Function>> Enumerator::enable_vfs(const Function& pf, unsigned count) {
  const unsigned cap = pf.extended_capabilities.at(kSriov);
  co_await server_.config_write(pf.bdf, cap + 0x10, count, 2);
  co_await server_.config_write(pf.bdf, cap + 0x08, 0x0009, 2);  // VF Enable, VF MSE
  co_await server_.sleep(std::chrono::milliseconds(100));
  const std::uint32_t place = co_await server_.config_read(pf.bdf, cap + 0x14);
  const std::uint16_t device = static_cast<std::uint16_t>(co_await server_.config_read(pf.bdf, cap + 0x1a, 2));
  std::vector<Function> vfs;
  for (unsigned n = 0; n < count; ++n) {
    Function f;
    f.bdf = Bdf(static_cast<std::uint16_t>(pf.bdf.raw + (place & 0xffff) + n * (place >> 16)));
    f.vendor = pf.vendor;
    f.device = device;
    for (unsigned b = 0; b < 6; ++b) {
      f.bar_size[b] = pf.vf_bar_size[b];
      if (f.bar_size[b] != 0) f.bar[b] = pf.vf_bar[b] + n * f.bar_size[b];
    }
    vfs.push_back(f);
  }
  co_return vfs;
}

std::string describe(const std::vector<Function>& functions) {
  std::string out;
  for (const Function& f : functions) {
    out += fmt::format("{} {:04x}:{:04x}", f.bdf.str(), f.vendor, f.device);
    if (f.bridge) out += fmt::format(" buses {:02x}-{:02x}{}", f.secondary, f.subordinate, f.hot_plug ? " slot" : "");
    for (unsigned b = 0; b < 6; ++b)
      if (f.bar_size[b] != 0) out += fmt::format(" bar{} 0x{:x}+0x{:x}", b, f.bar[b], f.bar_size[b]);
    out += '\n';
  }
  return out;
}

}  // namespace vfpool::host
