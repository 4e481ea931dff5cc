// SPDX-License-Identifier: Apache-2.0
// What the bridge's counters must say (docs/registers.md: DROPS, RX, TX). Of some packets it is free which of several
// reasons is counted, so each has a least and a greatest value.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "format.hpp"

namespace vfpool::reference {

class Tally {
 public:
  static constexpr unsigned kReasons = 16, kClasses = 3;

  explicit Tally(unsigned ports) : in_(ports), out_(ports), cut_(ports), strays_(ports) {}

  void in(unsigned port, const pcie::Tlp& t) { ++in_[port][class_of(t)]; }
  void out(unsigned port, const pcie::Tlp& t) { ++out_[port][class_of(t)]; }
  /// So many packets in or out by `port` were lost with its link: each may or may not have been counted.
  void unsure(unsigned port, std::uint32_t packets) { cut_[port] += packets; }
  /// A completion at `port` that nobody waits for, one that is not what was asked for; and: those that came since the
  /// last check need not have been looked at, the latter wherever they came in, as who had asked may be at `port`.
  void stray(unsigned port);
  void mismatch();
  void forget_strays(unsigned port);
  /// The card takes nothing: what the bridge itself asks it may be discarded, and counted when it times out, which may
  /// be after the next check.
  void unheard();
  /// One packet for one of `reasons` (bits); if `possibly`, or for none.
  void drop(std::uint32_t reasons, bool possibly = false);

  struct Counters {
    std::array<std::uint32_t, kReasons> drops{};
    std::vector<std::array<std::uint32_t, kClasses>> in, out;
  };
  /// Compares; empty if all is as it must be. From here on counts from `now`.
  std::string check(const Counters& now);

 private:
  static unsigned class_of(const pcie::Tlp& t) { return static_cast<unsigned>(t.flow_class()); }

  std::array<std::uint32_t, kReasons> least_{}, most_{};
  std::uint32_t least_sum_ = 0, most_sum_ = 0;
  std::vector<std::array<std::uint32_t, kClasses>> in_, out_;
  std::vector<std::uint32_t> cut_, strays_;
  std::uint32_t mismatches_ = 0;
  bool unheard_ = false;
};

}  // namespace vfpool::reference
