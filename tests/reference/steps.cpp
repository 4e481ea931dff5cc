// SPDX-License-Identifier: Apache-2.0
// What each kind of step does.
#include <fmt/format.h>

#include <algorithm>

#include "run.hpp"

namespace vfpool::reference {
namespace {

using pcie::FlowClass;

constexpr std::uint32_t kBarSize = 16 << 10;
constexpr unsigned kMaxPayload = 128, kMaxRead = 4096, kPage = 4096;
constexpr SimTime kLong = std::chrono::milliseconds(10);  // more than a quarter of CPL_TIMEOUT_MS

// Some size within one page: mostly small, sometimes any, now and then the greatest that there is; then `apart` bytes
// less, so that nobody else asks for the same.
unsigned size_of(std::uint32_t random, std::uint64_t& address, unsigned most, unsigned apart) {
  const std::uint32_t any = random >> 5;
  if (random % 32 == 0) {
    address = (address & ~std::uint64_t{most - 1}) + apart;
    return most - apart;
  }
  const unsigned left = kPage - static_cast<unsigned>(address & (kPage - 1));
  const unsigned size = 1 + (random % 4 != 0 ? any % 16 : random % 32 < 8 ? any % kMaxPayload : any % most);
  return std::min({size, left, most - static_cast<unsigned>(address & 3)});
}

std::vector<FlowClass> classes_of(std::uint32_t bits) {
  std::vector<FlowClass> classes;
  for (const auto c : {FlowClass::kPosted, FlowClass::kNonPosted, FlowClass::kCompletion})
    if (bits >> static_cast<unsigned>(c) & 1) classes.push_back(c);
  return classes;
}

}  // namespace

void Run::send(unsigned port, Tlp t) {
  if (bridge.input(port).room(t.flow_class())) bridge.input(port).deliver(std::move(t));
}

// One that waits for nothing, of those that a requester without 10-bit tags has.
std::optional<std::uint8_t> Run::free_tag(unsigned port, Bdf id) {
  auto& next = next_tag_[port << 16 | id.raw];
  const std::uint8_t tag = next++;
  if (model_.waits(port, id, tag)) return std::nullopt;
  return tag;
}

// A memory request that is right: of a host to what is its own, of a function of the card, or of none.
std::optional<Tlp> Run::plain_request(const Step& s, bool write) {
  Bdf id(0, 0, 0);
  std::uint64_t address = 0;
  if (is_card(s.port)) {
    const unsigned which = s.a % (kVfs + 3), card = s.port - hosts();
    const Bdf first = pf(card).bdf;
    // Another port of the card; or anything, which may be another card's.
    const auto other = static_cast<std::uint16_t>(first.raw + (s.c & 7));
    const unsigned next = (card + 1) % cards();
    const Bdf any =
        next != card && (s.c & 1) ? vfs_[next][s.c >> 1 & (kVfs - 1)].bdf : Bdf(static_cast<std::uint16_t>(s.c));
    id = which < kVfs ? vfs_[card][which].bdf : which == kVfs ? first : which == kVfs + 1 ? Bdf(other) : any;
    address = (s.b & 1 ? 0x1234500000ULL : 0x700000ULL) + (s.b >> 1 & 0xffff);
  } else {
    const auto own = own_memory(s.port);
    if (own.empty()) return std::nullopt;
    address = own[s.a % own.size()] + s.b % kBarSize;
  }
  if (write) {
    std::vector<std::uint8_t> data(size_of(s.c, address, kMaxPayload, 0));
    for (auto& byte : data) byte = static_cast<std::uint8_t>(++serial_ * 29 >> 3);
    return pcie::mem_write(id, address, data);
  }
  const auto tag = free_tag(s.port, id);
  if (!tag) return std::nullopt;
  const unsigned size = size_of(s.c, address, kMaxRead, is_card(s.port) ? 0 : 4 * s.port);
  return pcie::mem_read(id, *tag, address, size);
}

std::vector<std::uint64_t> Run::own_memory(unsigned port) const {
  std::vector<std::uint64_t> out;
  for (unsigned card = 0; port == 0 && card < cards(); ++card) {
    out.push_back(pf(card).bar[0]);
    for (const auto& vf : vfs_[card]) out.insert(out.end(), {vf.bar[0], vf.bar[3]});
  }
  for (const auto& [at, in] : slots_)
    if (at.user == port)
      for (const Function& f : in.functions) out.insert(out.end(), f.bars.begin(), f.bars.end());
  return out;
}

void Run::stray(const Step& s) {
  const auto others = own_memory(s.b >> 16 & 1 ? 0 : 1 + s.port % bridge::Bridge::geometry().users);
  std::uint64_t address = s.a & 1 ? 0xdead0000 : 0x7700000000;
  if (s.a & 2 && !others.empty()) address = others[s.a % others.size()];
  address += s.b & 0xffc;
  const auto tag = free_tag(s.port, Bdf(0, 0, 0));
  if (!tag) return;
  if (s.c & 1)
    send(s.port, pcie::mem_read(Bdf(0, 0, 0), *tag, address, 4));
  else
    send(s.port, pcie::mem_write(Bdf(0, 0, 0), address, std::vector<std::uint8_t>(4)));
}

void Run::configuration(const Step& s, bool write) {
  const auto& tree = s.port == 0 ? owner_tree : user_trees[s.port];
  Bdf target(tree[1].bdf.bus(), 0, s.a & 1);
  bool type1 = false;
  if (s.a & 2) {
    target = tree[1 + (s.a >> 2) % (tree.size() - 1)].bdf;
    type1 = target.bus() != tree[1].bdf.bus();
  } else if ((s.a & 0x70) == 0) {  // something that is not there
    target = Bdf((s.a >> 8) & 31, s.a >> 16 & 1, s.a >> 24 & 7);
    type1 = target.bus() != tree[1].bdf.bus();
    if (!type1 && target.dev() != 0) return;
  }
  const auto tag = free_tag(s.port, Bdf(0, 0, 0));
  if (!tag) return;
  if (write) {
    const std::vector<std::uint8_t> data(1, static_cast<std::uint8_t>(s.c));
    send(s.port, pcie::cfg_write(Bdf(0, 0, 0), *tag, target, 0x0c, data, type1));  // Cache Line Size: means nothing
  } else {
    // Of a PF only what the bridge does not read itself, and seldom the same twice, so that everybody knows whose the
    // request is.
    bool of_pf = false;
    for (unsigned card = 0; card < cards(); ++card) of_pf |= target == pf(card).bdf;
    const unsigned reg = of_pf ? 0x30 + 4 * (s.b % 48) : s.b % 0x30 & ~3U;
    send(s.port, pcie::cfg_read(Bdf(0, 0, 0), *tag, target, reg, 4, type1));
  }
}

void Run::registers(const Step& s) {
  const auto& tree = s.port == 0 ? owner_tree : user_trees[s.port];
  const std::uint64_t at = find(tree, 0x8086).bar[0] + (s.a & 1 ? regs::Scratch::kOffset : s.b & 0xffc);
  const auto tag = free_tag(s.port, Bdf(0, 0, 0));
  if (!tag) return;
  if (s.a & 1 && s.a & 2)
    send(s.port, pcie::mem_write(Bdf(0, 0, 0), at, std::vector<std::uint8_t>(4, static_cast<std::uint8_t>(s.c))));
  else
    send(s.port, pcie::mem_read(Bdf(0, 0, 0), *tag, at, 4));
}

void Run::odd(const Step& s) {
  const auto kind = static_cast<Oddity>(s.c % kOddities);
  const bool write = s.c >> 8 & 1;
  auto plain = plain_request(s, write);
  if (!plain) return;
  const Bdf id = plain->requester();
  Tlp t = make_odd(std::move(*plain), kind, s.c >> 9);
  if (write && non_posted(t)) {
    const auto tag = free_tag(s.port, id);
    if (!tag) return;
    t.set_tag(*tag);
  }
  send(s.port, std::move(t));
}

void Run::card_message(const Step& s) {
  constexpr std::pair<unsigned, unsigned> kMessages[] = {{0, 0x30}, {0, 0x31}, {0, 0x33}, {4, 0x20},
                                                         {4, 0x24}, {0, 0x18}, {4, 0x50}, {0, 0x7e}};
  const auto [routing, code] = kMessages[s.a % std::size(kMessages)];
  const unsigned card = s.port % cards();
  const Bdf id = s.b & 1 ? pf(card).bdf : vfs_[card][s.b % kVfs].bdf;
  Tlp t;
  t.hdr[0] = 0x30000000U | routing << 24;
  t.hdr[1] = static_cast<std::uint32_t>(id.raw) << 16 | code;
  send(hosts() + card, t);
}

Run::Place Run::place_of(const Step& s) const {
  const auto g = bridge::Bridge::geometry();
  return {.user = 1 + s.a % g.users, .slot = s.a / g.users % g.slots};
}

// A configuration write that changes something is on its way, or was not answered.
bool Run::writes(unsigned port) const {
  const auto last = last_write_.find(port);
  return last != last_write_.end() && (bridge.pending(port) != 0 || model_.waits(port, Bdf(0, 0, 0), last->second));
}

// False: it was not sent.
bool Run::write_config(unsigned port, Bdf target, unsigned reg, std::uint32_t value, unsigned bytes) {
  if (model_.any_blocked()) return false;  // its answer may be discarded, and what is so stay open
  if (writes(port)) return false;          // as software does it: one after the other
  const auto tag = free_tag(port, Bdf(0, 0, 0));
  if (!tag) return false;
  last_write_[port] = *tag;
  const auto& tree = port == 0 ? owner_tree : user_trees[port];
  std::vector<std::uint8_t> data(bytes);
  for (unsigned i = 0; i < bytes; ++i) data[i] = static_cast<std::uint8_t>(value >> 8 * i);
  send(port, pcie::cfg_write(Bdf(0, 0, 0), *tag, target, reg, data, target.bus() != tree[1].bdf.bus()));
  return true;
}

void Run::change_command(const Step& s) {
  std::vector<Bdf> targets;
  for (const auto& f : s.port == 0 ? owner_tree : user_trees[s.port])
    if (f.vendor == 0x10ee) targets.push_back(f.bdf);
  for (const auto& [at, in] : slots_)
    if (at.user == s.port)
      for (const Function& f : in.functions) targets.push_back(f.bdf);
  write_config(s.port, targets[s.a % targets.size()], kCommand, s.b & 3 ? s.b >> 2 & 6 : 6, 2);
  disabled_.insert(s.port);
}

// Some function of a slot; null if nothing is or was in it.
Run::Function* Run::function_of(const Step& s) {
  const auto it = slots_.find(place_of(s));
  if (it == slots_.end() || it->second.functions.empty()) return nullptr;
  auto& functions = it->second.functions;
  return &functions[(s.b >> 8) % functions.size()];
}

// To and fro within what the windows above leave.
void Run::move(const Step& s) {
  Function* f = function_of(s);
  if (f == nullptr) return;
  const unsigned bar = s.b & 1;
  const std::uint64_t there = f->bars[bar] ^ 0x80000;
  if (write_config(place_of(s).user, f->bdf, bar == 0 ? 0x10 : 0x1c, static_cast<std::uint32_t>(there), 4))
    f->bars[bar] = there;
}

void Run::look(const Step& s) { write_config(0, pf(s.b % cards()).bdf, s.a & 1 ? kCommand : 0x0c, s.a & 1 ? 6 : 0, 2); }

void Run::reset(const Step& s) {
  const Function* f = function_of(s);
  if (f == nullptr) return;
  write_config(place_of(s).user, f->bdf, kVfDeviceControl, kInitiateFlr, 2);
  unplugged_.insert(place_of(s));
}

void Run::power_off(const Step& s) {
  const Place at = place_of(s);
  write_config(at.user, slot_port(at.user, at.slot).bdf, kSlotControl, 0x0700, 2);
  unplugged_.insert(at);
}

void Run::force(const Step& s) {
  const Place at = place_of(s);
  const auto change = [at](State& state) { state.force(at.user, at.slot); };
  model_.maybe(change);
  if (command(Op::kForce, at.user, at.slot) == Result::kDone) model_.surely(change);
}

void Run::stuck(const Step& s) {
  // A change whose answer is discarded would leave open what is so.
  bool changing = !model_.steady();
  for (unsigned port = 0; port < hosts(); ++port) changing |= writes(port);
  if (changing) settle();
  if (s.b & 1)
    bridge.stall(s.port, true);
  else
    bridge.hold(s.port, classes_of(1 + s.a % 7));
  held_.insert(s.port);
  for (const unsigned port : held_) model_.blocked(port);
  ++reached_[fmt::format("stuck {}", name_of(s.port))];
  advance(kLong);
  see_stuck(false);
  if ((s.b & 2) == 0) return;
  bridge.stall(s.port, false);
  bridge.hold(s.port, {});
  advance(std::chrono::microseconds(20));
}

// Which users' cards are gone because their ports were stuck, and which cards are known. That something has not
// happened is certain only when all take packets again.
void Run::see_stuck(bool all_take) {
  for (const unsigned vf : vf_names()) {
    const bool cleaning = bridge.read<regs::Vf>(vf).state != regs::VfState::kIdle;
    if (!cleaning && !all_take) continue;
    const unsigned user = model_.decide([=](const State& s) { return s.vfs[vf].cleaning == cleaning; })
                              ? bridge.read<regs::Vf>(vf).user
                              : 0;
    if (user != 0) ++reached_[cleaning ? "stuck user: has lost a card" : "stuck user: has kept a card"];
    for (const auto& [at, in] : slots_)
      if (cleaning && at.user == user) unplugged_.insert(at);
  }
  for (unsigned card = 0; all_take && card < cards(); ++card) {
    const bool known = bridge.read<regs::Device>(card).no_vfs != regs::NoVfs::kUnknown;
    model_.decide([=](const State& s) { return s.cards[card].layout.known == known; });
  }
}

void Run::lose_link(unsigned port, bool shortly, bool power) {
  if (down_.contains(port)) return;
  const auto reach = [&](const char* what) { ++reached_[fmt::format("link of {}: {}", name_of(port), what)]; };
  reach(shortly ? "lost for a moment" : "lost");
  if (scheduler.now() < entering_[port]) reach("lost in the middle of a packet");
  if (is_card(port) && power) reach("lost with its power");
  if (is_card(port) && model_.configuration_waits(port)) reach("lost while a configuration request waits");
  model_.losing_link(port, scheduler.now());
  bridge.set_link(port, false);
  neighbours_[port]->forget();
  if (is_card(port) && power) nic_of(port - hosts()).reset(0);
  model_.lost_link(port, scheduler.now());
  dark_.insert(port);
  down_.insert(port);
  disabled_.erase(port);
  for (const auto& [at, in] : slots_)
    if (at.user == port || port == 0 || port == hosts() + in.card) unplugged_.insert(at);
  if (shortly) link_back(port);
}

// The port is down as long as something of before is inside (docs/bridge-inside.md, "Sessions of a link").
void Run::link_back(unsigned port) {
  if (down_.erase(port) == 0) return;
  bridge.set_link(port, true);
  model_.maybe([port](State& s) { s.link(port) = true; });
}

// By Secondary Bus Reset or Link Disable, for as long as up to the next kSettle.
void Run::reset_from_above(const Step& s) {
  const unsigned card = s.b % cards();
  const Bdf port = port_above(card).bdf;
  const bool sent = s.a & 1 ? write_config(0, port, kBridgeControl + 2, 0x40, 2)
                            : write_config(0, port, kLinkControl, kLinkDisable, 2);
  if (!sent) return;
  ++reached_[s.a & 1 ? "card: reset by the port above" : "card: its link disabled by the port above"];
  dark_.insert(hosts() + card);
  for (const auto& [at, in] : slots_)
    if (in.card == card) unplugged_.insert(at);
}

void Run::step(const Step& s) {
  Step h = s;  // as a host's
  h.port %= hosts();
  switch (s.kind) {
    case Step::Kind::kWrite:
    case Step::Kind::kRead:
      if (auto t = plain_request(h, s.kind == Step::Kind::kWrite)) send(h.port, std::move(*t));
      return;
    case Step::Kind::kStray: return stray(h);
    case Step::Kind::kConfigRead: return configuration(h, false);
    case Step::Kind::kConfigWrite: return configuration(h, true);
    case Step::Kind::kRegister: return registers(h);
    case Step::Kind::kCardWrite:
    case Step::Kind::kCardRead:
      h.port = card_port(s);
      if (auto t = plain_request(h, s.kind == Step::Kind::kCardWrite)) send(h.port, std::move(*t));
      return;
    case Step::Kind::kCardMessage: return card_message(s);
    case Step::Kind::kOdd: return odd(s);
    case Step::Kind::kWrongAnswer: return neighbours_[s.port]->answer(s.a, static_cast<Fault>(s.b % kFaults));
    case Step::Kind::kNoRoom:
      if (s.a & 7) held_.insert(s.port);
      return bridge.hold(s.port, classes_of(s.a));
    case Step::Kind::kStall:
      if (s.a & 1) held_.insert(s.port);
      return bridge.stall(s.port, s.a & 1);
    case Step::Kind::kStuck: return stuck(s);
    case Step::Kind::kEnable: return change_command(h);
    case Step::Kind::kMove: return move(s);
    case Step::Kind::kLook: return look(s);
    case Step::Kind::kReset: return reset(s);
    case Step::Kind::kPowerOff: return power_off(s);
    case Step::Kind::kForce: return force(s);
    case Step::Kind::kLinkLoss: return lose_link(1 + s.a % bridge::Bridge::geometry().users, s.b & 1, false);
    case Step::Kind::kOwnerLink: return lose_link(0, s.b & 1, false);
    case Step::Kind::kCardLink: return lose_link(card_port(s), s.b & 1, s.b & 2);
    case Step::Kind::kCardReset: return reset_from_above(s);
    case Step::Kind::kWait: return advance(Scheduler::kClockPeriod * (s.a % 24));
    case Step::Kind::kAnswer:
      for (unsigned n = 0; n <= s.b % 3; ++n) neighbours_[s.port]->answer(s.a + n);
      return;
    case Step::Kind::kSettle: return settle();
  }
}

}  // namespace vfpool::reference
