// SPDX-License-Identifier: Apache-2.0
// Dynamic interrupt moderation, the rival: hill climbing along a table of intervals, as Linux's net DIM is described in
// its documentation (Documentation/networking/net_dim.rst). Written from that description.
#pragma once

#include <array>
#include <cstdint>
#include <optional>

namespace vfpool::testbed {

class Dim {
 public:
  /// Intervals in microseconds that the driver gives DIM to walk along (drivers/airvf/mode_dim.c).
  static constexpr std::array<std::uint32_t, 5> kIntervals{10, 16, 32, 96, 128};
  /// Interrupts that one measurement covers.
  static constexpr std::uint64_t kEvents = 64;

  /// End of a poll; all three are totals. A new interval in microseconds, if one is chosen.
  std::optional<std::uint32_t> sample(std::uint64_t ns, std::uint64_t packets, std::uint64_t bytes);
  std::uint32_t interval() const { return kIntervals[profile_]; }

 private:
  enum class Walk { kLeft, kRight, kOnTop, kTired };
  enum class Step { kDone, kEdge, kTooTired };
  enum class Verdict { kWorse, kSame, kBetter };
  struct Rates {  // per second
    double bytes = 0, packets = 0, events = 0;
  };

  bool decide(const Rates& now);
  Verdict compare(const Rates& now) const;
  void walk(Verdict verdict);
  Step step();
  void turn();
  bool on_top() const;
  void leave_park();
  void park(Walk where);

  std::size_t profile_ = 1;
  Walk walk_ = Walk::kOnTop;
  unsigned left_ = 0, right_ = 0, tired_ = 0;
  Rates before_{};
  bool measuring_ = false;
  std::uint64_t events_ = 0, start_events_ = 0, start_ns_ = 0, start_packets_ = 0, start_bytes_ = 0;
};

}  // namespace vfpool::testbed
