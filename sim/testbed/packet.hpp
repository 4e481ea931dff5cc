// SPDX-License-Identifier: Apache-2.0
// What moves, and the bounded queues in which it waits: a card's receive ring, a socket's buffer, a listen backlog.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>

#include "testbed/time.hpp"

namespace vfpool::testbed {

class Source;

struct Packet {
  Source* source;         ///< who sent it; learns what became of it
  std::uint32_t to;       ///< number of the VM
  std::uint32_t payload;  ///< bytes that the application gets; 0: the protocol stack's own (an ACK)
  std::uint32_t frame;    ///< bytes of the Ethernet frame without FCS
  std::uint32_t flow;     ///< a hash, equal for all packets of one flow (spreading)
  std::uint32_t work;     ///< cycles that the application spends on it beyond reading it
  Time sent;              ///< when its first bit went on the wire
};

/// Bytes that a frame occupies on the wire beyond itself: FCS, preamble, start, gap (IEEE 802.3).
constexpr std::uint32_t kWireOverhead = 4 + 7 + 1 + 12;

/// First in, first out, with a limit. What does not fit is the caller's to drop; it is counted here.
class PacketQueue {
 public:
  explicit PacketQueue(std::size_t limit) : limit_(limit) {}

  /// False: full, the packet was not taken.
  bool push(const Packet& packet) {
    if (packets_.size() >= limit_) {
      ++refused_;
      return false;
    }
    packets_.push_back(packet);
    ++taken_;
    return true;
  }
  /// The oldest; there must be one.
  Packet pop() {
    const Packet packet = packets_.front();
    packets_.pop_front();
    return packet;
  }
  bool empty() const { return packets_.empty(); }
  std::size_t size() const { return packets_.size(); }
  std::size_t limit() const { return limit_; }
  std::uint64_t taken() const { return taken_; }
  std::uint64_t refused() const { return refused_; }

 private:
  std::size_t limit_;
  std::deque<Packet> packets_;
  std::uint64_t taken_ = 0;
  std::uint64_t refused_ = 0;
};

/// Where packets end. Each has exactly one of these fates, or is still in a queue.
enum class Fate {
  kConsumed,     ///< the application has read it
  kRingFull,     ///< the card found no free descriptor
  kBufferFull,   ///< the socket's buffer or the listen backlog was full
  kWorkerFull,   ///< a worker of the driver was behind
  kForwardFull,  ///< the queue between a driver domain and its guest was full
};

/// A peer on the other server: sends, and is told what became of each packet.
class Source {
 public:
  virtual ~Source() = default;
  /// The next packet for the link; only called while pending() > 0.
  virtual Packet take() = 0;
  /// Packets that wait for the link.
  virtual std::size_t pending() const = 0;
  virtual void ended(const Packet& packet, Fate fate) = 0;
};

}  // namespace vfpool::testbed
