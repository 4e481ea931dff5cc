// SPDX-License-Identifier: Apache-2.0
#include "model.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "layout.hpp"

namespace vfpool::reference {
namespace {

using pcie::CplStatus;
using pcie::FlowClass;
using pcie::TlpKind;
using Kind = Outcome::Kind;

constexpr const char* kIsolation =
    "docs/bridge.md: a packet goes where its owner and its address lead, and as that one";
constexpr const char* kOrder = "PCIe Base Spec 2.1, table 2-24: nothing passes a posted packet of the same source";
constexpr const char* kTag = "PCIe Base Spec 2.1, 2.2.6.2: a tag names one outstanding request of its requester";
constexpr const char* kAnswer = "PCIe Base Spec 2.1, 2.2.9, 2.3.2: a completion is what its request still waits for";
constexpr const char* kOnce = "docs/bridge.md: every non-posted request gets its completion, once";
constexpr const char* kOwn = "docs/bridge.md: the bridge itself reads the PF, and resets VFs that were taken away";

// Fields of a header that a switch hands on: all but the digest's presence and what is reserved (2.2.1).
constexpr std::uint32_t kCarried0 = ~(1U << 15 | 1U << 23 | 1U << 19 | 1U << 17 | 1U << 16);
constexpr std::uint32_t kTagField = 0xff00, kIdField = 0xffff0000;
constexpr std::uint32_t kCompleter = 0xffff0000;
constexpr std::uint32_t kPowerOff = 0x0400;  // Power Controller Control (7.8.10)

// Reset value of CPL_TIMEOUT_MS; milliseconds are counted by ticks, so one more or less is free.
constexpr SimTime kTimeout = std::chrono::milliseconds(30), kTick = std::chrono::milliseconds(1);

bool same_payload(const Tlp& expected, const Tlp& t) {
  const std::size_t size = t.data.size();
  if (expected.data.size() < size)  // what the sender left out of the last beat arrives as zeros
    return std::equal(expected.data.begin(), expected.data.end(), t.data.begin());
  return std::equal(t.data.begin(), t.data.end(), expected.data.begin());
}

// Of a configuration access.
std::uint32_t word(const Tlp& t) {
  std::uint32_t value = 0;
  for (unsigned i = 0; i < 4; ++i) value |= static_cast<std::uint32_t>(t.data[i]) << 8 * i;
  return value;
}

// A request that left is this one.
bool is(const Outcome& o, const Tlp& t) {
  const Tlp& e = o.packet;
  if (((e.hdr[0] ^ t.hdr[0]) & kCarried0) != 0) return false;
  const std::uint32_t free = (is_message(t) ? 0 : kTagField) | (o.own_id ? kIdField : 0);
  if (((e.hdr[1] ^ t.hdr[1]) & ~free) != 0 || e.hdr[2] != t.hdr[2]) return false;
  if (t.four_dw() && e.hdr[3] != t.hdr[3]) return false;
  return o.data_free || same_payload(e, t);
}

constexpr const char* kForgotten = "docs/bridge.md: when a link goes down, what its server had asked is forgotten";
constexpr std::uint32_t kBlockedToo = 1U << static_cast<unsigned>(Drop::kBlocked);
constexpr std::uint32_t kStaleToo = 1U << static_cast<unsigned>(Drop::kStale);
constexpr std::uint32_t kHanded =
    1U << static_cast<unsigned>(Drop::kNotAssigned) | 1U << static_cast<unsigned>(Drop::kBusMaster) | kBlockedToo;
constexpr std::uint32_t kAnyReason = (1U << Tally::kReasons) - 1;

// Of what is on its way while its VF changes.
const Outcome kEnds{.kind = Kind::kRefuse, .reasons = kHanded, .uncounted = true};

std::string describe(const Outcome& o) {
  switch (o.kind) {
    case Kind::kForward: return fmt::format("to {}: {}", o.port, o.packet.str());
    case Kind::kAnswer: return "answered";
    case Kind::kTake: return "taken";
    case Kind::kLost: return "lost";
    case Kind::kRefuse: return o.only_reason() ? std::string(to_string(*o.only_reason())) : "refused";
  }
  return "";
}

}  // namespace

Model::Model(const bridge::Geometry& g)
    : states_{State(g)},
      pending_(1 + g.users + g.devices),
      asked_(pending_.size()),
      aborted_(pending_.size()),
      recent_(pending_.size()),
      pf_registers_(g.devices),
      tally_(static_cast<unsigned>(pending_.size())) {}

bool Model::is_lost(const Pending& p) {
  return std::any_of(p.outcomes.begin(), p.outcomes.end(), [](const Outcome& o) { return o.kind == Kind::kLost; });
}

const State& Model::state() const {
  if (states_.size() != 1) throw std::logic_error("the model's state is not settled");
  return states_.front();
}

std::vector<State> Model::all_states() const {
  std::vector<State> all = states_;
  for (const auto& [card, layout] : read_)
    for (std::size_t n = all.size(), i = 0; i < n; ++i) {
      all.push_back(all[i]);
      all.back().cards[card].layout = layout;
    }
  return all;
}

Outcome Model::route(const State& s, unsigned port, const Tlp& t) const {
  return is_card(port) ? route_from_card(s, card_at(port), t) : route_from_host(s, port, t);
}

void Model::consider(Pending& p, const State& s) const { add(p.outcomes, route(s, p.port, p.t)); }

void Model::reconsider() {
  for (const State& s : all_states())
    for (Queue& q : pending_)
      for (Pending& p : q)
        if (!is_completion(p.t)) consider(p, s);
}

// What is on its way while its VF changes belongs to an assignment that is over, and may end (docs/bridge.md).
void Model::hand(const State::Changed& changed) {
  if (std::all_of(changed.begin(), changed.end(), [](std::uint32_t cards) { return cards == 0; })) return;
  const auto between = [&](unsigned a, unsigned b) {
    if (is_card(a) == is_card(b)) return false;
    const unsigned host = std::min(a, b), card = card_at(std::max(a, b));
    return (changed[host] >> card & 1) != 0;
  };
  const auto goes = [](const Outcome& o) { return o.kind == Kind::kForward; };
  for (Queue& q : pending_)
    for (Pending& p : q) {
      // What the owner asks concerns no VF, and neither does its answer.
      if (is_completion(p.t)) {
        const unsigned to = p.outcomes.front().port;
        p.handed |= to != 0 && between(p.port, to);
        continue;
      }
      if (p.port == 0) continue;
      const bool leaves = std::any_of(p.outcomes.begin(), p.outcomes.end(), goes);
      const bool concerned = std::any_of(p.outcomes.begin(), p.outcomes.end(),
                                         [&](const Outcome& o) { return goes(o) && between(p.port, o.port); });
      if (leaves && concerned) add(p.outcomes, kEnds);
      // What leads nowhere may lead to what has changed.
      p.handed |= leaves ? concerned : !is_card(p.port) && changed[p.port] != 0;
    }
  for (unsigned port = 0; port < asked_.size(); ++port)
    asked_[port].hand([&](unsigned from) { return from != 0 && between(from, port); });
}

void Model::maybe(const Change& change) {
  for (std::size_t n = states_.size(), i = 0; i < n; ++i) {
    State s = states_[i];
    change(s);
    hand(s.changed(states_[i]));
    if (std::find(states_.begin(), states_.end(), s) == states_.end()) states_.push_back(std::move(s));
  }
  reconsider();
}

void Model::surely(const Change& change) {
  std::vector<State> after;
  for (const State& before : states_) {
    State s = before;
    change(s);
    hand(s.changed(before));
    if (std::find(after.begin(), after.end(), s) == after.end()) after.push_back(std::move(s));
  }
  states_ = std::move(after);
  reconsider();
}

void Model::apply_config_write(const Pending& p, bool done, SimTime now) {
  if (is_card(p.port) || !is_config(p.t) || !p.t.has_data() || p.t.data.size() < 4) return;
  const Tlp& t = p.t;
  const std::uint32_t value = word(t);
  const auto change = [&](State& s) {
    const Target to = find_target(s, p.port, t);
    if (!to.place || route_from_host(s, p.port, t).kind == Kind::kRefuse) return;
    Header& h = header_of(s.hosts[p.port], *to.place);
    h.id = t.cfg_target();
    const unsigned reg = t.cfg_register();
    config_write(h, to.place->kind, reg, value, t.first_be());
    if (to.place->kind == FunctionKind::kSlotPort && reg == kSlotControl && (t.first_be() & 2) && (value & kPowerOff))
      s.lose_slot(p.port, to.place->slot);
    if (to.place->kind == FunctionKind::kOwnerPort) reset_below(s, to.place->slot, reg, value, t.first_be());
    if (to.place->kind == FunctionKind::kVf && reg == kVfDeviceControl && (t.first_be() & 2) && (value & kInitiateFlr))
      h = {.id = h.id};
    if (to.place->kind == FunctionKind::kOwnerPort) s.cards[to.place->slot].layout.pf = Bdf(h.secondary, 0, 0);
  };
  if (!done) return maybe(change);
  surely(change);
  for (unsigned card = 0; card < cards(); ++card) {
    const Card& c = states_.front().cards[card];
    if (!c.reset && !c.disabled) continue;
    forget_card(card);
    cut(port_of(card), now, true);
    dark_[port_of(card)] = now;
  }
}

void Model::cleaned(unsigned vf) {
  if (reset_.erase(vf) == 0)
    throw Broken("docs/bridge.md: nobody gets a VF before it has confirmed its reset", fmt::format("VF {}", vf));
  surely([vf](State& s) {
    Vf& v = s.vfs[vf];
    if (v.leaving)
      v = {};
    else
      v.cleaning = false;
  });
}

void Model::entered(unsigned port, const Tlp& t, SimTime now) {
  std::erase_if(recent_[port], [now](SimTime at) { return now - at > kReceive; });
  recent_[port].push_back(now);
  if (unfit(t) != Drop::kMalformed) tally_.in(port, t);
  if (is_completion(t)) {
    completion_entered(port, t);
  } else {
    Pending& p = pending_[port].emplace_back(Pending{.port = port, .t = t, .outcomes = {}, .at = now});
    for (const State& s : all_states()) consider(p, s);
    loosen(p);
    if (!is_card(port)) apply_config_write(p, false, now);
  }
  hand_unsettled(now);
}

// Nobody knows when what is changing takes effect.
void Model::hand_unsettled(SimTime now) {
  for (std::size_t i = 1; i < states_.size(); ++i) hand(states_[i].changed(states_[0]));
  cut_reset_cards(now);
}

void Model::completion_entered(unsigned port, const Tlp& t) {
  if (const Drop d = unfit(t); d != Drop::kNone) {
    tally_.drop(1U << static_cast<unsigned>(d));
    if (on_outcome) on_outcome(port, t, std::string(to_string(d)));
    return;
  }
  Asked* a = asked_[port].find(t);
  if (a == nullptr) {
    tally_.stray(port);
    if (on_outcome) on_outcome(port, t, "unexpected");
    return;
  }
  const Fit f = fit(*a, t);
  if (on_outcome) on_outcome(port, t, f == Fit::kWrong ? "mismatch" : f == Fit::kPart ? "part" : "last");
  if (f == Fit::kWrong) {
    if (a->orphan || a->handed || a->mute)
      tally_.drop(1U << static_cast<unsigned>(Drop::kMismatch) | kStaleToo | (a->handed ? kHanded : 0) |
                      (a->mute ? kAnyReason : 0),
                  true);
    else
      tally_.mismatch();
    if (a->from != Asked::kBridge && !a->orphan) aborted_[a->from].push_back(*a);
    asked_[port].end(*a);
    return;
  }
  if (a->from == Asked::kBridge) {
    if (!a->orphan) learn(card_at(port), *a, t);
  } else if (!a->orphan) {
    Outcome o{.kind = Kind::kForward, .port = a->from, .packet = t};
    o.packet.set_requester(a->request.requester());
    o.packet.set_tag(a->request.tag());
    loosen(pending_[port].emplace_back(
        Pending{.port = port, .t = t, .outcomes = {std::move(o)}, .request = a->request, .handed = a->handed}));
  } else {
    tally_.drop(1U << static_cast<unsigned>(Drop::kUnexpected) | kStaleToo, true);
  }
  if (f == Fit::kLast) asked_[port].end(*a);
}

void Model::learn(unsigned card, const Asked& a, const Tlp& c) {
  if (c.kind() != TlpKind::kCplData || c.data.size() < 4) return;
  if (a.sent.kind() == TlpKind::kCfgRead1) {
    // The look at a VF after its reset (PCIe Base Specification 2.1, 7.8.5).
    if ((word(c) & kTransactionsPending) != 0) return;
    for (const State& s : all_states())
      if (const auto vf = s.vf_of(card, a.sent.cfg_target())) reset_.insert(*vf);
    return;
  }
  pf_registers_[card][a.sent.cfg_register()] = word(c);
  read_[card] = layout_of(a.sent.cfg_target(), pf_registers_[card]);
  // What went with VF Enable has nothing left that could be reset.
  if (read_[card].off)
    for (const State& s : states_)
      for (unsigned v = card * kCardVfs; v < (card + 1) * kCardVfs; ++v)
        if (s.vfs[v].cleaning) reset_.insert(v);
  reconsider();
}

void Model::left(unsigned port, const Tlp& t, SimTime now) {
  tally_.out(port, t);
  if (is_completion(t))
    completion_left(port, t, now);
  else
    request_left(port, t, now);
  hand_unsettled(now);
}

void Model::forget(Queue& q, Queue::iterator p, const std::string& outcome) {
  if (on_outcome && !is_completion(p->t)) on_outcome(p->port, p->t, outcome);
  q.erase(p);
}

// Posted packets of the same source and to the same port that came before `passer` must have gone; those that may have
// been refused since are seen to have been.
void Model::check_order(unsigned from, Queue::iterator passer, unsigned to) {
  Queue& q = pending_[from];
  for (auto it = q.begin(); it != passer;) {
    const auto p = it++;
    if (p->t.flow_class() != FlowClass::kPosted) continue;
    const auto goes = [to](const Outcome& o) { return o.leaves_by(to); };
    if (std::none_of(p->outcomes.begin(), p->outcomes.end(), goes)) continue;
    if (std::all_of(p->outcomes.begin(), p->outcomes.end(), goes))
      throw Broken(kOrder, fmt::format("{} left by port {} before {}", passer->t.str(), to, p->t.str()));
    std::erase_if(p->outcomes, goes);
    p->outcomes.push_back(kEnds);
  }
}

void Model::request_left(unsigned port, const Tlp& t, SimTime now) {
  for (unsigned from = 0; from < pending_.size(); ++from) {
    Queue& q = pending_[from];
    for (auto p = q.begin(); p != q.end(); ++p) {
      const bool mine = std::any_of(p->outcomes.begin(), p->outcomes.end(), [&](const Outcome& o) {
        return o.leaves_by(port) && !is_completion(p->t) && is(o, t);
      });
      if (!mine) continue;
      // The owner's requests bear no VF that would tell that they are of before.
      if (from == 0 && is_lost(*p) && dark_.contains(0) && now - dark_[0] > kReceive)
        throw Broken(kForgotten, fmt::format("{} left by port {}", t.str(), port));
      check_order(from, p, port);
      if (non_posted(t) && !asked_[port].add({.from = from,
                                              .request = p->t,
                                              .sent = t,
                                              .at = now,
                                              .orphan = is_lost(*p),
                                              .handed = p->handed,
                                              .mute = p->mute}))
        throw Broken(kTag, fmt::format("{} left by port {}, where its tag is in use", t.str(), port));
      forget(q, p, port == 0 ? "to the owner" : is_card(port) ? "to the card" : "to a user");
      return;
    }
  }
  if (is_card(port)) return own_request_left(port, t, now);
  throw Broken(kIsolation, fmt::format("{} left by port {}: nobody sent it there", t.str(), port));
}

void Model::own_request_left(unsigned port, const Tlp& t, SimTime now) {
  const auto states = all_states();
  const unsigned card = card_at(port);
  const bool allowed = std::any_of(states.begin(), states.end(), [&](const State& s) {
    const Bdf pf = s.cards[card].layout.pf;
    if (t.kind() == TlpKind::kCfgRead0) return t.cfg_target() == pf && pf.bus() != 0;
    // The size of a VF BAR shows by writing to it.
    if (t.kind() == TlpKind::kCfgWrite0)
      return t.cfg_target() == pf && (t.cfg_register() == kSriovBar0 || t.cfg_register() == kSriovBar3);
    // Of a VF that is being cleaned: its reset, and the look at what became of it.
    const bool look = t.kind() == TlpKind::kCfgRead1, reset = t.kind() == TlpKind::kCfgWrite1;
    const auto vf = s.vf_of(card, t.cfg_target());
    if (!vf || !s.vfs[*vf].cleaning || t.cfg_register() != kVfDeviceControl) return false;
    return look || (reset && t.data.size() == 4 && (t.data[1] & 0x80) != 0);
  });
  if (!allowed) throw Broken(kOwn, fmt::format("{} left by port {}: nobody sent it", t.str(), port));
  if (!asked_[port].add({.request = t, .sent = t, .at = now}))
    throw Broken(kTag, fmt::format("{} left by port {}, where its tag is in use", t.str(), port));
}

void Model::completion_left(unsigned port, const Tlp& t, SimTime now) {
  const auto same_request = [&](const Tlp& c) { return c.requester() == t.requester() && c.tag() == t.tag(); };
  for (unsigned from = 0; from < pending_.size(); ++from) {
    Queue& q = pending_[from];
    for (auto p = q.begin(); p != q.end(); ++p) {
      if (!is_completion(p->t)) continue;
      const Outcome& o = p->outcomes.front();
      if (o.port != port || !same_request(o.packet)) continue;
      const Tlp& e = o.packet;
      // Also by what came behind parts that ended on the way, and was wrong.
      const auto& aborted = aborted_[port];
      const bool wrong =
          t.status() == CplStatus::kAbort && std::any_of(aborted.begin(), aborted.end(), [&](const Asked& a) {
            return same_request(a.request) && a.left == t.byte_count();
          });
      const bool ended = t.kind() == TlpKind::kCpl && (t.status() == CplStatus::kUnsupported || wrong);
      if (p->handed && ended && e.status() != CplStatus::kUnsupported) return forget_answer(from, port, t);
      if (is_lost(*p)) {
        if (p->outcomes.back().port == port && dark_.contains(port))
          throw Broken(kForgotten, fmt::format("{} left by port {}", t.str(), port));
        if (ended) return forget_answer(from, port, t);
      }
      if (((e.hdr[0] ^ t.hdr[0]) & kCarried0) != 0 || ((e.hdr[1] ^ t.hdr[1]) & ~kCompleter) != 0 ||
          e.hdr[2] != t.hdr[2] || !same_payload(e, t))
        throw Broken(kAnswer, fmt::format("{} left by port {} where {} is next", t.str(), port, e.str()));
      check_order(from, p, port);
      if (t.status() == CplStatus::kSuccess)
        apply_config_write({.port = port, .t = p->request, .outcomes = {}}, true, now);
      q.erase(p);
      return;
    }
  }
  if (answer_left(port, t, now)) return;
  for (auto a = aborted_[port].begin(); a != aborted_[port].end(); ++a) {
    if (!same_request(a->request)) continue;
    const bool as_it_must = t.status() == CplStatus::kAbort || (a->handed && t.status() == CplStatus::kUnsupported);
    if (t.kind() != TlpKind::kCpl || !as_it_must || t.byte_count() != a->left)
      throw Broken(kAnswer,
                   fmt::format("{} left by port {} where {} B end with Completer Abort", t.str(), port, a->left));
    aborted_[port].erase(a);
    return;
  }
  if (time_out_left(port, t, now)) return;
  throw Broken(kOnce, fmt::format("{} left by port {}: nothing there waits for it", t.str(), port));
}

// Nobody has answered for CPL_TIMEOUT_MS: Unsupported Request, and the tag rests as long again.
bool Model::time_out_left(unsigned port, const Tlp& t, SimTime now) {
  for (Tags& tags : asked_)
    for (const auto& [key, a] : tags.all()) {
      if (a.from != port || a.orphan || a.request.requester() != t.requester() || a.request.tag() != t.tag()) continue;
      const bool late = now - a.at >= kTimeout - kTick;
      if (t.kind() != TlpKind::kCpl || t.status() != CplStatus::kUnsupported || t.byte_count() != a.left ||
          !(late || a.unheard || a.handed))
        throw Broken(kAnswer, fmt::format("{} left by port {} while {} waits", t.str(), port, a.sent.str()));
      tally_.drop(
          1U << static_cast<unsigned>(Drop::kTimeout) | (a.unheard ? kBlockedToo : 0) | (a.handed ? kHanded : 0),
          a.unheard || a.handed);
      if (late || a.unheard)
        tags.expire(a, now + kTimeout - 2 * kTick);
      else
        tags.orphan(a);
      return true;
    }
  return false;
}

// Who was asked has lost its link with parts of its answer on their way, or the VF has changed hands: the bridge has
// ended the request, and what else comes goes nowhere.
void Model::forget_answer(unsigned from, unsigned asker, const Tlp& end) {
  const auto mine = [&](const Tlp& request) {
    return request.requester() == end.requester() && request.tag() == end.tag();
  };
  const auto gone = std::erase_if(pending_[from], [&](const Pending& p) {
    return is_completion(p.t) && p.outcomes.front().port == asker && mine(p.request);
  });
  for (std::size_t n = 0; n <= gone; ++n) tally_.drop(kAnyReason, true);
  std::erase_if(aborted_[asker], [&](const Asked& a) { return mine(a.request); });
  for (const auto& [key, a] : asked_[from].all())
    if (a.from == asker && mine(a.request)) return asked_[from].orphan(a);
}

// The bridge's own answer to a request of this port.
bool Model::answer_left(unsigned port, const Tlp& t, SimTime now) {
  Queue& q = pending_[port];
  const auto p = std::find_if(q.begin(), q.end(), [&](const Pending& w) {
    return !w.ended && non_posted(w.t) && w.t.requester() == t.requester() && w.t.tag() == t.tag();
  });
  if (p == q.end()) return false;
  if (is_lost(*p) && dark_.contains(port)) throw Broken(kForgotten, fmt::format("{} left by port {}", t.str(), port));
  std::uint32_t reasons = 0;
  bool fits = false, uncounted = false;
  for (const Outcome& o : p->outcomes) {
    if (o.kind == Kind::kRefuse && !o.silent && t.status() == CplStatus::kUnsupported && !t.has_data()) {
      fits = true;
      reasons |= o.reasons;
      uncounted |= o.uncounted;
    }
    if (o.kind != Kind::kAnswer || t.status() != CplStatus::kSuccess || t.has_data() == p->t.has_data()) continue;
    if (!t.has_data()) {
      fits = true;
      continue;
    }
    const std::uint32_t value = word(t);
    fits |= ((value ^ o.data.value) & o.data.mask) == 0;
  }
  if (!fits) {
    std::string text = fmt::format("{} ({}) left by port {} for {}; it should be", t.str(),
                                   t.data.size() == 4 ? fmt::format("{:08x}", word(t)) : "", port, p->t.str());
    for (const Outcome& o : p->outcomes)
      text += fmt::format(" {} (data {:08x} of {:08x})", describe(o), o.data.value, o.data.mask);
    throw Broken(kAnswer, text);
  }
  if (t.status() != CplStatus::kSuccess && reasons != 0) tally_.drop(reasons, uncounted);
  if (t.status() == CplStatus::kSuccess) apply_config_write(*p, true, now);
  if (t.status() != CplStatus::kSuccess && stands(*p)) return true;
  forget(q, p, t.status() == CplStatus::kSuccess ? "answered" : "refused");
  return true;
}

bool Model::waits(unsigned port, Bdf requester, std::uint8_t tag) const {
  const auto is_it = [&](const Tlp& t) { return t.requester() == requester && t.tag() == tag; };
  const auto came = [&](const Pending& p) { return !p.ended && non_posted(p.t) && is_it(p.t); };
  if (std::any_of(pending_[port].begin(), pending_[port].end(), came)) return true;
  for (const Queue& q : pending_)  // a completion on its way to it
    for (const Pending& p : q)
      if (is_completion(p.t) && p.outcomes.front().port == port && is_it(p.request)) return true;
  for (const Tags& tags : asked_)
    for (const auto& [key, a] : tags.all())
      if (a.from == port && is_it(a.request)) return true;
  return std::any_of(aborted_[port].begin(), aborted_[port].end(), [&](const Asked& a) { return is_it(a.request); });
}

bool Model::configuration_waits(unsigned port) const {
  const auto for_card = [port](const Pending& p) {
    return is_config(p.t) &&
           std::any_of(p.outcomes.begin(), p.outcomes.end(), [port](const Outcome& o) { return o.leaves_by(port); });
  };
  for (const Queue& q : pending_)
    if (std::any_of(q.begin(), q.end(), for_card)) return true;
  const auto& asked = asked_[port].all();
  return std::any_of(asked.begin(), asked.end(),
                     [](const auto& e) { return e.second.from != Asked::kBridge && is_config(e.second.sent); });
}

bool Model::idle(SimTime now) const {
  const auto in_time = [now](SimTime at, unsigned timeouts) { return now - at <= timeouts * kTimeout + 2 * kTick; };
  for (const Queue& q : pending_)
    for (const Pending& p : q)
      if (non_posted(p.t) && !p.ended && !is_lost(p) && unfit(p.t) != Drop::kMalformed && in_time(p.at, 3))
        return false;  // one waits behind another at a card that takes nothing
  return std::all_of(asked_.begin(), asked_.end(), [&](const Tags& t) {
    return std::all_of(t.all().begin(), t.all().end(),
                       [&](const auto& e) { return e.second.orphan || (e.second.mute && !in_time(e.second.at, 1)); });
  });
}

void Model::settle(SimTime now) {
  dark_.clear();  // what was lost with a link has its end below
  vanished_.clear();
  for (const unsigned card : std::exchange(lost_cards_, {})) surely([card](State& s) { s.lose_card(card); });
  for (const auto& [card, layout] : std::exchange(read_, {})) surely([&](State& s) { s.cards[card].layout = layout; });
  for (unsigned port = 0; port < pending_.size(); ++port) {
    Queue& q = pending_[port];
    for (auto it = q.begin(); it != q.end();) {
      const auto p = it++;
      std::uint32_t reasons = 0;
      bool taken = false, gone = false;
      for (const Outcome& o : p->outcomes) {
        if (o.kind == Kind::kLost) {
          taken = gone = true;
          reasons = kAnyReason;
        }
        if (o.kind == Kind::kTake) taken = true;
        if (o.kind == Kind::kRefuse && (o.silent || !non_posted(p->t))) {
          gone = true;
          reasons |= o.reasons;
        }
      }
      taken |= vanishes(*p, now);
      if (!taken && !gone) {
        std::string text = fmt::format("{} came in by port {} and has no end; it should have been", p->t.str(), port);
        for (const Outcome& o : p->outcomes) text += " " + describe(o);
        throw Broken(kOnce, text);
      }
      if (gone && !p->ended) tally_.drop(reasons, taken);
      forget(q, p, p->ended ? "refused" : gone ? "dropped" : "taken");
    }
    asked_[port].bury(now - kTimeout);
    if (blocked_.contains(port)) aborted_[port].clear();
    for (const auto& [key, a] : asked_[port].all())
      if (!a.orphan) throw Broken(kOnce, fmt::format("{} of port {} waits yet", a.request.str(), a.from));
    if (!aborted_[port].empty())
      throw Broken(kOnce, fmt::format("{} was answered wrongly and has no end", aborted_[port].front().request.str()));
  }
  blocked_.clear();
}

}  // namespace vfpool::reference
