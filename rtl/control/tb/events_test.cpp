// SPDX-License-Identifier: Apache-2.0
// The log of events: told once more here. Two users with two slots each.
#include <gtest/gtest.h>

#include <array>
#include <deque>
#include <vector>

#include "Vevents_test.h"
#include "bench.hpp"
#include "bridge/registers.hpp"

namespace {

using bench::Random;

constexpr unsigned kHosts = 3, kSlots = 4;
using Event = vfpool::bridge::regs::EventLog;
using Kind = vfpool::bridge::regs::EventKind;
using enum vfpool::bridge::regs::EventKind;

uint32_t event(Kind kind, uint32_t reason, uint32_t vf, uint32_t user, uint32_t slot, uint32_t fn) {
  return Event{.kind = kind, .reason = reason, .vf = vf, .user = user, .slot = slot, .fn = fn}.pack();
}

Kind kind_of(uint32_t word) { return Event::unpack(word).kind; }

class Events {
 public:
  Vevents_test model;
  std::array<std::vector<uint32_t>, kHosts> log;  // what each host has been told, by what it read
  std::array<uint32_t, kHosts> acked{};
  std::array<unsigned, kHosts> messages{};
  unsigned released = 0;

  Events() {
    model.command_i = model.released_i = model.ask_i = model.ack_i = 0;
    model.slot_powered_i = model.host_link_i = model.frozen_i = model.msi_can_i = 0;
    model.host_i = model.index_i = 0;
    bench::reset(model);
    bench::step(model);
    settle();
  }
  void step() {
    model.eval();
    for (unsigned h = 0; h < kHosts; ++h) messages[h] += model.msi_o >> h & 1;
    const bool taken = model.released_i && model.released_ready_o;
    bench::step(model);
    model.command_i = 0;
    if (taken) model.released_i = 0, ++released;
  }
  void settle() {
    model.eval();
    for (int i = 0; i < 1000 && model.busy_o; ++i) step();
    EXPECT_FALSE(model.busy_o);
  }
  void command(uint32_t word) {
    for (int i = 0; i < 100 && !model.command_room_o; ++i) step();
    ASSERT_TRUE(model.command_room_o);
    model.command_i = 1;
    model.command_event_i = word;
    step();
  }
  void ask(unsigned host, bool ack, uint32_t value) {
    model.ask_i = 1;
    model.ack_i = ack;
    model.host_i = static_cast<uint8_t>(host);
    model.index_i = value & 15;
    model.ack_count_i = value;
    step();
    model.ask_i = 0;
    for (int i = 0; i < 100 && !model.done_o; ++i) step();
    EXPECT_TRUE(model.done_o);
    step();
  }
  uint32_t count(unsigned host) {
    ask(host, false, 0);
    return model.count_o;
  }
  void acknowledge(unsigned host, uint32_t n) { ask(host, true, n); }
  // What came since the last time.
  std::vector<uint32_t> told(unsigned host) {
    const uint32_t now = count(host);
    std::vector<uint32_t> out;
    for (; acked[host] != now; ++acked[host]) {
      ask(host, false, acked[host]);
      out.push_back(model.event_o);
    }
    return out;
  }
};

using List = std::vector<uint32_t>;

TEST(Events, NothingIsToldAfterReset) {
  Events e;
  for (unsigned h = 0; h < kHosts; ++h) {
    EXPECT_EQ(e.count(h), 0U);
    for (unsigned i = 0; i < 16; ++i) {
      e.ask(h, false, i);
      EXPECT_EQ(e.model.event_o, 0U);
    }
  }
}

TEST(Events, WhoIsToldWhat) {
  Events e;
  const uint32_t request = event(kRequest, 1, 0xff, 1, 0, 0), assigned = event(kAssigned, 0, 5, 1, 0, 3);
  const uint32_t denied = event(kDenied, 2, 0xff, 2, 1, 0), freed = event(kReleased, 0, 9, 2, 1, 7);
  e.command(request);
  e.command(assigned);
  e.command(denied);
  e.settle();
  e.model.released_i = 1;
  e.model.released_event_i = freed;
  e.settle();
  EXPECT_EQ(e.released, 1U);
  EXPECT_EQ(e.told(0), (List{request, assigned, denied, freed}));
  EXPECT_EQ(e.told(1), (List{assigned}));
  EXPECT_EQ(e.told(2), (List{denied, freed}));

  e.model.slot_powered_i = 0b1010;
  e.model.host_link_i = 0b101;
  e.model.frozen_i = 1;
  e.settle();
  const uint32_t on1 = event(kPower, 1, 0xff, 1, 1, 0), on3 = event(kPower, 1, 0xff, 2, 1, 0);
  const uint32_t frozen = event(kFrozen, 1, 0xff, 0, 0, 0);
  EXPECT_EQ(e.told(0), (List{on1, on3, frozen, event(kLink, 1, 0xff, 0, 0, 0), event(kLink, 1, 0xff, 2, 0, 0)}));
  EXPECT_EQ(e.told(1), (List{on1, frozen}));
  EXPECT_EQ(e.told(2), (List{on3, frozen}));
  e.model.slot_powered_i = 0b1000;
  e.model.frozen_i = 0;
  e.settle();
  EXPECT_EQ(e.told(1), (List{event(kPower, 0, 0xff, 1, 1, 0), event(kFrozen, 0, 0xff, 0, 0, 0)}));
}

TEST(Events, OneMessageUntilAcknowledged) {
  Events e;
  e.model.host_link_i = 0b111;
  e.model.msi_can_i = 0b011;
  e.settle();
  EXPECT_EQ(e.messages[0], 1U);
  e.command(event(kAssigned, 0, 1, 1, 0, 0));
  e.command(event(kAssigned, 0, 2, 1, 0, 1));
  e.command(event(kAssigned, 0, 3, 2, 0, 1));
  e.settle();
  EXPECT_EQ(e.messages, (std::array<unsigned, kHosts>{1, 1, 0}));
  // One of two: the next message comes at once. Both: with the next event.
  e.acknowledge(1, 1);
  e.settle();
  EXPECT_EQ(e.messages[1], 2U);
  e.acknowledge(1, 2);
  e.settle();
  EXPECT_EQ(e.messages[1], 2U);
  e.command(event(kAssigned, 0, 4, 1, 1, 1));
  e.settle();
  EXPECT_EQ(e.messages[1], 3U);
  // A server that comes back is told anew; one that can be told late is told then.
  e.model.host_link_i = 0b101;
  e.settle();
  e.model.host_link_i = 0b111;
  e.settle();
  EXPECT_EQ(e.messages[1], 4U);
  e.model.msi_can_i = 0b111;
  e.settle();
  EXPECT_EQ(e.messages[2], 1U);
}

// All at once, with hosts that look and acknowledge meanwhile: each host's log has what concerns it, in one order.
TEST(Events, NothingIsLost) {
  Events e;
  Random random(4);
  e.model.msi_can_i = e.model.host_link_i = 0b111;
  e.settle();
  std::array<List, kHosts> read;
  std::array<List, kHosts> sent;  // by commands and releases
  const auto note = [&](uint32_t word) {
    const Event one = Event::unpack(word);
    sent[0].push_back(word);
    if (one.kind != kRequest) sent[one.user].push_back(word);
  };
  for (int i = 0; i < 3000; ++i) {
    const unsigned user = 1 + random.below(2);
    switch (random.below(4)) {
      case 0: {
        const auto kind = static_cast<Kind>(1 + random.below(3));
        const uint32_t word = event(kind, 0, random.below(64), user, random.below(2), random.below(8));
        e.command(word);
        note(word);
        break;
      }
      case 1:
        if (!e.model.released_i) {
          const uint32_t word = event(kReleased, 0, random.below(64), user, random.below(2), random.below(8));
          e.model.released_i = 1;
          e.model.released_event_i = word;
          note(word);
        }
        break;
      case 2: e.model.slot_powered_i = static_cast<uint8_t>(random.below(1U << kSlots)); break;
      default: e.model.frozen_i = random.percent(50); break;
    }
    for (unsigned wait = random.below(30); wait > 0; --wait) e.step();
    for (unsigned h = 0; h < kHosts; ++h) {
      const List more = e.told(h);
      read[h].insert(read[h].end(), more.begin(), more.end());
      if (random.percent(30)) e.acknowledge(h, e.acked[h]);
    }
  }
  e.settle();
  for (unsigned h = 0; h < kHosts; ++h) {
    const List more = e.told(h);
    read[h].insert(read[h].end(), more.begin(), more.end());
    // What has a turn of its own is in order; a release may wait for commands.
    for (const bool releases : {false, true}) {
      List got, want;
      for (const uint32_t word : read[h])
        if (kind_of(word) <= kAssigned ? !releases : releases && kind_of(word) == kReleased) got.push_back(word);
      for (const uint32_t word : sent[h])
        if ((kind_of(word) == kReleased) == releases) want.push_back(word);
      EXPECT_EQ(got, want) << "host " << h;
    }
    // Power and freezing alternate.
    std::array<uint32_t, 1 + 2 * kSlots> last{};
    for (const uint32_t word : read[h]) {
      const Event one = Event::unpack(word);
      if (one.kind != kPower && one.kind != kFrozen) continue;
      uint32_t& state = last[one.kind == kFrozen ? 0 : 1 + one.user * 2 + one.slot];
      EXPECT_EQ(one.reason, 1 - state);
      state = one.reason;
    }
  }
}

}  // namespace
