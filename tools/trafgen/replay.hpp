// SPDX-License-Identifier: Apache-2.0
// Sends the frames of a capture as they are. They carry no stamps, so only their number is compared.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <vector>

#include "port.hpp"
#include "rate.hpp"
#include "run.hpp"

namespace vfpool::trafgen {

struct Capture {
  struct Frame {
    Nanoseconds due;  ///< since the first
    std::vector<std::uint8_t> bytes;
  };
  std::vector<Frame> frames;
  std::uint64_t skipped = 0;  ///< cut short by the capture, or no Ethernet frame
  unsigned largest = 0;       ///< bytes without FCS
};

/// pcap or pcapng. A silence in it of more than an hour, as after a clock was set, counts as an hour. Throws
/// std::runtime_error for a file that is no capture of Ethernet, holds nothing to send, or more than a gigabyte.
Capture read_capture(const std::filesystem::path& file);

struct ReplayPlan {
  unsigned repeat = 1;
  double pps = 0;  ///< 0: at the distances of the capture
  Nanoseconds drain = std::chrono::milliseconds(200);
  Nanoseconds stall = std::chrono::seconds(10);  ///< a port that takes nothing for so long is an error
};

struct ReplayResult {
  double seconds = 0;
  std::uint64_t sent = 0, received = 0;
  bool interrupted = false;
};

/// `in` may be null. Calls `progress` every second. Ends after `drain` of silence, and beside a peer that never falls
/// silent when it has waited as long as it sent and ten times `drain`. Throws std::runtime_error when the port stalls.
ReplayResult replay(const Capture& capture, const ReplayPlan& plan, Port& out, Port* in,
                    const std::function<Nanoseconds()>& clock, const std::function<void(const ReplayResult&)>& progress,
                    const Stops& stop);

}  // namespace vfpool::trafgen
