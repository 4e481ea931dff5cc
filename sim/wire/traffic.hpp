// SPDX-License-Identifier: Apache-2.0
// What passed a wire, for state().
#pragma once

#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <string>

namespace vfpool::wire {

struct Traffic {
  std::uint64_t sent_frames = 0;  ///< NIC to the outside
  std::uint64_t sent_bytes = 0;
  std::uint64_t sent_drops = 0;
  std::uint64_t received_frames = 0;  ///< outside to NIC
  std::uint64_t received_bytes = 0;
  std::uint64_t received_drops = 0;

  void sent(std::size_t bytes) {
    ++sent_frames;
    sent_bytes += bytes;
  }
  void received(std::size_t bytes) {
    ++received_frames;
    received_bytes += bytes;
  }
  std::string text() const {
    return fmt::format("sent {} frames {} bytes {} dropped, received {} frames {} bytes {} dropped", sent_frames,
                       sent_bytes, sent_drops, received_frames, received_bytes, received_drops);
  }
};

/// Destination, source, EtherType: nothing shorter is an Ethernet frame.
inline constexpr std::size_t kMinFrame = 14;

}  // namespace vfpool::wire
