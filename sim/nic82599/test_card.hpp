// SPDX-License-Identifier: Apache-2.0
// A card on a bench, for tests: memory behind it, a wire with nothing at the other end, and helpers that program it
// the way a driver does.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <vector>

#include "core/scheduler.hpp"
#include "nic82599/functions.hpp"
#include "nic82599/nic82599.hpp"
#include "nic82599/packet.hpp"
#include "nic82599/registers.hpp"
#include "wire/wire.hpp"

namespace vfpool::nic82599 {

class FakeDma : public DmaPort {
 public:
  struct Message {
    FunctionId fn;
    unsigned vector;
    SimTime at;
  };
  explicit FakeDma(Scheduler& s) : scheduler(s), memory(4 << 20) {}

  void read(FunctionId fn, std::uint64_t address, std::size_t size, ReadDone done) override {
    ++reads;
    last_reader = fn;
    const bool ok = !fail && address + size <= memory.size() && address + size >= address;
    if (latency.count() == 0) return answer(ok, address, size, done);
    scheduler.after(latency, [this, ok, address, size, done = std::move(done)] { answer(ok, address, size, done); });
  }
  void write(FunctionId fn, std::uint64_t address, std::span<const std::uint8_t> data) override {
    last_writer = fn;
    ++writes;
    if (address + data.size() > memory.size() || address + data.size() < address) return;
    std::copy(data.begin(), data.end(), memory.begin() + static_cast<std::ptrdiff_t>(address));
  }
  void message(FunctionId fn, unsigned vector, std::uint64_t, std::uint32_t) override {
    messages.push_back({fn, vector, scheduler.now()});
  }
  bool room(pcie::FlowClass) const override { return !jammed; }
  void unjam() {
    jammed = false;
    room_is_back();
  }

  unsigned count(FunctionId fn, unsigned vector) const {
    unsigned n = 0;
    for (const Message& m : messages) n += m.fn == fn && m.vector == vector;
    return n;
  }

  Scheduler& scheduler;
  std::vector<std::uint8_t> memory;
  std::vector<Message> messages;
  SimTime latency{0};
  bool fail = false, jammed = false;
  unsigned reads = 0, writes = 0;
  FunctionId last_reader = 99, last_writer = 99;

 private:
  void answer(bool ok, std::uint64_t address, std::size_t size, const ReadDone& done) {
    if (!ok) return done(false, {});
    const std::vector<std::uint8_t> copy(memory.begin() + static_cast<std::ptrdiff_t>(address),
                                         memory.begin() + static_cast<std::ptrdiff_t>(address + size));
    done(true, copy);
  }
};

class FakeWire : public wire::Wire {
 public:
  explicit FakeWire(Scheduler& s) : scheduler(s) {}
  void send(std::span<const std::uint8_t> frame) override {
    sent.emplace_back(frame.begin(), frame.end());
    times.push_back(scheduler.now());
  }
  void set_receiver(Receiver r) override { receiver = std::move(r); }
  void set_paused(bool p) override { paused = p; }
  bool link_up() const override { return up; }
  void set_link_handler(std::function<void(bool)> h) override { handler = std::move(h); }
  std::string state() const override { return "fake"; }
  void plug(bool now_up) {
    up = now_up;
    if (handler) handler(now_up);
  }

  Scheduler& scheduler;
  std::vector<wire::Frame> sent;
  std::vector<SimTime> times;
  Receiver receiver;
  std::function<void(bool)> handler;
  bool paused = false, up = true;
};

class Card : public ::testing::Test {
 protected:
  static constexpr unsigned kRingEntries = 32;
  static constexpr std::uint64_t kRxRing = 0x100000, kTxRing = 0x110000, kRxBuffers = 0x200000, kTxBuffers = 0x300000;

  explicit Card(Nic82599::Options o = {}) : dma(scheduler), wire(scheduler), nic(scheduler, dma, std::move(o)) {
    nic.set_wire(wire);
    fill_vectors(0);
    nic.config(0).write(pfcfg::kMsix + 2, 0x8000, 2);
  }
  void fill_vectors(FunctionId fn) {
    for (unsigned v = 0; v < (fn == 0 ? 8u : kVfVectors); ++v) {
      nic.write32(fn, fn == 0 ? 4 : 3, v * 16, 0xfee00000);
      nic.write32(fn, fn == 0 ? 4 : 3, v * 16 + 8, v);
      nic.write32(fn, fn == 0 ? 4 : 3, v * 16 + 12, 0);
    }
  }

