// SPDX-License-Identifier: Apache-2.0
// The pool among random servers, commands and answers of the device, against a model of its rules. Within a step a
// command, an answer and what happens to slots come within some cycles of each other; afterwards everything must be as
// if they had happened one after the other: slots' events in their order, command and answer at some place among them
// that fits the time.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>

#include POOL_HEADER
#include "pins.hpp"
#include "pool_model.hpp"

namespace {

using bench::get;
using bench::put;
using bench::Random;
using namespace pool;

void raise(uint8_t& pin, unsigned bits) { pin = static_cast<uint8_t>(pin | bits); }
void lower(uint8_t& pin, unsigned bits) { pin = static_cast<uint8_t>(pin & ~bits); }

struct Event {
  unsigned at = 0, touches = 0;  // touches: slots of which no other event of the step may be
  std::function<void(Pool&)> rule;
  std::function<void()> drive;  // the pins, in the cycle `at`
};

class Bench {
 public:
  explicit Bench(uint64_t seed) : random_(seed) {
    pins_.cmd_i = pins_.tick_ms_i = pins_.answer_i = pins_.ask_ready_i = 0;
    pins_.slot_usable_i = pins_.slot_seen_i = pins_.slot_pressed_i = pins_.slot_powered_i = 0;
    pins_.slot_off_i = pins_.slot_gone_i = pins_.slot_lost_i = pins_.slot_reset_i = 0;
    pins_.power_led_i = 0xff;
    pins_.released_ready_i = 1;
    pins_.dev_known_i = pins_.sriov_i = 0;
    pins_.num_vfs_i = 0;
    for (unsigned d = 0; d < kDevices; ++d) {
      put(pins_.off_i, d, 1, 1);
      put(pins_.vf_first_i, 16 * d, 16, kFirst[d]);
      put(pins_.vf_stride_i, 16 * d, 16, kStride[d]);
    }
    for (unsigned v = 0; v < kNumVfs; ++v) put(pins_.vf_busy_i, v, 1, 0);
    pins_.drain_ms_i = static_cast<uint16_t>(now().drain_ms);
    bench::reset(pins_);
    rest();
  }

  void run(unsigned steps) {
    for (unsigned d = 0; d < kDevices; ++d) vfs_on(d, kVfs);
    for (unsigned i = 0; i < steps && !::testing::Test::HasFatalFailure(); ++i) {
      SCOPED_TRACE(i);
      if (i % 200 == 0) {  // a device that does what it should, seldom, or hardly ever; servers that do much or little
        fails_ = std::array{3U, 25U, 97U}[random_.below(3)];
        eager_ = std::array{90U, 20U}[random_.below(2)];
      }
      step();
      for (unsigned ticks = random_.percent(20) ? random_.below(40) : 1; ticks > 0; --ticks) tick();
      if (random_.below(400) == 0) {
        for (int k = 0; k < 1300; ++k) tick();
      }
    }
  }

  // What the runs have come to, so that they are known to reach it.
  unsigned done = 0, refused = 0, resets = 0, looks = 0, released = 0, broken = 0;

 private:
  // Widths of the numbers of a VF and of a slot function; where the devices have their VFs.
  static constexpr unsigned kVfW = kDevices > 1 ? 7 : 6, kFnW = 5, kUserFnW = 4;
  static constexpr std::array<unsigned, 2> kFirst{0x310, 0x801}, kStride{2, 1};
  POOL_MODEL pins_;
  std::vector<Pool> pools_{1};  // what it can be: some of what tells them apart shows only later
  const Pool& now() const { return pools_.front(); }
  void all(const std::function<void(Pool&)>& rule) {
    for (Pool& p : pools_) rule(p);
  }
  Random random_;
  std::array<bool, kDevices> asked_{}, ask_write_{};
  unsigned events_ = 0, fails_ = 0, eager_ = 0;
  std::array<bool, kNumVfs> busy_before_{};
  std::array<unsigned, kNumSlots> presses_{};
  std::vector<unsigned> told_;
  std::optional<regs::Result> result_;

