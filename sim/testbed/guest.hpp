// SPDX-License-Identifier: Apache-2.0
// A VM with a VF: its vCPUs, the VF's ring and vector, the driver's poll, its workers (MTVD), the socket and the
// application behind it. What a packet goes through, in this order: ring, poll, (worker,) socket, application.
#pragma once

#include <array>
#include <functional>
#include <memory>
#include <vector>

#include "testbed/latency.hpp"
#include "testbed/machine.hpp"
#include "testbed/moderator.hpp"
#include "testbed/packet.hpp"
#include "testbed/vector.hpp"

extern "C" {
#include "spread.h"
}

namespace vfpool::testbed {

/// Cycles.
struct GuestCosts {
  double interrupt_host;    ///< host: the physical interrupt, injection; whoever has the core then pays
  double interrupt_guest;   ///< vCPU: exits for delivery and for the end of interrupt, handler
  double poll;              ///< softirq entry and exit, NAPI completion
  double driver_packet;     ///< taking a packet out of the ring
  double stack_packet;      ///< protocol stack, up to the socket
  double application_wake;  ///< application: woken once it has read everything
  double application_packet;
  double hand_over;  ///< dispatcher and worker of MTVD, per packet: passing it on, and caches that it is not in
  double ipi;        ///< a vCPU wakes another one
};

struct GuestSpec {
  GuestCosts costs;
  Moderation moderation;
  unsigned vcpus = 2;
  std::size_t ring = 512;    ///< receive descriptors
  std::size_t socket = 256;  ///< packets that a socket holds
  unsigned budget = 64;      ///< packets of one poll
  unsigned reader = 16;      ///< packets that the application reads before an interrupt breaks in
  unsigned softirq = 3000;   ///< packets in a row after which the softirq has to share with threads (ksoftirqd)
  unsigned workers = 0;      ///< of MTVD; 0: the driver's poll does all
  airvf_policy policy = AIRVF_RR;
  double tick_rate = 0;   ///< timer interrupts of each vCPU, /s; 0: none while it is idle, which is all that counts
  bool auto_mask = true;  ///< see Vector
  bool injector_thread = false;  ///< interrupts reach the vCPU through a thread of the host, see Machine::choose_anew()
};

struct GuestCounts {
  std::array<std::uint64_t, 5> fate{};  ///< packets by Fate
  std::uint64_t bytes = 0;              ///< payload that the application read
  std::uint64_t interrupts = 0, polls = 0;
  double compute = 0;  ///< cycles of the computing thread
};

class Poller;
class Worker;
class Application;
class Tick;
class Compute;
class Vcpu;

class Guest {
 public:
  /// `number` is also its cache context; its vCPUs start on cores number, number + 1 ... modulo the cores.
  Guest(Machine& machine, unsigned number, const GuestSpec& spec);
  ~Guest();

  /// A frame for this VF.
  void receive(const Packet& packet);
  /// Steps, caches and counters stay; counts begin at 0.
  void restart_counts();
  GuestCounts counts() const;
  Latency latency;
  /// Packets inside: in the ring, on their way, at the socket.
  std::size_t held() const;
  double cycles() const;  ///< of all its vCPUs, since the beginning
  std::uint32_t steps() const { return moderator_.steps(); }
  /// A thread on vCPU 0 that never ends.
  void start_computing();

 private:
  friend class Poller;
  friend class Worker;
  friend class Application;
  friend class Tick;
  friend class Compute;
  friend class Vcpu;

  void interrupt();
  void end(const Packet& packet, Fate fate);
  void to_socket(const Packet& packet, Vcpu& from);
  void wake(Vcpu& vcpu, Vcpu& from);

  Machine& machine_;
  GuestSpec spec_;
  Moderator moderator_;
  PacketQueue ring_, socket_;
  bool dry_ = false;  ///< the ring had no room since the last poll
  Vector vector_;
  GuestCounts counts_, base_;
  std::vector<std::unique_ptr<Vcpu>> vcpus_;
  std::unique_ptr<Poller> poller_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::unique_ptr<Application> application_;
  std::unique_ptr<Compute> compute_;
  std::vector<std::unique_ptr<Tick>> ticks_;
};

}  // namespace vfpool::testbed
