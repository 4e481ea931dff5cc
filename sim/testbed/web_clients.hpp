// SPDX-License-Identifier: Apache-2.0
// Clients of a web server in a VM: each sends a request, waits for the answer, sends the next (WebBench, Apache bench).
#pragma once

#include <deque>
#include <random>
#include <vector>

#include "testbed/events.hpp"
#include "testbed/packet.hpp"
#include "testbed/port.hpp"

namespace vfpool::testbed {

struct WebSpec {
  std::uint32_t to = 0;
  unsigned clients = 100;
  std::uint32_t work = 0;  ///< cycles of the server for one request
  unsigned acks = 0;       ///< packets of the stack's own that follow a request's answer
  Time pause = 0;          ///< from answer to next request: the network and the peer
  Time retry = 0;          ///< after a refused request; doubles with each refusal
  unsigned tries = 3;      ///< a request that was refused so often has failed
  unsigned requests = 0;   ///< in all; 0: without end
};

class WebClients : public Source, public Actor {
 public:
  WebClients(Events& events, Port& port, const WebSpec& spec, std::uint64_t seed);
  void start(Time when);
  Packet take() override;
  std::size_t pending() const override { return queue_.size(); }
  void ended(const Packet& packet, Fate fate) override;
  void act(std::uint64_t client) override;

  void restart_counts() { answered_ = failed_ = 0; }
  std::uint64_t answered() const { return answered_; }
  std::uint64_t failed() const { return failed_; }
  std::uint64_t sent() const { return sent_; }
  /// When the last of spec.requests was answered; 0: not yet.
  Time done() const { return done_; }

 private:
  struct Client {
    Time asked = 0;  // when the request under way was sent first
    unsigned refusals = 0;
  };
  void send_acks();

  Events& events_;
  Port& port_;
  WebSpec spec_;
  std::mt19937_64 random_;
  std::vector<Client> clients_;
  std::deque<std::uint32_t> queue_;  // clients whose request waits for the link; kAck: an ACK
  std::uint64_t answered_ = 0, failed_ = 0, sent_ = 0, all_answered_ = 0, asked_ = 0;
  Time done_ = 0;
};

}  // namespace vfpool::testbed