  void clock() {
    pins_.eval();
    for (unsigned s = 0; s < kNumSlots; ++s) presses_[s] += pins_.button_o >> s & 1;
    if (pins_.command_event_o) ++events_;
    if (pins_.released_o && pins_.released_ready_i) told_.push_back(pins_.released_word_o);
    if (pins_.cmd_done_o) result_ = static_cast<regs::Result>(pins_.cmd_result_o);
    const unsigned seen = sees();
    for (unsigned d = 0; d < kDevices; ++d) {
      if (pins_.ask_o & pins_.ask_ready_i & 1U << d) take(d);
    }
    bench::step(pins_);
    pins_.cmd_i = pins_.tick_ms_i = pins_.answer_i = pins_.slot_pressed_i = pins_.slot_reset_i = 0;
    pins_.slot_powered_i &= static_cast<uint8_t>(~(pins_.slot_off_i | pins_.slot_gone_i));
    pins_.slot_usable_i &= pins_.slot_powered_i;
    pins_.slot_off_i = 0;
    pins_.slot_seen_i = static_cast<uint8_t>(seen);
    pins_.released_ready_i = random_.percent(60);
    pins_.eval();
  }

  // As vfp_slot shows it to its server: not before all of it may be used.
  unsigned sees() const { return pins_.slot_present_o & (pins_.slot_seen_i | pins_.slot_ready_o); }

  // Until nothing can change any more; then nothing does, however long the clock goes.
  void rest() {
    for (unsigned i = 0; pins_.busy_o || sees() != pins_.slot_seen_i || (pins_.ask_o & pins_.ask_ready_i); ++i) {
      ASSERT_LT(i, 3000U) << "it never rests";
      clock();
    }
    if (random_.percent(90)) return;
    const auto before = outputs();
    for (int i = 0; i < 40; ++i) clock();
    ASSERT_EQ(outputs(), before) << "it has changed while it said that it would not";
  }
  std::vector<uint64_t> outputs() {
    std::vector<uint64_t> all{pins_.slot_present_o, pins_.slot_ready_o, pins_.slot_quiet_o, pins_.releasing_o,
                              pins_.requested_o,    pins_.fn_there_o,   pins_.fn_active_o,  pins_.ask_o,
                              pins_.button_o,       pins_.released_o,   pins_.timer_o};
    for (unsigned f = 0; f < kNumFns; ++f) all.push_back(vf_of(f));
    for (unsigned v = 0; v < kNumVfs; ++v) {
      all.push_back(get(pins_.vf_owned_o, v, 1));
      all.push_back(fn_of(v));
    }
    return all;
  }

  // Looked up; all that may look find the same.
  unsigned vf_of(unsigned fn) {
    const unsigned user = fn / (kSlots * kSlotFns);
    for (unsigned k = 0; k <= kDevices; ++k) put(pins_.look_fn_i, kFnW * k, kFnW, fn);
    put(pins_.user_fn_i, kUserFnW * user, kUserFnW, fn % (kSlots * kSlotFns));
    pins_.eval();
    const auto vf = static_cast<unsigned>(get(pins_.look_vf_o, 0, kVfW));
    for (unsigned k = 1; k <= kDevices; ++k) EXPECT_EQ(get(pins_.look_vf_o, kVfW * k, kVfW), vf) << "function " << fn;
    EXPECT_EQ(get(pins_.user_vf_o, kVfW * user, kVfW), vf) << "function " << fn;
    return vf;
  }
  unsigned fn_of(unsigned vf) {
    for (unsigned k = 0; k <= kDevices; ++k) put(pins_.whose_vf_i, kVfW * k, kVfW, vf);
    pins_.eval();
    const auto fn = static_cast<unsigned>(get(pins_.whose_fn_o, 0, kFnW));
    for (unsigned k = 1; k <= kDevices; ++k) EXPECT_EQ(get(pins_.whose_fn_o, kFnW * k, kFnW), fn) << "VF " << vf;
    return fn;
  }

