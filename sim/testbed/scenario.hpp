// SPDX-License-Identifier: Apache-2.0
// One run: a server with VMs, the link, the peers; and what was seen of it.
#pragma once

#include <vector>

#include "testbed/guest.hpp"
#include "testbed/last_level_cache.hpp"
#include "testbed/machine.hpp"

namespace vfpool::testbed {

/// The server at the other end of the link.
struct Peer {
  double hz;           ///< cycles of one of its cores in a second
  int cores;           ///< shared evenly by the streams; a stream has one at most
  double tcp_message;  ///< cycles for a message to a TCP socket
  double udp_message;  ///< cycles for a datagram
  double answer_us;    ///< from the reader's ACK to the next segment on the link
};

enum class Load { kTcp, kUdp, kWeb, kNone };

struct Traffic {
  Load load = Load::kTcp;
  unsigned message = 1472;    ///< bytes of one message
  unsigned streams = 1;       ///< TCP: to each VM
  double window = 65535;      ///< TCP: bytes
  double rate = 0;            ///< UDP: packets/s to each VM; 0: what the peer can send
  unsigned burst = 1;         ///< UDP: packets at once
  std::vector<double> steps;  ///< UDP: while measuring, the rate is this multiple, each for an equal part of the time
  unsigned clients = 100;     ///< web: to each VM
  unsigned requests = 0;      ///< web: in all, to each VM; 0: without end
};

/// What a request to a web server is in this model.
struct Web {
  double request;    ///< cycles of the server program
  unsigned acks;     ///< packets of the stack's own that come with each request
  unsigned backlog;  ///< requests that wait to be taken
  double retry_s;    ///< a client whose request found the backlog full comes back after this, then twice, ...
  unsigned tries;    ///< a request that found the backlog full so often has failed
};

struct Scenario {
  int cores = 8;
  MachineCosts machine{};
  LastLevelCache cache{};
  Sharing sharing{};
  unsigned vms = 1;
  GuestSpec guest{};
  double link = 10e9;  ///< bit/s
  Peer peer{};
  Web web{};
  Traffic traffic{};
  bool compute = false;               ///< a thread in each VM computes
  Time warm_up = 250 * kMillisecond;  ///< CGR decides every 100 ms
  Time measured = 250 * kMillisecond;
  std::uint64_t seed = 1;
};

struct Outcome {
  double gbps = 0;                          ///< payload that applications read
  double packets = 0;                       ///< /s, read by applications
  double sent = 0;                          ///< packets/s
  double loss = 0;                          ///< per cent of the packets that ended
  double cpu = 0;                           ///< per cent of one core, the whole server
  double interrupts = 0;                    ///< /s
  double switches = 0;                      ///< /s, from one vCPU to another
  double latency_p50 = 0, latency_p99 = 0;  ///< us, from the wire to the application, mean over VMs
  double least = 0, most = 0;               ///< Gbit/s of single VMs
  double compute = 0;                       ///< cycles/s of the computing threads
  double answered = 0;                      ///< web: requests/s
  double failed = 0;                        ///< web: requests that failed
  double done = 0;  ///< web: seconds until all requests of a VM were answered, mean over VMs; 0: not all were
  std::uint64_t lost = 0, ended = 0;
};

/// Runs it. The same scenario gives the same outcome.
Outcome run(const Scenario& scenario);

}  // namespace vfpool::testbed
