// SPDX-License-Identifier: Apache-2.0
// The pool's rules (docs/bridge.md, "Slots") written a second time, with no time inside a step: each function is
// something that happens, at once and alone.
#pragma once
#include <array>
#include <cstdint>
#include <vector>

#include "bridge/registers.hpp"

namespace pool {

constexpr unsigned kUsers = 2, kSlots = 2, kSlotFns = 8, kVfs = 64, kDevices = POOL_DEVICES;  // CMakeLists.txt
constexpr unsigned kNumSlots = kUsers * kSlots, kNumFns = kNumSlots * kSlotFns;
constexpr unsigned kNumVfs = kDevices * kVfs;  // device * kVfs + VF: in commands and events as at the pins

namespace regs = vfpool::bridge::regs;
using State = regs::VfState;
using regs::Led;
using enum regs::Op;
using enum regs::Result;

struct Command : regs::Command {
  bool owner = false;
};

struct Vf {
  bool kept = false;
  State state = State::kIdle;
  unsigned fn = 0, failed = 0;
  uint16_t since = 0;
  bool owned() const { return kept || state != State::kIdle; }
  bool operator==(const Vf&) const = default;
};

struct Slot {
  bool releasing = false, requested = false, quiet = false, press = false, hidden = false, resting = false,
       lost = false;
  bool powered = false;
  bool came = false;  // in this step, with the button
  Led led = Led::kOff;
  unsigned presses = 0;
  uint16_t off_at = 0;
  bool operator==(const Slot&) const = default;
};

struct Card {
  bool known = false, off = true, sriov = false;
  unsigned num = 0;
  bool asked_write = false;
  unsigned asked_vf = 0;
  bool operator==(const Card&) const = default;
};

struct Pool {
  std::array<Vf, kNumVfs> vfs{};
  std::array<Slot, kNumSlots> slots{};
  uint16_t now = 0;
  std::array<Card, kDevices> cards{};
  unsigned drain_ms = 50;
  std::array<bool, kNumVfs> busy{};
  std::array<bool, kUsers> gone{}, lost{};
  bool round = false;  // something has happened after which the engine looks at all VFs
  unsigned events = 0;
  regs::Result result = kDone;
  std::vector<uint32_t> released;  // events but for their kind, in any order

  bool operator==(const Pool&) const = default;

  Vf* of(unsigned fn) {
    for (Vf& vf : vfs) {
      if (vf.kept && vf.fn == fn) return &vf;
    }
    return nullptr;
  }
  bool full(unsigned slot) const {
    for (const Vf& vf : vfs) {
      if (vf.kept && vf.fn / kSlotFns == slot) return true;
    }
    return false;
  }
  const Card& card(unsigned v) const { return cards[v / kVfs]; }
  // The device offers it.
  bool offered(unsigned v) const { return v % kVfs < card(v).num; }
  // VFs of the slot that the device has: of them all, and those that are not usable.
  unsigned here(unsigned slot, bool dirty) const {
    unsigned count = 0;
    for (unsigned v = 0; v < kNumVfs; ++v) {
      if (!offered(v)) continue;
      if (vfs[v].kept && vfs[v].fn / kSlotFns == slot && (!dirty || vfs[v].state != State::kIdle)) ++count;
    }
    return count;
  }
  // Whose VFs it has.
  unsigned device(unsigned slot) const {
    for (unsigned v = 0; v < kNumVfs; ++v) {
      if (vfs[v].kept && vfs[v].fn / kSlotFns == slot) return v / kVfs;
    }
    return 0;
  }
  bool present(unsigned slot) const {
    return cards[device(slot)].sriov && here(slot, false) && !slots[slot].hidden && !slots[slot].lost;
  }

  void let_go(unsigned slot, bool leaves) {
    for (Vf& vf : vfs) {
      if (!vf.kept || vf.fn / kSlotFns != slot) continue;
      vf.state = State::kDraining;
      vf.failed = 0;
      vf.since = now;
      if (leaves) vf.kept = false;
      round = true;
    }
    if (leaves) slots[slot].releasing = false;
  }

  void switched_off(unsigned s) {
    slots[s].powered = false;
    slots[s].resting = true;
    slots[s].off_at = now;
    let_go(s, slots[s].releasing);
  }
  void goes(unsigned user) {
    gone[user] = true;
    for (unsigned s = user * kSlots; s < (user + 1) * kSlots; ++s) {
      Slot& slot = slots[s];
      slot.powered = slot.requested = slot.press = slot.hidden = slot.resting = false;
      slot.led = Led::kOff;
      let_go(s, slot.releasing);
    }
  }
  void loses(unsigned user) {
    lost[user] = true;
    for (unsigned s = user * kSlots; s < (user + 1) * kSlots; ++s) {
      if (!slots[s].lost) let_go(s, false);
      slots[s].lost = true;
    }
  }
  void card_lost(unsigned d) {
    for (unsigned s = 0; s < kNumSlots; ++s) {
      if (device(s) == d) let_go(s, false);
    }
  }
  void led(unsigned s, Led value) {
    if (slots[s].led == Led::kBlinking && value == Led::kOn) slots[s].releasing = false;
    slots[s].led = value;
  }

  void answer(unsigned d, bool well) {
    const bool asked_write = cards[d].asked_write;
    const unsigned asked_vf = cards[d].asked_vf;
    Vf& vf = vfs[asked_vf];
    if (vf.state != (asked_write ? State::kDraining : State::kReset)) return;
    if (asked_write || !well) vf.since = now;
    if (!well) {
      if (vf.failed == 7)
        vf.state = State::kBroken;
      else
        ++vf.failed;
      return;
    }
    round = true;
    if (asked_write) {
      vf.state = State::kReset;
      vf.failed = 0;
    } else {
      fresh(asked_vf);
    }
  }
  void fresh(unsigned v) {
    vfs[v].state = State::kIdle;
    if (vfs[v].kept) return;
    const unsigned fn = vfs[v].fn, slot = fn / kSlotFns;
    released.push_back(v << 8 | (slot / kSlots + 1) << 16 | slot % kSlots << 24 | fn % kSlotFns << 28);
  }

