// SPDX-License-Identifier: Apache-2.0
// What receive and transmit queues share: ring registers, the function that owns a queue, batched write-back.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "core/scheduler.hpp"
#include "core/turn.hpp"
#include "nic82599/flow_director.hpp"
#include "nic82599/interrupts.hpp"
#include "nic82599/l2_switch.hpp"
#include "nic82599/nic82599.hpp"
#include "nic82599/register_file.hpp"
#include "nic82599/statistics.hpp"
#include "nic82599/time_sync.hpp"

namespace vfpool::nic82599 {

constexpr unsigned kDescriptorSize = 16;
constexpr unsigned kMostWarnings = 20;  ///< of a kind that a hostile driver can cause at will; counters go on
using Descriptor = std::array<std::uint8_t, kDescriptorSize>;

inline std::uint32_t dword(const Descriptor& d, unsigned index) {
  std::uint32_t v;
  std::memcpy(&v, d.data() + 4 * index, 4);
  return v;
}
inline std::uint64_t qword(const Descriptor& d, unsigned index) {
  std::uint64_t v;
  std::memcpy(&v, d.data() + 8 * index, 8);
  return v;
}
inline void set_dword(Descriptor& d, unsigned index, std::uint32_t v) { std::memcpy(d.data() + 4 * index, &v, 4); }

/// The units that the data path works with; all outlive it.
struct Hardware {
  Scheduler& scheduler;
  DmaPort& dma;
  RegisterFile& registers;
  L2Switch& l2;
  Interrupts& interrupts;
  Statistics& statistics;
  Nic82599::Counters& counters;
  const Nic82599::Options& options;
  FlowDirector& flow_director;
  TimeSync& time_sync;
  std::function<unsigned()> vfs_enabled;

  /// The bus takes more work of this class; else whoever asks waits for resume().
  bool room(pcie::FlowClass cls) const { return dma.room(cls); }
  unsigned pool(unsigned queue) const { return queue / l2.queues_per_pool(); }
  /// Whose requester ID a queue's DMA carries.
  FunctionId owner(unsigned queue) const {
    if (l2.queues_per_pool() == kQueues) return 0;
    const unsigned p = pool(queue);
    return p < vfs_enabled() ? 1 + p : 0;
  }
  void raise(unsigned queue, Direction direction) {
    const FunctionId fn = owner(queue);
    if (fn == 0)
      interrupts.raise_pf_queue(queue, direction);
    else
      interrupts.raise_vf_queue(fn - 1, queue % l2.queues_per_pool(), direction);
  }
};

/// Registers of a ring that both directions have, and the checks that keep a wrong one from doing harm.
struct Ring {
  std::uint32_t bal = 0, bah = 0, len = 0, head = 0, tail = 0, dctl = 0, dca = 0;

  std::uint64_t base() const { return static_cast<std::uint64_t>(bah) << 32 | bal; }
  unsigned count() const { return len / kDescriptorSize; }
  bool enabled() const { return (dctl & reg::kDctlEnable) != 0; }
  /// A length and a tail that a fetch can work with.
  bool usable() const { return count() > 0 && tail < count(); }
  unsigned distance(unsigned from, unsigned to) const { return (to + count() - from) % count(); }

  /// The register at `place` of the stride; empty: the direction's own, or none.
  std::optional<std::uint32_t> read(unsigned place) const {
    switch (place) {
      case reg::kRingBal: return bal;
      case reg::kRingBah: return bah;
      case reg::kRingLen: return len;
      case reg::kRingDca: return dca;
      case reg::kRingHead: return head;
      case reg::kRingTail: return tail;
      default: return std::nullopt;
    }
  }
  /// Registers whose writing starts nothing. False: not one of them.
  bool write(unsigned place, std::uint32_t value, std::uint32_t dca_mask) {
    switch (place) {
      case reg::kRingBal: bal = value & reg::kRingBalMask; return true;
      case reg::kRingBah: bah = value; return true;
      case reg::kRingDca: dca = value & dca_mask; return true;
      case reg::kRingHead:
        if (!enabled()) head = value & 0xffff;
        return true;
      default: return false;
    }
  }
};

/// Tries queues again whose descriptors could not be read: after a millisecond, then after a pause that doubles up to a
/// second for as long as it goes on failing. The driver need not do anything, its ring may be full.
class Retries {
 public:
  /// `again` makes a queue active.
  Retries(Scheduler& scheduler, std::function<void(unsigned queue)> again)
      : scheduler_(scheduler), again_(std::move(again)), turn_(scheduler, [this] { run(); }) {}