  void take(unsigned d) {
    const unsigned place = static_cast<unsigned>(get(pins_.ask_bdf_o, 16 * d, 16)) - kFirst[d];
    ASSERT_FALSE(asked_[d]);
    ASSERT_EQ(place % kStride[d], 0U);
    ASSERT_LT(place / kStride[d], kVfs);
    const unsigned v = d * kVfs + place / kStride[d];
    // An offer that stands is looked at again in the next round.
    std::erase_if(pools_, [&](const Pool& p) {
      Pool before = p;
      before.busy = busy_before_;
      return !p.may_ask(v) && !before.may_ask(v);
    });
    ASSERT_FALSE(pools_.empty()) << "VF " << v << " must not be asked";
    ask_write_[d] = pins_.ask_write_o >> d & 1;
    ASSERT_EQ(ask_write_[d], now().vfs[v].state == State::kDraining);
    ASSERT_EQ(get(pins_.ask_reg_o, 12 * d, 12), 0x0a8U);
    (ask_write_[d] ? resets : looks)++;
    all([&](Pool& p) {
      p.cards[d].asked_vf = v;
      p.cards[d].asked_write = ask_write_[d];
    });
    asked_[d] = true;
  }

  bool answer_pins(unsigned d) {
    const bool pending = !ask_write_[d] && random_.percent(fails_ / 2), failed = random_.percent(fails_);
    put(pins_.answer_i, d, 1, 1);
    put(pins_.status_i, 3 * d, 3, failed ? 1 : 0);
    put(pins_.rdata_i, 32 * d, 32, pending ? 1U << 21 : ~(1U << 21));
    asked_[d] = false;
    return !failed && !pending;
  }
  bool asked() const { return std::ranges::any_of(asked_, std::identity{}); }
  // One of those that have been asked, or of all.
  unsigned some_card(bool asked) {
    const unsigned first = random_.below(kDevices);
    return !asked || asked_[first] ? first : (first + 1) % kDevices;
  }

  void tick() {
    pins_.ask_ready_i = 0;
    for (unsigned d = 0; d < kDevices; ++d) put(pins_.ask_ready_i, d, 1, random_.percent(70));
    auto busy = busy_before_ = now().busy;
    for (unsigned d = 0; d < kDevices; ++d) {
      for (unsigned v = d * kVfs; v < (d + 1) * kVfs && random_.percent(60); ++v)
        busy[v] = busy[v] != random_.percent(10);
    }
    for (unsigned v = 0; v < kNumVfs; ++v) put(pins_.vf_busy_i, v, 1, busy[v]);
    all([&](Pool& p) {
      p.busy = busy;
      p.tick();
    });
    pins_.tick_ms_i = 1;
    clock();
    rest();
    all(&Pool::settle);
    const bool answered = asked() && random_.percent(70);
    if (answered) {
      const unsigned d = some_card(true);
      const bool well = answer_pins(d);
      all([&](Pool& p) { p.answer(d, well); });
      clock();
      rest();
      all(&Pool::settle);
    }
    pins_.ask_ready_i = 0;
    rest();
    if (random_.percent(10)) look();
    check();
    // What is ripe is asked about, if no offer was taken back in this round.
    if (answered || busy_before_ != busy || asked() || pins_.ask_o) return;
    for (unsigned v = 0; v < kNumVfs; ++v) {
      ASSERT_FALSE(std::all_of(pools_.begin(), pools_.end(), [&](const Pool& p) { return p.may_ask(v); }))
          << "VF " << v;
    }
  }

  void vfs_on(unsigned d, unsigned num) {
    all([&](Pool& p) {
      p.cards[d].known = p.cards[d].sriov = true;
      p.cards[d].off = false;
      p.cards[d].num = num;
    });
    card_pins(d);
  }
  void card_pins(unsigned d) {
    const Card& card = now().cards[d];
    put(pins_.dev_known_i, d, 1, card.known);
    put(pins_.sriov_i, d, 1, card.sriov);
    put(pins_.off_i, d, 1, card.off);
    put(pins_.num_vfs_i, 7 * d, 7, card.num);
    clock();
    rest();
    all(&Pool::settle);
    look();
    check();
  }
  // What a device says changes, with nothing else.
  void card() {
    const unsigned d = some_card(false);
    if (now().cards[d].off) {
      vfs_on(d, random_.percent(70) ? kVfs : random_.below(kVfs) + 1);
    } else if (random_.percent(30)) {
      all([d](Pool& p) {
        p.cards[d].known = p.cards[d].off = p.round = true;
        p.cards[d].sriov = false;
        p.cards[d].num = 0;
      });
      card_pins(d);
    } else if (now().cards[d].sriov) {
      const bool lost = random_.percent(50);
      all([&](Pool& p) {
        p.cards[d].known = false;
        p.cards[d].sriov = !lost;
        if (lost) p.card_lost(d);
      });
      card_pins(d);
      if (!lost && random_.percent(50)) vfs_on(d, random_.percent(80) ? now().cards[d].num : random_.below(kVfs) + 1);
    } else {
      vfs_on(d, now().cards[d].num);
    }
  }

