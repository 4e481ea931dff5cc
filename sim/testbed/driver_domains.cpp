// SPDX-License-Identifier: Apache-2.0
#include "testbed/driver_domains.hpp"

#include <algorithm>
#include <deque>
#include <memory>
#include <random>

#include "testbed/domain.hpp"
#include "testbed/port.hpp"
#include "testbed/streams.hpp"
#include "testbed/throttled.hpp"
#include "testbed/vector.hpp"

extern "C" {
#include "moderation.h"
}

namespace vfpool::testbed {
namespace {

constexpr std::uint32_t kSegment = 1448;
// A guest's hand-over to its driver domain takes no time of a link.
constexpr double kMemory = 200e9;

// What a driver domain has given to its card.
class Outbox : public Source {
 public:
  explicit Outbox(Port& port) : port_(port) {}
  void put(const Packet& packet) {
    queue_.push_back(packet);
    port_.offer(*this);
  }
  Packet take() override {
    Packet packet = queue_.front();
    queue_.pop_front();
    return packet;
  }
  std::size_t pending() const override { return queue_.size(); }
  void ended(const Packet&, Fate) override {}

 private:
  Port& port_;
  std::deque<Packet> queue_;
};

struct Card {
  std::unique_ptr<Port> in, out;      // toward the first domain; sending: the wire
  std::unique_ptr<Throttled> client;  // what comes to the client
  std::unique_ptr<Throttled> acks;    // sending: what comes back and lets the guest go on
  std::unique_ptr<Vector> vector;
  std::unique_ptr<Outbox> outbox;
};

class World {
 public:
  explicit World(const DriverDomains& set_up)
      : set_up_(set_up), random_(set_up.seed), machine_(events_, set_up.cores, set_up.machine, set_up.sharing) {
    for (std::size_t i = 0; i < set_up.iovm_core.size(); ++i)
      iovms_.push_back(make(set_up.costs.iovm_packet, set_up.iovm_core[i], set_up.iovms_pinned));
    for (unsigned i = 0; i < set_up.iovm_of.size(); ++i) {
      guests_.push_back(make(set_up.costs.guest_packet, set_up.guest_core[i], set_up.guests_pinned));
      add_load(i);
    }
  }

  DomainOutcome measure() {
    events_.run_until(set_up_.warm_up);
    const std::uint64_t before = read_;
    const double cycles = iovm_cycles(), switches = machine_.switches();
    const Time busy = machine_.busy();
    events_.run_until(set_up_.warm_up + set_up_.measured);
    const double length = seconds(set_up_.measured);
    const double bits = static_cast<double>(read_ - before) * kSegment * 8;
    double packets = 0, batches = 0;
    for (const auto& iovm : iovms_) {
      packets += iovm->packets;
      batches += iovm->batches;
    }
    return {.mbps = bits / length / 1e6,
            .efficiency = bits / (iovm_cycles() - cycles),
            .packets_a_batch = packets / std::max(batches, 1.0),
            .cpu = seconds(machine_.busy() - busy) / length * 100,
            .switches = (machine_.switches() - switches) / length};
  }

 private:
  std::unique_ptr<Domain> make(double packet, int core, bool pinned) {
    auto domain = std::make_unique<Domain>(packet, set_up_.costs.batch, set_up_.batch);
    domain->context = domains_++;
    if (pinned) domain->pinned = core;
    machine_.add(*domain, core);
    return domain;
  }

  double iovm_cycles() const {
    double cycles = 0;
    for (const auto& iovm : iovms_) cycles += iovm->cycles;
    return cycles;
  }

  void consumed(const Packet& packet) {
    ++read_;
    cards_[packet.to].client->put(packet);
  }

  // The card's interrupt: to the driver domain, which unmasks when nothing is left.
  void interrupt(Domain& iovm) {
    machine_.charge(iovm, set_up_.costs.interrupt);
    machine_.wake(iovm);
  }

  void add_load(unsigned load) {
    Domain& iovm = *iovms_[set_up_.iovm_of[load]];
    Domain& guest = *guests_[load];
    Card& card = cards_.emplace_back();
    card.client = std::make_unique<Throttled>(
        events_, set_up_.client_interrupts, [](const Packet& p) { p.source->ended(p, Fate::kConsumed); }, nullptr);
    card.vector = std::make_unique<Vector>(events_, [this, &iovm] { interrupt(iovm); });
    card.vector->set_steps(airvf_rate_to_steps(set_up_.interrupts));
    Vector* vector = card.vector.get();
    const auto hand_to = [](Domain& next) {
      return [&next](const Packet& packet) {
        if (!next.put(packet)) packet.source->ended(packet, Fate::kForwardFull);
      };
    };
    const auto wake = [this](Domain& next) { return [this, &next] { machine_.wake(next); }; };
    if (set_up_.send) {
      card.out = std::make_unique<Port>(events_, set_up_.link, [this](const Packet& p) { consumed(p); });
      card.outbox = std::make_unique<Outbox>(*card.out);
      card.acks = std::make_unique<Throttled>(events_, set_up_.interrupts, hand_to(guest), [this, &iovm, &guest] {
        // A driver domain that runs finds the ACKs by polling.
        if (!machine_.running(iovm)) machine_.charge(iovm, set_up_.costs.interrupt);
        machine_.wake(guest);
      });
      card.in = std::make_unique<Port>(events_, kMemory, [acks = card.acks.get()](const Packet& p) { acks->put(p); });
      guest.add_load(load, set_up_.ring, {.next = hand_to(iovm), .notify = wake(iovm)});
      iovm.add_load(load, set_up_.ring, {.next = [box = card.outbox.get()](const Packet& p) { box->put(p); }});
    } else {
      card.in = std::make_unique<Port>(events_, set_up_.link, [&iovm, vector](const Packet& packet) {
        if (!iovm.put(packet)) return packet.source->ended(packet, Fate::kRingFull);
        vector->cause();
      });
      iovm.add_load(load, set_up_.ring,
                    {.next = hand_to(guest), .notify = wake(guest), .empty = [vector] { vector->unmask(false); }});
      guest.add_load(load, set_up_.ring, {.next = [this](const Packet& p) { consumed(p); }});
    }
    for (unsigned i = 0; i < set_up_.connections; ++i) {
      const TcpSpec spec{.to = load,
                         .payload = kSegment,
                         .window = set_up_.window / kSegment,
                         .answer = time_for(set_up_.answer_us, 1e6),
                         .spacing = 0};
      streams_.push_back(std::make_unique<TcpStream>(events_, *card.in, spec, random_()));
      streams_.back()->start(std::uniform_int_distribution<Time>(0, kMillisecond)(random_));
    }
  }

  DriverDomains set_up_;
  std::mt19937_64 random_;
  Events events_;
  Machine machine_;
  int domains_ = 0;
  std::uint64_t read_ = 0;
  std::vector<std::unique_ptr<Domain>> iovms_, guests_;
  std::deque<Card> cards_;
  std::vector<std::unique_ptr<TcpStream>> streams_;
};

}  // namespace

DomainOutcome run(const DriverDomains& set_up) { return World(set_up).measure(); }

}  // namespace vfpool::testbed
