// SPDX-License-Identifier: Apache-2.0
// How fast: rates as people write them, their course over time, and how many frames are due by now.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace vfpool::trafgen {

using Nanoseconds = std::chrono::nanoseconds;
inline double in_seconds(Nanoseconds t) { return static_cast<double>(t.count()) / 1e9; }

/// What a frame occupies on the wire beside itself: preamble and start delimiter (8 bytes) and gap (12), IEEE 802.3
/// clauses 3.2 and 4.4.2.
inline constexpr unsigned kWireOverhead = 20;

struct Rate {
  enum class Unit {
    kMax,     ///< as fast as the port takes them
    kFrames,  ///< a second
    kBits,    ///< a second, of frames with their FCS (layer 2)
    kShare,   ///< of the link, 0 to 1, counting kWireOverhead as well (layer 1)
  } unit = Unit::kMax;
  double value = 0;
};

/// "max", "250 kpps", "14.88 Mpps", "2.5 Gbit/s", "40 %". Throws std::invalid_argument that says what is wrong.
Rate parse_rate(const std::string& text);

/// "10 Gbit/s" as bits a second. Throws std::invalid_argument.
double parse_link(const std::string& text);

/// The most frames a second of `bytes` (with FCS) on such a link.
double line_rate(double link_bits, double bytes);

/// Frames a second for frames of this mean size; of kMax, what the link carries.
double frames_per_second(const Rate& rate, double mean_bytes, double link_bits);

/// The share of the rate that is offered over the time of a run.
struct Course {
  enum class Kind {
    kConstant,
    kRamp,  ///< straight from the first share to the last
    kStep,  ///< each share for an equal part of the time
  } kind = Kind::kConstant;
  std::vector<double> shares = {1};
  Nanoseconds length = std::chrono::seconds(1);

  double at(Nanoseconds since_start) const;
};

/// Says how many frames are due. A sender that was away for more than a millisecond does not make up for it: the frames
/// are counted as missed, so that a burst that nobody asked for does not show as the receiver's loss.
class Pacer {
 public:
  /// `burst`: frames that leave together; the rate holds over many bursts.
  Pacer(double frames_per_second, unsigned burst, Nanoseconds now)
      : per_ns_(frames_per_second / 1e9), burst_(burst), last_(now) {}

  std::uint64_t due(Nanoseconds now, double share);
  void sent(std::uint64_t frames) { credit_ -= static_cast<double>(frames); }
  /// Frames that the rate asked for so far.
  double wanted() const { return wanted_; }
  std::uint64_t missed() const { return static_cast<std::uint64_t>(missed_); }

 private:
  double per_ns_;
  unsigned burst_;
  Nanoseconds last_;
  double credit_ = 0, wanted_ = 0, missed_ = 0;
};

}  // namespace vfpool::trafgen
