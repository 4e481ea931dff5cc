// SPDX-License-Identifier: Apache-2.0
// A server with paravirtual guests behind driver domains (IOVMs): each load is a gigabit card with a client, the driver
// domain that has the card, and a guest. A packet goes card, driver domain, guest, or the other way round.
#pragma once

#include <vector>

#include "testbed/machine.hpp"

namespace vfpool::testbed {

struct DomainCosts {
  double iovm_packet;   ///< cycles of the driver domain for a packet with its share of the ACKs
  double guest_packet;  ///< of the guest
  double interrupt;     ///< of the driver domain for a card's interrupt
  double batch;         ///< of a domain for handing packets of one load on, however many
};

struct DriverDomains {
  int cores = 4;
  MachineCosts machine{};
  Sharing sharing{};
  DomainCosts costs{};
  double link = 1e9;
  std::vector<unsigned> iovm_of;  ///< load i belongs to driver domain iovm_of[i]
  std::vector<int> iovm_core;     ///< where each driver domain starts
  std::vector<int> guest_core;    ///< where each guest starts
  bool iovms_pinned = false;      ///< they stay on their cores
  bool guests_pinned = false;
  bool send = false;  ///< guests send; else clients do
  unsigned ring = 256, batch = 64, connections = 4;
  unsigned interrupts = 8000;  ///< /s of a card at most
  double window = 65535, answer_us = 60;
  unsigned client_interrupts = 8000;  ///< /s of a client's card: what comes to a client it sees that often
  Time warm_up = 50 * kMillisecond, measured = 200 * kMillisecond;
  std::uint64_t seed = 1;
};

struct DomainOutcome {
  double mbps = 0;        ///< payload, sum of all loads
  double efficiency = 0;  ///< bits for each cycle of the driver domains
  double packets_a_batch = 0;
  double cpu = 0;       ///< per cent of one core
  double switches = 0;  ///< /s
};

DomainOutcome run(const DriverDomains& set_up);

}  // namespace vfpool::testbed
