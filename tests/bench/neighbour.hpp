// SPDX-License-Identifier: Apache-2.0
// Another user's traffic while something goes on in the pool: its VF writes into its memory at a steady pace, and each
// packet is followed through the bridge. All in simulated time, so the same on every machine.
#pragma once

#include <algorithm>
#include <chrono>
#include <deque>
#include <stdexcept>

#include "bridge/bridge.hpp"
#include "core/scheduler.hpp"
#include "pcie/tlp.hpp"

namespace vfpool::bench {

class Neighbour {
 public:
  static constexpr std::chrono::microseconds kPace{10};
  static constexpr std::size_t kPayload = 128;

  /// `vf` writes to `address` of the server at `port`, which nobody else writes kPayload bytes to. Both outlive this
  /// object, which must not go while the bridge works.
  Neighbour(Scheduler& scheduler, bridge::Bridge& bridge, unsigned port, pcie::Bdf vf, std::uint64_t address)
      : scheduler_(scheduler), bridge_(bridge), vf_(vf), address_(address) {
    bridge_.add_tap([this, port](unsigned at, bool toward, const pcie::Tlp& tlp) {
      if (tlp.kind() != pcie::TlpKind::kMemWrite || tlp.data.size() != kPayload) return;
      if (toward && at == kDevice) entered_.push_back(scheduler_.cycles());
      if (!toward && at == port) arrived();
    });
  }

  void start() {
    entered_.clear();
    last_ = SimTime{};
    longest_gap_ = {};
    longest_way_ = packets_ = 0;
    runs_ = true;
    send();
  }
  /// The last packets may still be on their way.
  void stop() { runs_ = false; }

  std::uint64_t packets() const { return packets_; }
  /// Longest time between two packets at the server.
  double longest_gap_us() const { return std::chrono::duration<double, std::micro>(longest_gap_).count(); }
  /// Longest way through the bridge: cycles from the first beat in to the last beat out.
  double longest_way() const { return static_cast<double>(longest_way_); }

 private:
  void send() {
    if (!runs_) return;
    bridge_.input(kDevice).deliver(pcie::mem_write(vf_, address_, std::vector<std::uint8_t>(kPayload, 0xa5)));
    scheduler_.after(kPace, [this] { send(); });
  }
  void arrived() {
    if (entered_.empty()) throw std::runtime_error("a packet arrives that nobody has sent");
    longest_way_ = std::max(longest_way_, scheduler_.cycles() - entered_.front());
    entered_.pop_front();
    if (packets_++ != 0) longest_gap_ = std::max(longest_gap_, scheduler_.now() - last_);
    last_ = scheduler_.now();
  }

  static inline const unsigned kDevice = bridge::Bridge::device_port(0);
  Scheduler& scheduler_;
  bridge::Bridge& bridge_;
  pcie::Bdf vf_;
  std::uint64_t address_;
  bool runs_ = false;
  std::deque<std::uint64_t> entered_;  // cycles
  SimTime last_{}, longest_gap_{};
  std::uint64_t longest_way_ = 0, packets_ = 0;
};

}  // namespace vfpool::bench