  void failed(unsigned queue) {
    Wait& w = waits_[queue];
    w.pause = w.pause.count() == 0 ? kFirst : std::min(w.pause * 2, kLongest);
    w.due = scheduler_.now() + w.pause;
    turn_.ask_at(*w.due);
  }
  /// It has read descriptors, or is not what it was.
  void forget(unsigned queue) { waits_[queue] = {}; }

 private:
  static constexpr SimTime kFirst = std::chrono::milliseconds(1), kLongest = std::chrono::seconds(1);
  struct Wait {
    SimTime pause{0};
    std::optional<SimTime> due;
  };
  void run() {
    for (unsigned queue = 0; queue < kQueues; ++queue) {
      Wait& w = waits_[queue];
      if (!w.due) continue;
      if (*w.due > scheduler_.now()) {
        turn_.ask_at(*w.due);
        continue;
      }
      w.due.reset();
      again_(queue);
    }
  }

  Scheduler& scheduler_;
  std::function<void(unsigned)> again_;
  std::array<Wait, kQueues> waits_{};
  Turn turn_;
};

/// Collects write-backs of neighbouring descriptors, so that up to eight (128 bytes, the usual payload limit) travel in
/// one write.
class WriteBack {
 public:
  void add(DmaPort& dma, FunctionId fn, std::uint64_t base, unsigned index, const Descriptor& d) {
    if (count_ > 0 && (index != first_ + count_ || count_ == kMost || fn != fn_ || base != base_)) flush(dma);
    if (count_ == 0) {
      fn_ = fn;
      base_ = base;
      first_ = index;
    }
    std::copy(d.begin(), d.end(), bytes_.begin() + count_ * kDescriptorSize);
    ++count_;
  }
  void flush(DmaPort& dma) {
    if (count_ == 0) return;
    const unsigned n = count_;
    count_ = 0;
    dma.write(fn_, base_ + first_ * kDescriptorSize, std::span(bytes_).first(n * kDescriptorSize));
  }
  void drop() { count_ = 0; }
  unsigned count() const { return count_; }

 private:
  static constexpr unsigned kMost = 8;
  FunctionId fn_ = 0;
  std::uint64_t base_ = 0;
  unsigned first_ = 0, count_ = 0;
  std::array<std::uint8_t, kMost * kDescriptorSize> bytes_{};
};

/// One bit a queue, for finding queues with work without looking at all of them.
class QueueSet {
 public:
  void set(unsigned q) { word_[q / 64] |= std::uint64_t{1} << q % 64; }
  void clear(unsigned q) { word_[q / 64] &= ~(std::uint64_t{1} << q % 64); }
  bool test(unsigned q) const { return word_[q / 64] >> q % 64 & 1; }
  bool any() const { return (word_[0] | word_[1]) != 0; }
  void clear() { word_ = {0, 0}; }
  /// The first member at or after `from`, going round; kQueues if empty.
  unsigned next(unsigned from) const;
  QueueSet without(const QueueSet& other) const {
    QueueSet s;
    for (unsigned i = 0; i < 2; ++i) s.word_[i] = word_[i] & ~other.word_[i];
    return s;
  }

 private:
  std::array<std::uint64_t, 2> word_{};
};

inline unsigned QueueSet::next(unsigned from) const {
  for (unsigned step = 0; step < 3; ++step) {
    const unsigned at = step == 0 ? from % kQueues : (from % kQueues / 64 + step) % 2 * 64;
    const std::uint64_t word = word_[at / 64] >> at % 64;
    if (word != 0) return at + static_cast<unsigned>(std::countr_zero(word));
  }
  return kQueues;
}

}  // namespace vfpool::nic82599