  std::uint32_t pf(unsigned r) { return nic.read32(0, 0, r); }
  void pf(unsigned r, std::uint32_t v) { nic.write32(0, 0, r, v); }
  std::uint32_t vf(unsigned n, unsigned r) { return nic.read32(1 + n, 0, r); }
  void vf(unsigned n, unsigned r, std::uint32_t v) { nic.write32(1 + n, 0, r, v); }
  void settle(SimTime limit = std::chrono::milliseconds(20)) {
    scheduler.run_until([] { return false; }, limit);
  }

  static wire::Frame mac_bytes(std::uint64_t m) {
    wire::Frame f;
    for (int i = 5; i >= 0; --i) f.push_back(static_cast<std::uint8_t>(m >> 8 * i));
    return f;
  }
  static wire::Frame frame(std::uint64_t dst, std::uint64_t src, std::size_t size = 60, std::uint16_t type = 0x88b5) {
    wire::Frame f = mac_bytes(dst), s = mac_bytes(src);
    f.insert(f.end(), s.begin(), s.end());
    f.push_back(static_cast<std::uint8_t>(type >> 8));
    f.push_back(static_cast<std::uint8_t>(type));
    while (f.size() < size) f.push_back(static_cast<std::uint8_t>(f.size()));
    return f;
  }
  static constexpr std::uint64_t kPfMac = 0x028259900001, kOther = 0x020000000099;
  static constexpr std::uint64_t vf_mac(unsigned n) { return 0x02aabbcc0000 + n; }

  // The PF without virtualisation, one queue each way.
  void pf_basic() {
    pf(reg::kFctrl, reg::kFctrlBam);
    pf(reg::kRxctrl, 1);
    pf(reg::kDmatxctl, 1);
  }
  void rar(unsigned i, std::uint64_t mac, std::uint64_t pools) {
    const wire::Frame m = mac_bytes(mac);
    pf(reg::kRarHigh + 8 * i,
       static_cast<std::uint32_t>(m[0] | m[1] << 8 | m[2] << 16) | static_cast<std::uint32_t>(m[3]) << 24);
    pf(reg::kRarHigh + 8 * i + 4, static_cast<std::uint32_t>(m[4] | m[5] << 8) | bit(31));
    pf(reg::kMpsar + 8 * i, static_cast<std::uint32_t>(pools));
    pf(reg::kMpsar + 8 * i + 4, static_cast<std::uint32_t>(pools >> 32));
  }
  // `n` VFs in 64-pool mode; the PF is pool n.
  void enable_vfs(unsigned n) {
    pf_basic();
    nic.config(0).write(pfcfg::kNumVfs, n, 2);
    nic.config(0).write(pfcfg::kSriovControl, pfcfg::kVfEnable | pfcfg::kVfMemoryEnable, 2);
    pf(reg::kGcrExt, 3);
    pf(reg::kVtCtl, reg::kVtEnable | reg::kVtReplicate | n << 7);
    pf(reg::kDtxgswc, 1);
    rar(0, kPfMac, std::uint64_t{1} << n);
    for (unsigned i = 0; i < n; ++i) rar(1 + i, vf_mac(i), std::uint64_t{1} << i);
    for (unsigned i = 0; i <= n; ++i) pf(reg::kVmolr + 4 * i, reg::kVmolrAupe | reg::kVmolrBam);
    pf(reg::kVfre, (2U << n) - 1);
    pf(reg::kVfte, (2U << n) - 1);
    for (unsigned i = 0; i < n; ++i) {
      fill_vectors(1 + i);
      nic.config(1 + i).write(pcie::cfg::kCommand, pcie::cfg::kBusMaster, 2);
      nic.config(1 + i).write(pfcfg::kMsix + 2, 0x8000, 2);
    }
    pf(reg::kCtrlExt, reg::kCtrlExtPfrstd);
  }

  // Ring memory of absolute queue `n`.
  static std::uint64_t rx_ring(unsigned n) { return kRxRing + n * 0x200; }
  static std::uint64_t tx_ring(unsigned n) { return kTxRing + n * 0x200; }
  static std::uint64_t rx_buffer(unsigned n, unsigned i) { return kRxBuffers + (n * kRingEntries + i) * 2048; }