  std::optional<Event> some_event() {
    const unsigned s = random_.below(kNumSlots), u = s / kSlots, bit = 1U << s, both = 3U << u * kSlots;
    Event e;
    e.touches = bit;
    switch (random_.below(9)) {
      case 0:
      case 1:
      case 2:
        if (now().slots[s].powered) {
          e.rule = [s](Pool& p) { p.switched_off(s); };
          e.drive = [this, bit] { raise(pins_.slot_off_i, bit); };
        } else {
          if (now().gone[u]) return {};
          e.rule = [s](Pool& p) { p.slots[s].powered = true; };
          e.drive = [this, bit] {
            raise(pins_.slot_powered_i, bit);
            raise(pins_.slot_usable_i, bit);
          };
        }
        break;
      case 3:
        e.touches = 0;
        e.rule = [s](Pool& p) { p.let_go(s, false); };
        e.drive = [this, bit] { raise(pins_.slot_reset_i, bit); };
        break;
      case 4:
        if (!random_.percent(30)) return {};
        e.touches = both;
        if (now().gone[u]) {
          e.rule = [u](Pool& p) { p.gone[u] = false; };
          e.drive = [this, both] { lower(pins_.slot_gone_i, both); };
        } else {
          e.rule = [u](Pool& p) { p.goes(u); };
          e.drive = [this, both, u] {
            raise(pins_.slot_gone_i, both);
            for (unsigned k = u * kSlots; k < (u + 1) * kSlots; ++k)
              put(pins_.power_led_i, 2 * k, 2, unsigned(Led::kOff));
          };
        }
        break;
      case 5:
        if (!random_.percent(30)) return {};
        e.touches = both;
        if (now().lost[u]) {
          e.rule = [u](Pool& p) { p.lost[u] = false; };
          e.drive = [this, both] { lower(pins_.slot_lost_i, both); };
        } else {
          e.rule = [u](Pool& p) { p.loses(u); };
          e.drive = [this, both] { raise(pins_.slot_lost_i, both); };
        }
        break;
      case 6:
        e.touches = 0;
        e.rule = [s](Pool& p) { p.slots[s].releasing = false; };
        e.drive = [this, bit] { raise(pins_.slot_pressed_i, bit); };
        break;
      default: {
        if (now().gone[u]) return {};
        const auto led = static_cast<Led>(random_.below(3) + 1);
        e.rule = [s, led](Pool& p) { p.led(s, led); };
        e.drive = [this, s, led] { put(pins_.power_led_i, 2 * s, 2, unsigned(led)); };
      }
    }
    return e;
  }

  Command some_command() {
    Command c;
    c.op = static_cast<regs::Op>(random_.percent(95) ? random_.below(8) + 1 : random_.below(16));
    c.owner = c.op == kRequest ? random_.percent(10) : random_.percent(85);
    if (random_.percent(40)) c.op = kAssign;
    c.user = random_.percent(95) ? random_.below(kUsers) + 1 : random_.below(6);
    c.slot = random_.percent(95) ? random_.below(kSlots) : random_.below(16);
    c.fn = random_.percent(95) ? random_.below(4) : random_.below(16);
    c.vf = random_.percent(80) ? some_card(false) * kVfs + random_.below(12) : random_.below(256);
    if (c.op == kReset) {
      for (unsigned v = 0; v < kNumVfs; ++v) {
        if (now().vfs[v].state == State::kBroken && random_.percent(50)) c.vf = v;
      }
    }
    c.button = random_.percent(30);
    return c;
  }