  bool old(const Vf& vf) const {
    const unsigned limit = vf.failed ? 16 : vf.state == State::kReset ? 100 : drain_ms;
    return static_cast<uint16_t>(now - vf.since) >= limit;
  }
  bool ripe(unsigned v) const {
    const Vf& vf = vfs[v];
    return vf.state == State::kDraining && (old(vf) || (vf.failed == 0 && !busy[v]));
  }
  bool rested(unsigned v) const { return vfs[v].state == State::kReset && old(vfs[v]); }
  bool may_ask(unsigned v) const { return card(v).known && card(v).sriov && offered(v) && (ripe(v) || rested(v)); }

  void look_at_all() {
    for (unsigned v = 0; v < kNumVfs; ++v) {
      Vf& vf = vfs[v];
      const Card& c = card(v);
      const bool left = c.off || (c.known && !(c.sriov && offered(v)));
      if ((ripe(v) && left) || (vf.state == State::kBroken && c.off)) {
        vf.state = State::kReset;
        vf.failed = 0;
        vf.since = now;
      } else if (rested(v) && left) {
        fresh(v);
      }
    }
  }
  void tick() {
    ++now;
    for (Slot& slot : slots) {
      if (slot.resting && static_cast<uint16_t>(now - slot.off_at) >= 1200) slot.resting = slot.hidden = false;
    }
    look_at_all();
  }
  // What comes about by itself when all has been done.
  void settle() {
    if (round) look_at_all();
    round = false;
    show();
  }
  // Of it what servers see, and that can come about between two events as well.
  void show() {
    for (unsigned s = 0; s < kNumSlots; ++s) {
      Slot& slot = slots[s];
      if (!lost[s / kSlots] && (gone[s / kSlots] || !here(s, true))) slot.lost = false;
      if (slot.press && present(s) && !here(s, true)) {
        slot.press = false;
        ++slot.presses;
      }
    }
  }

  regs::Result judge(const Command& c) {
    const unsigned s = (c.user - 1) * kSlots + c.slot, fn = s * kSlotFns + c.fn;
    const bool bad_vf = c.vf >= kNumVfs || c.vf == 0xff;
    const bool bad_slot = c.user == 0 || c.user > kUsers || c.slot >= kSlots;
    if (c.op < kAssign || c.op > kReset) return kUnknownOp;
    const bool own = c.op == kRelease || c.op == kButton || c.op == kDetach;
    if (c.op == kRequest ? c.owner : !c.owner && !own) return kNotAllowed;
    if (c.op == kReset) return !bad_vf && vfs[c.vf].state == State::kBroken ? kDone : kNoSuch;
    if (bad_slot || (c.op == kAssign && (c.fn >= kSlotFns || bad_vf))) return kNoSuch;
    const Slot& slot = slots[s];
    if (c.op == kRequest) return full(s) || slot.releasing ? kSlotBusy : bad_vf && c.vf != 0xff ? kNoSuch : kDone;
    if (c.op == kDeny) return !slot.requested ? kNoRequest : c.vf == 0 || c.vf > 15 ? kNoSuch : kDone;
    if (c.op == kRelease && slot.requested) return kDone;
    if (c.op == kAssign) {
      if (vfs[c.vf].state == State::kBroken) return kVfBroken;
      if (vfs[c.vf].owned()) return kVfInUse;
      if (of(fn)) return kFnInUse;
      if (full(s) && device(s) != c.vf / kVfs) return kOtherCard;
      return slot.releasing || (full(s) && slot.powered) ? kSlotBusy : kDone;
    }
    if (!full(s)) return kSlotEmpty;
    if (c.op == kForce || (c.op == kButton && slot.releasing)) return kDone;
    return slot.releasing || slot.led == Led::kBlinking ? kSlotBusy : kDone;
  }

  void command(const Command& c) {
    result = judge(c);
    if (result != kDone) return;
    if (c.op == kReset) {
      vfs[c.vf].state = State::kDraining;
      vfs[c.vf].failed = 0;
      round = true;
      return;
    }
    const unsigned s = (c.user - 1) * kSlots + c.slot;
    Slot& slot = slots[s];
    const bool withdraws = c.op == kRelease && slot.requested;
    if (c.op == kAssign || c.op == kRequest || c.op == kDeny) ++events;
    if (c.op == kRequest) slot.requested = true;
    if (c.op == kAssign || c.op == kDeny || withdraws) slot.requested = false;
    if (gone[s / kSlots]) slot.requested = false;
    if (c.op == kAssign) {
      if (!full(s)) {
        slot.quiet = c.button;
        slot.press = slot.came = c.button;
        slot.hidden = slot.resting;
      }
      vfs[c.vf].kept = true;
      vfs[c.vf].fn = s * kSlotFns + c.fn;
      if (gone[s / kSlots]) slot.press = slot.hidden = false;
    }
    const bool leaves = (c.op == kRelease && !withdraws) || c.op == kDetach;
    if (c.op == kButton || (leaves && slot.powered && c.op == kRelease)) ++slot.presses;
    if (leaves && slot.powered) slot.releasing = true;
    if (c.op == kForce || (leaves && !slot.powered)) let_go(s, true);
  }
};

}  // namespace pool
