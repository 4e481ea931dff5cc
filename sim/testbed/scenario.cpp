// SPDX-License-Identifier: Apache-2.0
#include "testbed/scenario.hpp"

#include <algorithm>
#include <memory>

#include "testbed/port.hpp"
#include "testbed/streams.hpp"
#include "testbed/web_clients.hpp"

namespace vfpool::testbed {
namespace {

constexpr std::uint32_t kSegment = 1448;

MachineCosts machine_costs(const Scenario& scenario) {
  MachineCosts costs = scenario.machine;
  costs.cold_cache = cold_fill(costs.cold_cache, scenario.cache, scenario.vms, scenario.cores);
  return costs;
}

// The server, its VMs and the peers of one scenario.
class World {
 public:
  explicit World(const Scenario& scenario)
      : scenario_(scenario),
        random_(scenario.seed),
        machine_(events_, scenario.cores, machine_costs(scenario), scenario.sharing),
        port_(events_, scenario.link, [this](const Packet& packet) { guests_[packet.to]->receive(packet); }) {
    GuestSpec spec = scenario.guest;
    if (scenario.traffic.load == Load::kWeb) spec.socket = scenario.web.backlog;
    for (unsigned i = 0; i < scenario.vms; ++i) {
      guests_.push_back(std::make_unique<Guest>(machine_, i, spec));
      if (scenario.compute) guests_.back()->start_computing();
      switch (scenario.traffic.load) {
        case Load::kTcp: add_tcp(i); break;
        case Load::kUdp: add_udp(i); break;
        case Load::kWeb: add_web(i); break;
        case Load::kNone: break;
      }
    }
  }

  Outcome measure() {
    events_.run_until(scenario_.warm_up);
    for (auto& guest : guests_) guest->restart_counts();
    for (auto& clients : web_) clients->restart_counts();
    const Time busy = machine_.busy();
    const double switches = machine_.switches();
    const std::uint64_t sent = total_sent();
    const std::vector<double> steps =
        scenario_.traffic.steps.empty() ? std::vector<double>{1.0} : scenario_.traffic.steps;
    for (std::size_t i = 0; i < steps.size(); ++i) {
      for (std::size_t j = 0; j < udp_.size() && steps.size() > 1; ++j) udp_[j]->set_rate(udp_rate_[j] * steps[i]);
      events_.run_until(scenario_.warm_up +
                        scenario_.measured * static_cast<Time>(i + 1) / static_cast<Time>(steps.size()));
    }
    Outcome outcome = totals();
    const double length = seconds(scenario_.measured);
    outcome.cpu = seconds(machine_.busy() - busy) / length * 100;
    outcome.switches = (machine_.switches() - switches) / length;
    outcome.sent = static_cast<double>(total_sent() - sent) / length;
    return outcome;
  }

 private:
  // What a stream has of the peer's cores.
  double share() const {
    const double streams = scenario_.vms * scenario_.traffic.streams;
    return std::min(1.0, scenario_.peer.cores / streams);
  }
  // Peers do not start in one instant.
  Time begin() { return std::uniform_int_distribution<Time>(0, kMillisecond)(random_); }

  void add_tcp(unsigned vm) {
    const Peer& peer = scenario_.peer;
    const double messages = static_cast<double>(kSegment) / scenario_.traffic.message;
    for (unsigned i = 0; i < scenario_.traffic.streams; ++i) {
      const TcpSpec spec{.to = vm,
                         .payload = kSegment,
                         .window = std::max(2.0, scenario_.traffic.window / kSegment),
                         .answer = time_for(peer.answer_us, 1e6),
                         .spacing = time_for(messages * peer.tcp_message / share(), peer.hz)};
      tcp_.push_back(std::make_unique<TcpStream>(events_, port_, spec, random_()));
      tcp_.back()->start(begin());
    }
  }

  void add_udp(unsigned vm) {
    const Traffic& traffic = scenario_.traffic;
    const double able = share() * scenario_.peer.hz / scenario_.peer.udp_message;
    const double rate = traffic.rate > 0 ? traffic.rate : able;
    udp_rate_.push_back(rate);
    const UdpSpec spec{.to = vm, .payload = traffic.message, .rate = rate, .burst = traffic.burst, .flows = 1};
    udp_.push_back(std::make_unique<UdpStream>(events_, port_, spec, random_()));
    udp_.back()->start(begin());
  }

  void add_web(unsigned vm) {
    const Web& web = scenario_.web;
    const WebSpec spec{.to = vm,
                       .clients = scenario_.traffic.clients,
                       .work = static_cast<std::uint32_t>(web.request),
                       .acks = web.acks,
                       .pause = time_for(scenario_.peer.answer_us, 1e6),
                       .retry = time_for(web.retry_s, 1),
                       .tries = web.tries,
                       .requests = scenario_.traffic.requests};
    web_.push_back(std::make_unique<WebClients>(events_, port_, spec, random_()));
    web_.back()->start(begin());
  }

  std::uint64_t total_sent() const {
    std::uint64_t sent = 0;
    for (const auto& stream : tcp_) sent += stream->sent();
    for (const auto& stream : udp_) sent += stream->sent();
    for (const auto& clients : web_) sent += clients->sent();
    return sent;
  }

  Outcome totals() const {
    const double length = seconds(scenario_.measured);
    Outcome outcome;
    double p50 = 0, p99 = 0;
    outcome.least = 1e300;
    for (const auto& guest : guests_) {
      const GuestCounts counts = guest->counts();
      const double gbps = static_cast<double>(counts.bytes) * 8 / length / 1e9;
      outcome.gbps += gbps;
      outcome.least = std::min(outcome.least, gbps);
      outcome.most = std::max(outcome.most, gbps);
      outcome.packets += static_cast<double>(counts.fate[0]) / length;
      outcome.interrupts += static_cast<double>(counts.interrupts) / length;
      outcome.compute += counts.compute / length;
      for (std::size_t i = 0; i < counts.fate.size(); ++i) {
        outcome.ended += counts.fate[i];
        if (i > 0) outcome.lost += counts.fate[i];
      }
      p50 += seconds(guest->latency.percentile(0.5)) * 1e6;
      p99 += seconds(guest->latency.percentile(0.99)) * 1e6;
    }
    const auto vms = static_cast<double>(guests_.size());
    outcome.latency_p50 = p50 / vms;
    outcome.latency_p99 = p99 / vms;
    if (outcome.ended > 0)
      outcome.loss = 100.0 * static_cast<double>(outcome.lost) / static_cast<double>(outcome.ended);
    bool all_done = !web_.empty();
    for (const auto& clients : web_) {
      outcome.failed += static_cast<double>(clients->failed());
      outcome.answered += static_cast<double>(clients->answered()) / length;
      outcome.done += seconds(clients->done()) / vms;
      all_done = all_done && clients->done() > 0;
    }
    if (!all_done) outcome.done = 0;
    return outcome;
  }

  Scenario scenario_;
  std::mt19937_64 random_;
  Events events_;
  Machine machine_;
  Port port_;
  std::vector<std::unique_ptr<Guest>> guests_;
  std::vector<std::unique_ptr<TcpStream>> tcp_;
  std::vector<std::unique_ptr<UdpStream>> udp_;
  std::vector<double> udp_rate_;
  std::vector<std::unique_ptr<WebClients>> web_;
};

}  // namespace

Outcome run(const Scenario& scenario) { return World(scenario).measure(); }

}  // namespace vfpool::testbed