  void step() {
    if (random_.percent(1 + eager_ / 20)) {
      card();
      return;
    }
    std::vector<Event> events;
    unsigned touched = 0;
    const unsigned window = random_.percent(50) ? 12 : 60;
    for (unsigned n = random_.percent(eager_) ? random_.below(4) : 0; n > 0; --n) {
      std::optional<Event> e = some_event();
      if (!e || (e->touches & touched)) continue;
      touched |= e->touches;
      e->at = random_.below(window);
      events.push_back(*e);
    }
    std::stable_sort(events.begin(), events.end(), [](const Event& a, const Event& b) { return a.at < b.at; });

    std::optional<Command> command;
    if (random_.percent(eager_)) command = some_command();
    const unsigned command_at = random_.below(window);
    const bool answers = asked() && random_.percent(50);
    const unsigned who = some_card(answers);
    const unsigned answer_at = random_.below(window);
    bool well = false;

    result_.reset();
    unsigned done_at = 0;
    for (unsigned t = 0; t < window || pins_.busy_o || (command && !result_); ++t) {
      ASSERT_LT(t, 4000U) << "it never rests";
      for (const Event& e : events) {
        if (e.at == t) e.drive();
      }
      if (command && command_at == t) {
        pins_.cmd_i = 1;
        pins_.cmd_owner_i = command->owner;
        pins_.cmd_word_i = command->pack();
      }
      if (answers && answer_at == t) well = answer_pins(who);
      const unsigned off = pins_.slot_off_i | pins_.slot_reset_i;
      const bool waits = command && !result_;
      clock();
      if (waits && result_) done_at = t;
      // What a slot has to let go is closed in the next cycle.
      for (unsigned s = 0; s < kNumSlots; ++s) {
        ASSERT_TRUE(!(off >> s & 1) || !(pins_.fn_active_o >> s * kSlotFns & 0xff));
      }
    }
    rest();
    look();

    // Each order that the time allows; and servers may have seen what is between two of them, or not.
    const unsigned n = static_cast<unsigned>(events.size());
    std::vector<Pool> fitting, tried;
    for (const Pool& from : pools_) {
      for (unsigned c = 0; c <= n; ++c) {
        if (!command && c > 0) break;
        if (command && c > 0 && events[c - 1].at > done_at) continue;
        if (command && c < n && events[c].at < command_at) continue;
        for (unsigned way = 0; way < 2 * (answers ? n + 2 : 1); ++way) {
          const unsigned a = way / 2;
          Pool p = from;
          unsigned place = 0;
          const auto maybe_answer = [&] {
            if (answers && place++ == a) p.answer(who, well);
          };
          for (unsigned i = 0; i <= n; ++i) {
            if (command && i == c) {
              maybe_answer();
              p.command(*command);
            }
            maybe_answer();
            if (i < n) events[i].rule(p);
            if (way % 2 == 1) p.show();
          }
          if (answers && place <= a) continue;  // there is no such place
          p.settle();
          tried.push_back(p);
          if ((!command || p.result == *result_) && fits(p, false)) fitting.push_back(p);
        }
      }
    }
    if (fitting.empty()) {
      if (command) {
        ADD_FAILURE() << "command " << unsigned(command->op) << " user " << command->user << " slot " << command->slot
                      << " fn " << command->fn << " vf " << command->vf << " owner " << command->owner << " result "
                      << unsigned(*result_) << " at " << command_at << " to " << done_at;
      }
      for (const Event& e : events) ADD_FAILURE() << "event at " << e.at;
      for (Pool& p : tried) {
        ADD_FAILURE() << "not this order:";
        EXPECT_EQ(result_.value_or(p.result), p.result);
        fits(p, true);
      }
      FAIL() << "no order of " << tried.size() << " explains it";
    }
    pools_.clear();
    for (Pool& p : fitting) {
      if (std::find(pools_.begin(), pools_.end(), p) == pools_.end()) pools_.push_back(p);
    }
    if (command) (*result_ == kDone ? done : refused)++;
    settled();
  }

  // The rows as the registers show them. It needs the clock, which changes nothing else.
  void look() {
    looked_ = true;
    for (unsigned v = 0; v < kNumVfs; ++v) {
      pins_.look_vf_i = static_cast<uint8_t>(v);
      bench::step(pins_);
      bench::step(pins_);
      looks_[v] = {pins_.look_assigned_o != 0, static_cast<State>(pins_.look_state_o), pins_.look_fn_o, 0, 0};
    }
  }

