// SPDX-License-Identifier: Apache-2.0
// Peers on the other server that send streams: netperf's TCP_STREAM and UDP_STREAM as far as the receiver sees them.
#pragma once

#include <deque>
#include <random>

#include "testbed/events.hpp"
#include "testbed/packet.hpp"
#include "testbed/port.hpp"

namespace vfpool::testbed {

struct TcpSpec {
  std::uint32_t to = 0;
  std::uint32_t payload = 1448;  ///< of a full segment; smaller messages are merged into full ones (RFC 896)
  double window = 45;            ///< segments under way at most
  Time answer = 0;   ///< from the reader to the next segment on the link, on average, each drawn evenly from
                     ///< half to one and a half: ACK, the sender's interrupt and stack
  Time spacing = 0;  ///< what the sender's CPU needs for one segment
};

/// A closed loop: segments go out as the reader's ACKs come back. On loss the congestion window is halved, at most once
/// a window, and grows by a segment a window (RFC 5681); what was lost is sent again. Not modelled: slow start,
/// time-outs.
class TcpStream : public Source, public Actor {
 public:
  TcpStream(Events& events, Port& port, const TcpSpec& spec, std::uint64_t seed)
      : events_(events), port_(port), spec_(spec), random_(seed), open_(spec.window) {}
  void start(Time when) { events_.at(when, *this, kPump); }
  Packet take() override;
  std::size_t pending() const override { return pending_; }
  void ended(const Packet& packet, Fate fate) override;
  void act(std::uint64_t what) override;
  std::uint64_t sent() const { return sent_; }

 private:
  enum What : std::uint64_t { kPump, kAnswer };
  void pump();

  Events& events_;
  Port& port_;
  TcpSpec spec_;
  std::mt19937_64 random_;
  double open_;             // congestion window
  std::uint32_t away_ = 0;  // segments handed to the link and not answered
  std::size_t pending_ = 0;
  Time next_ = 0;    // the sender's CPU is free again
  Time halved_ = 0;  // segments sent before count no second time
  bool pumping_ = false;
  Time read_ = -1;   // packets read in one instant are answered in one,
  Time answer_ = 0;  // this much later
  std::uint64_t sent_ = 0;
};

struct UdpSpec {
  std::uint32_t to = 0;
  std::uint32_t payload = 1472;
  double rate = 0;          ///< packets/s on average
  std::uint32_t burst = 1;  ///< packets that leave at once
  std::uint32_t flows = 1;
};

/// An open loop: sends at its rate, each gap drawn evenly from half to one and a half of the mean. Like a blocking
/// sender it waits while its socket buffer is full.
class UdpStream : public Source, public Actor {
 public:
  UdpStream(Events& events, Port& port, const UdpSpec& spec, std::uint64_t seed);
  void start(Time when) { events_.at(when, *this, generation_); }
  /// From now on; 0: silent.
  void set_rate(double rate);
  Packet take() override;
  std::size_t pending() const override { return pending_; }
  void ended(const Packet&, Fate) override {}
  void act(std::uint64_t what) override;
  std::uint64_t sent() const { return sent_; }

 private:
  static constexpr std::size_t kSendBuffer = 64;

  Events& events_;
  Port& port_;
  UdpSpec spec_;
  std::mt19937_64 random_;
  std::size_t pending_ = 0;
  std::uint64_t sent_ = 0;
  std::uint32_t flow_ = 0;
  std::uint64_t generation_ = 0;  // of the rate; an event of an older one is void
};

}  // namespace vfpool::testbed
