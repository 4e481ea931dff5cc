// SPDX-License-Identifier: Apache-2.0
// The receive side: frames from the wire and from the internal switch into descriptor rings (82599 data sheet 7.1).
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "nic82599/queue.hpp"
#include "wire/wire.hpp"

namespace vfpool::nic82599 {

/// A frame inside the card, shared by all pools that get a copy.
struct RxFrame {
  wire::Frame bytes;
  Parsed parsed;
  bool local = false;  ///< from the internal switch: status bit LB
  std::uint32_t hash = 0;
  std::uint8_t rss_type = 0;
  ChecksumResult sums;
  std::uint16_t packet_type = 0;
  bool stamped = false;                     ///< TimeSync keeps its time of arrival
  std::optional<FlowDirector::Match> flow;  ///< the filter that sends it, if its descriptor shows that
};

class RxEngine {
 public:
  explicit RxEngine(Hardware& hardware);

  /// A frame from the wire. While the MAC loops back, the wire is cut off and the frame is lost.
  void from_wire(wire::Frame frame);
  /// A sent frame that the MAC turns round (HLREG0.LPBK).
  void from_loopback(wire::Frame frame) { take(std::move(frame)); }
  /// A copy of a sent frame for the pools in `pools`.
  void from_switch(wire::Frame frame, const Parsed& parsed, PoolMask pools);
  void set_wire(wire::Wire* wire) { wire_ = wire; }

  // Ring registers: `place` is the offset inside a queue's stride. Empty or false: no register there.
  std::optional<std::uint32_t> read(unsigned queue, unsigned place) const;
  bool write(unsigned queue, unsigned place, std::uint32_t value);
  /// QDE register.
  std::uint32_t read_qde() const { return qde_; }
  void write_qde(std::uint32_t value);
  /// The RSS key has changed.
  void key_changed();

  /// Frames that wait for descriptors or the bus, bytes.
  std::size_t buffered() const { return buffered_; }
  /// Stores what can be stored now, without waiting for the turn.
  void run();
  /// A global condition (RXEN, VFRE, bus congestion) may have changed.
  void resume();
  void reset();
  /// Registers of a pool's queues to defaults; `keep_rings` leaves them as silicon does.
  void reset_pool(unsigned first_queue, unsigned count, bool keep_rings);
  /// The assignment of queues to functions has changed: prefetched descriptors are void.
  void forget_prefetched();

  std::string state() const;

 private:
  static constexpr unsigned kCache = 64, kFetch = 32;
  struct Queue : Ring {
    std::uint32_t srrctl = 0, rsc = 0;
    bool drop_enable = false, hide_vlan = false;  // QDE
    // Prefetched descriptors, a circular buffer; the oldest is the one at `head` of the ring.
    std::array<Descriptor, kCache> cache{};
    unsigned cache_at = 0, cached = 0, fetch_next = 0;
    bool fetching = false, stalled = false;
    unsigned generation = 0, old_fetches = 0;
    std::deque<std::shared_ptr<RxFrame>> fifo;
    unsigned fifo_descriptors = 0;
    std::size_t fifo_bytes = 0;
    WriteBack write_back;
  };

  bool receiving() const { return hw_.registers.test(reg::kRxctrl, reg::kRxctrlEnable); }
  bool hides_vlan(const Queue& q) const { return q.hide_vlan && !hw_.options.hide_vlan_ignored; }
  std::size_t buffer_size(const Queue& q) const;
  unsigned needed(const Queue& q, const RxFrame& f) const;
  std::size_t stored_size(const Queue& q, const RxFrame& f) const;
  void take(wire::Frame frame);
  void ingress();
  void accept(wire::Frame frame);
  void classify(RxFrame& f);
  void to_pools(const std::shared_ptr<RxFrame>& f, PoolMask pools);
  unsigned pick_queue(RxFrame& f, unsigned pool);
  void enqueue(unsigned queue, const std::shared_ptr<RxFrame>& f);
  bool serve(unsigned queue);
  void store(unsigned queue, Queue& q, const RxFrame& f, FunctionId fn);
  void fetch(unsigned queue, Queue& q);
  void retry(unsigned queue);
  void enable(Queue& q);
  void stop(Queue& q);
  void clear_fifo(Queue& q);
  void update_pause();

  Hardware& hw_;
  wire::Wire* wire_ = nullptr;
  std::array<std::unique_ptr<Queue>, kQueues> queues_;
  QueueSet active_;
  unsigned next_ = 0;
  std::uint32_t qde_ = 0;
  Toeplitz toeplitz_;
  bool key_stale_ = true;
  std::deque<wire::Frame> ingress_;
  std::size_t ingress_bytes_ = 0, buffered_ = 0;
  SimTime line_free_{0};
  bool paused_ = false;
  Turn turn_, line_turn_;
  Retries retries_;
  std::vector<std::uint8_t> scratch_;
};

}  // namespace vfpool::nic82599