  bool fits(Pool& p, bool loud) {
    bool ok = true;
    const auto same = [&](uint64_t is, uint64_t want, const char* what, unsigned index) {
      if (is == want) return;
      ok = false;
      if (loud) ADD_FAILURE() << what << " " << index << " is " << is << ", not " << want;
    };
    for (unsigned s = 0; s < kNumSlots; ++s) {
      Slot& slot = p.slots[s];
      same(pins_.releasing_o >> s & 1, slot.releasing, "releasing", s);
      same(pins_.requested_o >> s & 1, slot.requested, "requested", s);
      if (p.full(s)) same(pins_.slot_quiet_o >> s & 1, slot.quiet, "quiet", s);
      same(pins_.slot_present_o >> s & 1, p.present(s), "present", s);
      same(pins_.slot_ready_o >> s & 1, p.here(s, true) == 0, "ready", s);
      // What came with the button was seen, and its button pressed, before something else happened to it; or it was
      // not.
      if (slot.came && presses_[s] == slot.presses + 1) {
        ++slot.presses;
        slot.press = false;
      }
      same(presses_[s], slot.presses, "presses of slot", s);
    }
    for (unsigned f = 0; f < kNumFns; ++f) {
      const Vf* vf = p.of(f);
      const unsigned v = vf ? static_cast<unsigned>(vf - p.vfs.data()) : 0;
      const bool there = vf && p.card(v).sriov && p.offered(v) && (pins_.slot_usable_i >> f / kSlotFns & 1);
      same(pins_.fn_there_o >> f & 1, there, "there", f);
      same(pins_.fn_active_o >> f & 1, there && vf->state == State::kIdle, "active", f);
      if (vf) same(vf_of(f), v, "VF of function", f);
    }
    for (unsigned v = 0; v < kNumVfs; ++v) {
      const Vf& vf = p.vfs[v];
      same(get(pins_.vf_owned_o, v, 1), vf.owned(), "owned", v);
      if (vf.owned()) same(fn_of(v), vf.fn, "function of VF", v);
      if (!looked_) continue;
      same(looks_[v].kept, vf.kept, "assigned", v);
      same(static_cast<unsigned>(looks_[v].state), static_cast<unsigned>(vf.state), "state", v);
      if (vf.kept) same(looks_[v].fn, vf.fn, "function at a look", v);
    }
    same(events_, p.events, "events", 0);
    std::vector<uint32_t> want = p.released;
    std::vector<uint32_t> is;
    for (unsigned word : told_) is.push_back(word & 0xffffff00U);
    std::sort(want.begin(), want.end());
    std::sort(is.begin(), is.end());
    if (is != want) {
      ok = false;
      if (loud) ADD_FAILURE() << is.size() << " VFs told as released, not the " << want.size() << " that are";
    }
    return ok;
  }
  void check() {
    std::vector<Pool> fitting;
    for (Pool& p : pools_) {
      if (fits(p, false)) fitting.push_back(p);
    }
    if (fitting.empty()) {
      for (Pool& p : pools_) fits(p, true);
      FAIL() << "it is not as it should be";
    }
    pools_ = fitting;
    settled();
  }
  void settled() {
    released += static_cast<unsigned>(told_.size());
    told_.clear();
    looked_ = false;
    all([](Pool& p) {
      p.released.clear();
      for (Slot& slot : p.slots) slot.came = false;
    });
    for (const Vf& vf : now().vfs) broken += vf.state == State::kBroken;
  }

  std::array<Vf, kNumVfs> looks_{};
  bool looked_ = false;
};

TEST(Pool, DoesWhatItsRulesSayInSomeOrder) {
  Bench bench(1);
  bench.run(6000);
  EXPECT_GT(bench.done, 300U);
  EXPECT_GT(bench.refused, 300U);
  EXPECT_GT(bench.resets, 200U);
  EXPECT_GT(bench.looks, 200U);
  EXPECT_GT(bench.released, 100U);
  EXPECT_GT(bench.broken, 0U);
}

}  // namespace
