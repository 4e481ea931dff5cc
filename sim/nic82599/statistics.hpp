// SPDX-License-Identifier: Apache-2.0
// Counters that registers show: the PF's, cleared by reading, and the VFs', which run for ever (82599 data sheet
// 8.2.3.23; VF counters 8.3.5.8).
#pragma once

#include <array>
#include <cstdint>
#include <optional>

#include "nic82599/register_file.hpp"

namespace vfpool::nic82599 {

class Statistics {
 public:
  explicit Statistics(const RegisterFile& registers) : registers_(registers) {}

  // `bytes` with FCS.
  void wire_rx(std::size_t bytes, std::uint64_t dst, bool accepted);
  void wire_tx(std::size_t bytes, std::uint64_t dst);
  void queue_rx(unsigned queue, std::size_t bytes);
  void queue_tx(unsigned queue, std::size_t bytes);
  void queue_drop(unsigned queue);
  void vf_rx(unsigned vf, std::size_t bytes, bool multicast);
  void vf_tx(unsigned vf, std::size_t bytes);
  void missed() { ++count_[kMissed]; }  ///< packet buffer full
  void oversize() { ++count_[kOversize]; }
  void undersize() { ++count_[kUndersize]; }
  void pause_seen(bool on) { ++count_[on ? kPauseOn : kPauseOff]; }
  void spoofed() { ++count_[kSpoofed]; }
  void vf_near_end(unsigned vf, std::uint32_t packets, std::uint32_t octets);

  // Empty or false: not a statistics register. All of them are read-only.
  std::optional<std::uint32_t> read_pf(unsigned offset);
  bool owns_pf(unsigned offset);
  std::optional<std::uint32_t> read_vf(unsigned vf, unsigned offset) const;
  /// Device reset: PF counters to zero; VF counters run on.
  void reset();

 private:
  enum Counter {
    kRxSize0,
    kRxSize5 = kRxSize0 + 5,
    kTxSize0,
    kTxSize5 = kTxSize0 + 5,
    kGoodRx,
    kBroadcastRx,
    kMulticastRx,
    kGoodTx,
    kMulticastTx,
    kBroadcastTx,
    kTotalRx,
    kTotalTx,
    kMissed,
    kOversize,
    kUndersize,
    kPauseOn,
    kPauseOff,
    kSpoofed,
    kDmaGoodRx,
    kDmaGoodTx,
    kCounters,
  };
  struct Vf {
    std::uint32_t rx = 0, tx = 0, multicast = 0;
    std::uint64_t rx_bytes = 0, tx_bytes = 0;  ///< 36 bits count
  };
  /// 36 bits in two registers: reading the lower one clears the counter and keeps the rest for the upper one.
  struct Octets {
    std::uint64_t running = 0;
    std::uint32_t latched_high = 0;
    std::uint32_t take_low();
    std::uint32_t take_high();
  };
  struct Queue {
    std::uint32_t rx = 0, tx = 0, dropped = 0;
    Octets rx_bytes, tx_bytes;
  };
  /// A register of an array: what it counts and for whom.
  enum What {
    kRx,
    kDropped,
    kRxLow,
    kRxHigh,
    kTx,
    kTxLow,
    kTxHigh,
    kVfRx,
    kVfRxLow,
    kVfRxHigh,
    kVfMulticast,
    kVfTx,
    kVfTxLow,
    kVfTxHigh
  };
  struct Place {
    What what;
    unsigned index;
  };
  static constexpr unsigned kSets = 16;  ///< of queue counters; RQSMR and TQSM map queues to them

  std::optional<unsigned> simple(unsigned offset) const;
  Octets* octets(unsigned low);
  static std::optional<Place> in_array(unsigned offset);
  std::uint32_t take(const Place& place);
  unsigned mapped(unsigned base, unsigned queue) const;

  const RegisterFile& registers_;
  std::array<std::uint32_t, kCounters> count_{};
  Octets good_rx_{}, good_tx_{}, total_rx_{}, dma_rx_{}, dma_tx_{};
  std::array<Queue, kSets> queues_{};
  std::array<Vf, kMaxVfs> vfs_{};
};

}  // namespace vfpool::nic82599