  void put64(std::uint64_t at, std::uint64_t v) { std::memcpy(dma.memory.data() + at, &v, 8); }
  std::uint32_t get32(std::uint64_t at) {
    std::uint32_t v;
    std::memcpy(&v, dma.memory.data() + at, 4);
    return v;
  }

  // `fn`'s queue `q` (its own numbering), `n` absolute.
  void rx_start(FunctionId fn, unsigned q, unsigned n, unsigned fill = kRingEntries - 1,
                std::uint32_t srrctl = 0x2000002) {
    const unsigned base = 0x1000 + 0x40 * q;
    for (unsigned i = 0; i < kRingEntries; ++i) {
      put64(rx_ring(n) + 16 * i, rx_buffer(n, i));
      put64(rx_ring(n) + 16 * i + 8, 0);
    }
    nic.write32(fn, 0, base + 0, static_cast<std::uint32_t>(rx_ring(n)));
    nic.write32(fn, 0, base + 4, 0);
    nic.write32(fn, 0, base + 8, kRingEntries * 16);
    nic.write32(fn, 0, base + 0x10, 0);
    nic.write32(fn, 0, base + 0x18, 0);
    nic.write32(fn, 0, base + 0x14, srrctl);
    nic.write32(fn, 0, base + 0x28, reg::kDctlEnable | rx_extra);
    nic.write32(fn, 0, base + 0x18, fill);
  }
  std::uint32_t rx_extra = 0;
  void tx_start(FunctionId fn, unsigned q, unsigned n) {
    const unsigned base = (fn == 0 ? 0x6000 : 0x2000) + 0x40 * q;
    nic.write32(fn, 0, base + 0, static_cast<std::uint32_t>(tx_ring(n)));
    nic.write32(fn, 0, base + 8, kRingEntries * 16);
    nic.write32(fn, 0, base + 0x10, 0);
    nic.write32(fn, 0, base + 0x18, 0);
    nic.write32(fn, 0, base + 0x28, reg::kDctlEnable);
    tx_next[n] = 0;
  }
  // Queues descriptors; the tail moves with tx_kick.
  void tx_raw(unsigned n, std::uint64_t q0, std::uint32_t dw2, std::uint32_t dw3) {
    const std::uint64_t at = tx_ring(n) + 16 * tx_next[n];
    put64(at, q0);
    put64(at + 8, static_cast<std::uint64_t>(dw3) << 32 | dw2);
    tx_next[n] = (tx_next[n] + 1) % kRingEntries;
  }
  void tx_data(unsigned n, const wire::Frame& f, std::uint32_t more_cmd = 0, std::uint32_t olinfo = 0) {
    const std::uint64_t at = kTxBuffers + tx_buffer_next;
    tx_buffer_next = (tx_buffer_next + f.size() + 64) % 0x80000;
    std::copy(f.begin(), f.end(), dma.memory.begin() + static_cast<std::ptrdiff_t>(at));
    tx_raw(n, at, static_cast<std::uint32_t>(f.size()) | 3U << 20 | bit(24) | bit(25) | bit(27) | bit(29) | more_cmd,
           olinfo | static_cast<std::uint32_t>(f.size()) << 14);
  }
  void tx_kick(FunctionId fn, unsigned q, unsigned n) {
    nic.write32(fn, 0, (fn == 0 ? 0x6000 : 0x2000) + 0x40 * q + 0x18, tx_next[n]);
  }
  // Received frame in descriptor i of queue n; empty if not written back.
  wire::Frame received(unsigned n, unsigned i) {
    const std::uint64_t d = rx_ring(n) + 16 * i;
    if (!(get32(d + 8) & 1)) return {};
    const auto at = dma.memory.begin() + static_cast<std::ptrdiff_t>(rx_buffer(n, i));
    return {at, at + (get32(d + 12) & 0xffff)};
  }
  std::uint32_t rx_status(unsigned n, unsigned i) { return get32(rx_ring(n) + 16 * i + 8); }

  Scheduler scheduler{TimeBase::kVirtual};
  FakeDma dma;
  FakeWire wire;
  Nic82599 nic;
  std::map<unsigned, unsigned> tx_next;
  std::size_t tx_buffer_next = 0;
};

}  // namespace vfpool::nic82599
