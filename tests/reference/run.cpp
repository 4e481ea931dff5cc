// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include <fmt/format.h>

namespace vfpool::reference {
namespace {

using pcie::TlpKind;
using std::chrono::microseconds;
using std::chrono::milliseconds;

constexpr SimTime kPatience = milliseconds(200);
constexpr unsigned kMaxPayload = 128, kPage = 4096;

const char* kind_of(const Tlp& t) {
  switch (t.kind()) {
    case TlpKind::kMemRead: return "MRd";
    case TlpKind::kMemWrite: return "MWr";
    case TlpKind::kCfgRead0:
    case TlpKind::kCfgRead1: return "CfgRd";
    case TlpKind::kCfgWrite0:
    case TlpKind::kCfgWrite1: return "CfgWr";
    case TlpKind::kMsg:
    case TlpKind::kMsgData: return "Msg";
    case TlpKind::kCpl: return "Cpl";
    case TlpKind::kCplData: return "CplD";
    default: return "other";
  }
}

}  // namespace

Run::FurtherCard::FurtherCard(Scheduler& scheduler, bridge::Bridge& bridge, unsigned device)
    : wire(wire::Loopback::make_pair(scheduler)),
      endpoint(scheduler, bridge.input(bridge::Bridge::device_port(device))),
      nic(scheduler, endpoint.dma(), {}) {
  const unsigned port = bridge::Bridge::device_port(device);
  wire.second->set_receiver([](wire::Frame) {});
  endpoint.plug(nic);
  nic.set_wire(*wire.first);
  bridge.connect(port, endpoint);
  bridge.set_link(port, true);
}

Run::Run() : model_(bridge::Bridge::geometry()), vfs_(cards()) {
  for (unsigned p = 0; p < bridge::Bridge::port_count(); ++p)
    neighbours_.push_back(std::make_unique<Neighbour>(bridge, p));
  neighbours_[hosts()]->configuration_to(endpoint);
  for (unsigned card = 1; card < cards(); ++card) {
    further_.push_back(std::make_unique<FurtherCard>(scheduler, bridge, card));
    neighbours_[hosts() + card]->configuration_to(further_.back()->endpoint);
  }
  bridge.add_tap([this](unsigned port, bool toward_bridge, const Tlp& t) {
    if (log && begun_)
      fmt::print("{:>10} ns  {} port {}: {}\n", scheduler.now().count() / 1000, toward_bridge ? "into" : "from", port,
                 t.str());
    if (toward_bridge) {
      ++packets_;
      const auto beats = static_cast<int>((t.data.size() + 15) / 16);
      entering_[port] = scheduler.now() + Scheduler::kClockPeriod * beats;
      model_.entered(port, t, scheduler.now());
    } else {
      model_.left(port, t, scheduler.now());
      if (port != 0 && !is_card(port) && t.kind() == TlpKind::kMemWrite && t.requester().fn() != 0)
        ++reached_["to a user: MWr of a further function of a slot"];
    }
  });
  model_.on_outcome = [this](unsigned port, const Tlp& t, const std::string& outcome) {
    const char* who = name_of(port);
    for (const unsigned bytes : {1U, kMaxPayload, kPage})
      if (is_memory(t) && byte_length(t) == bytes) ++reached_[fmt::format("{} {}: of {} B", who, kind_of(t), bytes)];
    ++reached_[fmt::format("{} {}: {}{}", who, kind_of(t), outcome, model_.steady() ? "" : " while something changes")];
  };
}

void Run::reset_card(unsigned device) {
  nic_of(device).reset(0);
  neighbours_[hosts() + device]->forget();
}

const char* Run::name_of(unsigned port) { return port == 0 ? "owner" : is_card(port) ? "card" : "user"; }

std::vector<unsigned> Run::vf_names() {
  std::vector<unsigned> names;
  for (unsigned card = 0; card < cards(); ++card)
    for (unsigned vf = 0; vf < kVfs; ++vf) names.push_back(card * kCardVfs + vf);
  return names;
}

// Ports and cards are found in the order of their numbers.
host::Function Run::owners(std::uint16_t device, unsigned card) const {
  for (const auto& f : owner_tree)
    if (f.device == device && card-- == 0) return f;
  throw std::runtime_error("not found in\n" + host::describe(owner_tree));
}

void Run::advance(SimTime t) {
  bool over = false;
  scheduler.after(t, [&over] { over = true; });
  // Whoever has nothing to do goes on to the next timer: let it be near.
  const auto near = scheduler.after(t + Scheduler::kClockPeriod, [] {});
  scheduler.run_until([&over] { return over; }, t + kPatience);
  scheduler.cancel(near);
}

// Until nothing moves and nobody waits; what is never answered has its time-out.
void Run::drain() {
  const auto quiet = [&] {
    bool all = !bridge.busy() && model_.idle(scheduler.now());
    for (unsigned p = 0; p < neighbours_.size(); ++p) all &= bridge.pending(p) == 0 && !neighbours_[p]->owes();
    return all;
  };
  const SimTime end = scheduler.now() + kPatience;
  for (unsigned turn = 0; !quiet() && scheduler.now() < end; ++turn) {
    for (auto& n : neighbours_)
      while (n->owes()) n->answer(0);
    advance(turn < 50 ? SimTime(microseconds(1)) : SimTime(milliseconds(1)));
  }
  advance(microseconds(1));
}

void Run::settle() {
  for (unsigned p = 0; p < neighbours_.size(); ++p) {
    bridge.hold(p, {});
    bridge.stall(p, false);
  }
  held_.clear();
  if (model_.any_blocked()) {
    advance(milliseconds(3));  // what could not be read is read again
    see_stuck(true);
  }
  drain();
  for (auto& n : neighbours_) n->late();
  drain();
  model_.settle(scheduler.now());
  see_lost_answers();
  compare_counters();
  restore();
}

// Nothing is lost in silence: a server that did not get an answer has lost its slots.
void Run::see_lost_answers() {
  for (unsigned user = 1; user < hosts(); ++user) {
    if (!model_.has_lost_answers(user)) continue;
    ++reached_["stuck user: an answer is discarded"];
    if (model_.keeps_cards(user))
      throw Broken("docs/bridge.md: completions for a user were discarded: its slots lose presence",
                   fmt::format("user {} has kept them", user));
  }
}

void Run::compare_counters() {
  Tally::Counters now;
  for (unsigned r = 0; r < Tally::kReasons; ++r) now.drops[r] = bridge.read<regs::Drops>(r).value;
  for (unsigned p = 0; p < neighbours_.size(); ++p) {
    now.in.emplace_back();
    now.out.emplace_back();
    for (unsigned c = 0; c < Tally::kClasses; ++c) {
      now.in.back()[c] = bridge.read<regs::Rx>(p * 4 + c).value;
      now.out.back()[c] = bridge.read<regs::Tx>(p * 4 + c).value;
    }
  }
  if (const auto wrong = model_.tally().check(now); !wrong.empty())
    throw Broken("docs/registers.md: RX, TX and DROPS count packets", wrong);
}

std::optional<Failure> Run::go(const std::vector<Step>& steps) {
  std::size_t at = 0;
  try {
    bring_up();
    packets_ = 0;
    begun_ = true;
    for (; at < steps.size(); ++at) {
      if (log) fmt::print("{}\n", steps[at].str());
      step(steps[at]);
    }
    settle();
  } catch (const Broken& b) {
    return Failure{b.rule, b.what(), at};
  } catch (const std::exception& e) {
    return Failure{"the bridge's own assertions", e.what(), at};
  }
  return std::nullopt;
}

}  // namespace vfpool::reference
