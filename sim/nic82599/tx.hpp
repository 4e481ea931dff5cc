// SPDX-License-Identifier: Apache-2.0
// The transmit side: descriptor rings to the wire and to the internal switch (82599 data sheet 7.2).
//
// A queue reads descriptors ahead, gathers each frame by reads that are outstanding together, and offers its oldest
// complete frame to the arbiter. The arbiter takes one Ethernet frame at a time, round robin over pools and over the
// queues inside a pool, as the wire and the switch become free. Frames of a queue finish in order.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "nic82599/queue.hpp"
#include "nic82599/rx.hpp"
#include "nic82599/tx_offload.hpp"
#include "wire/wire.hpp"

namespace vfpool::nic82599 {

class TxEngine {
 public:
  TxEngine(Hardware& hardware, RxEngine& rx);

  void set_wire(wire::Wire* wire) { wire_ = wire; }

  // Ring registers by offset inside a queue's stride.
  std::optional<std::uint32_t> read(unsigned queue, unsigned place) const;
  bool write(unsigned queue, unsigned place, std::uint32_t value);
  /// Rate limiter of a queue (RTTBCNRC).
  std::uint32_t read_rate(unsigned queue) const { return queues_[queue]->rate; }
  void write_rate(unsigned queue, std::uint32_t value);

  void resume();
  void reset();
  void reset_pool(unsigned first_queue, unsigned count, bool keep_rings);
  void forget_prefetched();

  std::string state() const;

 private:
  static constexpr unsigned kCache = 64, kFetch = 32;

  /// One packet of the driver, from its first descriptor to EOP; several Ethernet frames if segmented.
  struct Packet {
    std::vector<std::uint8_t> data;
    TxOffload offload;
    unsigned descriptors = 0, reads = 0;
    unsigned end = 0;                    ///< ring index behind its last descriptor
    std::vector<std::uint16_t> report;   ///< descriptors with RS
    bool complete = false, bad = false;  ///< EOP seen; must not be sent
    bool started = false;                ///< offered to the arbiter
    bool to_wire = false;
    bool stamp = false;  ///< the time when it leaves is to be kept (IEEE 1588)
    PoolMask local = 0;
    Parsed parsed;  ///< of the first frame
    unsigned segment = 0, segments = 1;
  };
  struct Queue : Ring {
    std::uint32_t wbal = 0, wbah = 0, rate = 0;
    std::array<Descriptor, kCache> cache{};
    unsigned cache_at = 0, cached = 0, fetch_next = 0, parse_next = 0;
    bool fetching = false, stalled = false;
    unsigned generation = 0, old_reads = 0, reads = 0;
    std::array<TxContext, 2> context{};
    std::deque<std::shared_ptr<Packet>> packets;  ///< the last one may still be growing
    std::size_t held = 0;                         ///< bytes of `packets`
    SimTime free_at{0};                           ///< rate limiter
    WriteBack write_back;
    bool cause = false;  ///< an interrupt is due after the write-back
  };

  bool sending() const {
    return hw_.registers.test(reg::kDmatxctl, reg::kDmatxctlEnable) &&
           !hw_.registers.test(reg::kCtrl, reg::kCtrlGioDisable);
  }
  bool allowed(unsigned queue) const;
  void run();
  bool serve(unsigned queue);
  void fetch(unsigned queue, Queue& q);
  void parse_descriptors(unsigned queue, Queue& q);
  void parse_one(unsigned queue, Queue& q, const Descriptor& d);
  void gather(unsigned queue, Queue& q, const std::shared_ptr<Packet>& p, std::uint64_t address, unsigned size);
  void offer(unsigned queue, Queue& q);
  bool prepare(unsigned queue, Packet& p);
  void transmit();
  unsigned pick(const QueueSet& candidates);
  void emit(unsigned queue, Queue& q);
  void finish(unsigned queue, Queue& q);
  bool may_report_later(const Queue& q) const;
  void flush(unsigned queue, Queue& q);
  void retry(unsigned queue);
  void enable(Queue& q);
  void stop(unsigned queue, Queue& q);

  Hardware& hw_;
  RxEngine& rx_;
  wire::Wire* wire_ = nullptr;
  std::array<std::unique_ptr<Queue>, kQueues> queues_;
  QueueSet active_, ready_, needs_wire_, needs_local_, flush_;
  unsigned next_ = 0, last_pool_ = 0;
  std::array<unsigned, kQueues> last_in_pool_{};
  SimTime wire_free_{0}, local_free_{0};
  Turn turn_, line_turn_;
  Retries retries_;
  std::vector<std::uint8_t> scratch_;
};

}  // namespace vfpool::nic82599
