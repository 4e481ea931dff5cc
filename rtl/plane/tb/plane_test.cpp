// SPDX-License-Identifier: Apache-2.0
// All ports joined, with links that the bench speaks and decisions that it makes by the address' upper half. Every
// packet is told apart by a number in its header.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <vector>

#include "pins.hpp"
#include PLANE_HEADER

namespace {

using bench::Cell;
using bench::get;
using bench::get_cell;
using bench::put;
using bench::Random;

constexpr unsigned kUsers = PLANE_USERS, kDevices = PLANE_DEVICES;  // CMakeLists.txt
constexpr unsigned kHosts = kUsers + 1, kPorts = kHosts + kDevices;
constexpr unsigned kDecide = 6;  // cycles from a packet's end to its decision
enum Class { kP = 0, kNp = 1, kCpl = 2 };

struct Packet {
  unsigned from = 0, to = 0, cls = kP;
  uint32_t number = 0;
  std::vector<Cell> cells;
};

bool is_host(unsigned port) { return port < kHosts; }

// A write or read with the number as the upper half of its address, or a completion with it as completer ID and tag.
Packet make_packet(Random& random, unsigned from, unsigned to, unsigned cls, unsigned cells) {
  static uint32_t next = 1;
  Packet p;
  p.from = from, p.to = to, p.cls = cls;
  p.number = next++ & 0xffffff;
  p.cells = bench::random_packet(random, std::max(1U, cells), false);
  const uint32_t dw = cls == kNp ? 1 + random.below(64) : cells * 4;
  bench::Words& h = p.cells.front().hdr;
  if (cls == kCpl)
    h = {0x4a000000U | dw, (p.number & 0xffff) << 16 | (dw * 4 & 0xfff), p.number >> 16 << 8, 0};
  else
    h = {(cls == kP ? 0x60000000U : 0x20000000U) | dw, dw == 1 ? 0x0fU : 0xffU, p.number, 0};
  return p;
}
uint32_t number_of(const bench::Words& h) {
  return (h[0] >> 24 & 0x1f) == 0x0a ? (h[1] >> 16 | (h[2] >> 8 & 0xff) << 16) : h[2];
}

struct Link {
  std::array<std::deque<Packet>, 3> waiting;
  std::function<void()> refill;
  unsigned take_cycles = 0;  // a place for another packet of a class every so many cycles; 0: one a cycle
  bool takes = true;
  bool heeds_room = true;                           // looks at the bridge's room before it begins
  std::deque<std::pair<uint64_t, uint32_t>> begun;  // of the last cycles
  bool was_down = false;                            // posted packets for it may have been dropped
  // State.
  std::array<unsigned, 3> places{4, 4, 4}, places_late{4, 4, 4};
  std::optional<Packet> sending;
  size_t nth = 0;
  unsigned next_class = 0;
  std::deque<std::pair<uint64_t, uint32_t>> undecided;
  size_t out_nth = 0;
  uint32_t out_number = 0;
  uint64_t cells_in = 0, cells_out = 0, packets_out = 0, overruns = 0, bad = 0, dropped = 0, ended = 0;
  std::map<unsigned, uint64_t> cells_from;
};

class Plane {
 public:
  PLANE_MODEL model;
  uint64_t cycle = 0;
  std::array<Link, kPorts> links;
  uint64_t last_in = 0, first_out = 0;

  explicit Plane(Random& random) : random_(random) {
    model.rx_valid_i = 0, model.rx_wait_i = 0, model.link_room_i = 0, model.route_valid_i = 0;
    model.link_i = (1U << kPorts) - 1;
    for (unsigned p = 0; p < kPorts; ++p) put(model.dec_room_i, 3 * p, 3, 7);
    for (unsigned p = 0; p < kPorts; ++p) put(model.weight_i, 5 * p, 5, 4);
    for (unsigned i = 0; i < kPorts * kDevices; ++i) put(model.check_ok_i, i, 1, 1);
    model.tick_ms_i = 0, model.timeout_i = 20, model.quota_i = 60;
    model.cpl_valid_i = 0, model.exp_ready_i = (1U << kPorts) - 1;
    model.tick_us_i = 0, model.stuck_i = 0, model.patience_i = 0, model.release_i = 0;
    model.ended_ready_i = (1U << kPorts) - 1;
    bench::reset(model);
    for (unsigned i = 0; i < 1000 && !model.init_done_o; ++i) step();
    EXPECT_TRUE(model.init_done_o);
    for (int i = 0; i < 10; ++i) step();
  }

  void weight(unsigned port, unsigned w) { put(model.weight_i, 5 * port, 5, w); }
  bool up(unsigned port) const { return model.link_i >> port & 1; }

  void send(unsigned from, unsigned to, unsigned cls, unsigned cells) {
    Packet p = make_packet(random_, from, to, cls, cells);
    links[from].waiting[cls].push_back(std::move(p));
  }
  // Keeps a row of packets at the link of `from`.
  void feed(unsigned from, std::function<void()> one) {
    links[from].refill = [this, from, one] {
      for (unsigned c = 0; c < 3; ++c)
        if (links[from].waiting[c].size() > 20) return;
      one();
    };
  }
  void stop_feeding() {
    for (Link& link : links) {
      link.refill = nullptr;
      for (auto& row : link.waiting) row.clear();
    }
  }

  void run(unsigned cycles) {
    for (unsigned i = 0; i < cycles && !testing::Test::HasFailure(); ++i) step();
  }
  size_t inside() const { return expected_.size(); }
  void drain(unsigned limit) {
    for (unsigned i = 0; i < limit && !quiet() && !testing::Test::HasFailure(); ++i) step();
    EXPECT_TRUE(quiet()) << expected_.size() << " packets are left";
  }
  bool quiet() const {
    return expected_.empty() && std::all_of(links.begin(), links.end(), [](const Link& l) {
             return !l.sending && l.waiting[0].empty() && l.waiting[1].empty() && l.waiting[2].empty();
           });
  }

  void step() {
    model.tick_ms_i = cycle % 2500 == 0;
    model.tick_us_i = cycle % 250 == 0;
    for (unsigned p = 0; p < kPorts; ++p) drive(p);
    model.eval();
    for (unsigned p = 0; p < kPorts; ++p) look(p);
    bench::step(model);
    ++cycle;
  }

  // A link goes down in the middle of what it sends; what it has not sent yet is sent later.
  void cut(unsigned port) {
    model.link_i &= static_cast<uint8_t>(~(1U << port));
    Link& link = links[port];
    link.was_down = true;
    if (!link.sending) return;
    expected_.erase(link.sending->number);
    link.sending.reset();
  }
  void restore(unsigned port) { model.link_i |= static_cast<uint8_t>(1U << port); }

 private:
  void drive(unsigned p) {
    Link& link = links[p];
    if (link.refill) link.refill();
    // To the bridge.
    const unsigned room = static_cast<unsigned>(get(model.rx_room_o, 3 * p, 3));
    unsigned waits = 0;
    for (unsigned c = 0; c < 3; ++c) waits |= static_cast<unsigned>(!link.waiting[c].empty() && !(room >> c & 1)) << c;
    put(model.rx_wait_i, 3 * p, 3, waits);
    if (!link.sending && up(p)) {
      for (unsigned k = 0; k < 3 && !link.sending; ++k) {
        const unsigned c = link.next_class;
        link.next_class = (c + 1) % 3;
        if (link.waiting[c].empty() || (link.heeds_room && !(room >> c & 1))) continue;
        link.sending = link.waiting[c].front();
        link.waiting[c].pop_front();
        link.nth = 0;
        expected_.emplace(link.sending->number, *link.sending);
        link.begun.emplace_back(cycle, link.sending->number);
        if (link.begun.size() > 4) link.begun.pop_front();
      }
    }
    put(model.rx_valid_i, p, 1, link.sending.has_value());
    if (link.sending) {
      bench::put_cell(model.rx_i, p, link.sending->cells[link.nth]);
      ++link.cells_in;
      if (++link.nth == link.sending->cells.size()) {
        last_in = cycle;
        link.sending.reset();
      }
    }
    // decide.
    const bool decided = !link.undecided.empty() && link.undecided.front().first <= cycle;
    put(model.route_valid_i, p, 1, decided);
    if (decided) {
      const Packet& packet = expected_.at(link.undecided.front().second);
      link.undecided.pop_front();
      const unsigned to = is_host(p) ? packet.to - kHosts : packet.to;
      put(model.route_i, 48 * p, 48, uint64_t{1} << 47 | uint64_t{to} << 41 | uint64_t{packet.cls} << 39);
      for (unsigned k = 0; k < 4; ++k) put(model.route_hdr_i, 128 * p + 32 * k, 32, packet.cells.front().hdr[k]);
      const bool data = packet.cls != kNp;
      put(model.route_cells_i, 6 * p, 6, data ? packet.cells.size() : 0);
      order_[{p, packet.to}][packet.cls].push_back(packet.number);
      arrival_[packet.number] = arrivals_++;
    }
    // From the bridge.
    unsigned free = 0;
    for (unsigned c = 0; c < 3; ++c) {
      if (link.takes && link.places[c] < 4 && (link.take_cycles == 0 || cycle % link.take_cycles == 0))
        ++link.places[c];
      free |= static_cast<unsigned>(link.places_late[c] >= 2) << c;
    }
    put(model.link_room_i, 3 * p, 3, free);
  }

  void look(unsigned p) {
    Link& link = links[p];
    if (model.overrun_o >> p & 1) {
      ++link.overruns;
      // It tells of the packet that began two cycles ago.
      for (const auto& [at, number] : link.begun)
        if (at + 2 == cycle) expected_.erase(number);
    }
    link.bad += model.bad_o >> p & 1;
    if (model.dec_valid_o >> p & 1) {
      bench::Words hdr;
      for (unsigned k = 0; k < 4; ++k) hdr[k] = static_cast<uint32_t>(get(model.dec_hdr_o, 128 * p + 32 * k, 32));
      link.undecided.emplace_back(cycle + kDecide, number_of(hdr));
    }
    const unsigned took = static_cast<unsigned>(get(model.take_o, 3 * p, 3));
    for (unsigned c = 0; c < 3; ++c) {
      if (!(took >> c & 1)) continue;
      EXPECT_TRUE(link.places[c] > 0 || link.was_down || (model.contained_o >> p & 1)) << "no room at port " << p;
      if (link.places[c]) --link.places[c];
    }
    link.places_late = link.places;
    if (model.dropped_o >> p & 1) {
      ++link.dropped;
      ++unnamed_drops_[p];
    }
    if (model.ended_valid_o >> p & 1) {
      ++link.ended;
      bench::Words h;
      for (unsigned k = 0; k < 4; ++k) h[k] = static_cast<uint32_t>(get(model.ended_hdr_o, 128 * p + 32 * k, 32));
      const uint32_t number = number_of(h);
      ASSERT_TRUE(expected_.count(number)) << "an end of nobody";
      const Packet packet = expected_.at(number);
      EXPECT_EQ(packet.to, p);
      remove(packet);
    }
    if (model.tx_valid_o >> p & 1) on_tx(p, get_cell(model.tx_o, p));
  }

  void on_tx(unsigned p, const Cell& cell) {
    Link& link = links[p];
    if (cell.sop) {
      first_out = cycle;
      link.out_number = number_of(cell.hdr);
      link.out_nth = 0;
      ASSERT_TRUE(expected_.count(link.out_number)) << "a packet of nobody at port " << p;
    }
    const Packet packet = expected_.at(link.out_number);
    ASSERT_EQ(packet.to, p) << "a packet for another port";
    ASSERT_LT(link.out_nth, packet.cells.size());
    if (cell.sop) {
      ASSERT_EQ(cell.hdr, packet.cells[0].hdr);
    }
    if (packet.cls != kNp) {
      ASSERT_EQ(cell.data, packet.cells[link.out_nth].data) << "cell " << link.out_nth;
    }
    ++link.cells_out;
    ++link.cells_from[packet.from];
    ++link.out_nth;
    ASSERT_EQ(cell.eop, link.out_nth == packet.cells.size());
    if (!cell.eop) return;
    ++link.packets_out;
    auto& rows = order_[{packet.from, packet.to}];
    // Posted packets that were dropped at this port do not say which they were: those that younger ones are ahead of.
    while (link.was_down && packet.cls == kP && unnamed_drops_[p] && rows[kP].front() != packet.number) {
      --unnamed_drops_[p];
      remove(expected_.at(rows[kP].front()));
    }
    EXPECT_EQ(rows[packet.cls].front(), packet.number) << "order of a class";
    if (packet.cls != kP && !rows[kP].empty() && !link.was_down) {
      EXPECT_GT(arrival_.at(rows[kP].front()), arrival_.at(packet.number)) << "a posted packet was overtaken";
    }
    remove(packet);
  }

  void remove(const Packet& packet) {
    auto& row = order_[{packet.from, packet.to}][packet.cls];
    const auto at = std::find(row.begin(), row.end(), packet.number);
    if (at != row.end()) row.erase(at);
    arrival_.erase(packet.number);
    expected_.erase(packet.number);
  }
  Random& random_;
  std::map<uint32_t, Packet> expected_;  // in the bridge, or on its way in
  std::map<std::pair<unsigned, unsigned>, std::array<std::deque<uint32_t>, 3>> order_;
  std::map<uint32_t, uint64_t> arrival_;
  uint64_t arrivals_ = 0;
  std::array<uint64_t, kPorts> unnamed_drops_{};

 public:
  // Forgets the posted packets for a port that was down, which it dropped.
  void forget_dropped(unsigned port) {
    std::vector<Packet> gone;
    for (const auto& [number, packet] : expected_)
      if (packet.to == port && packet.cls == kP && arrival_.count(number)) gone.push_back(packet);
    EXPECT_LE(gone.size(), unnamed_drops_[port]);
    for (const Packet& packet : gone) remove(packet);
    unnamed_drops_[port] = 0;
  }
  // Forgets what was between link and decide when a link went down: packets of the last five cycles before it.
  void forget_cut(unsigned cuts) {
    std::vector<uint32_t> gone;
    for (const auto& [number, packet] : expected_)
      if (!arrival_.count(number)) gone.push_back(number);
    EXPECT_LE(gone.size(), 5 * cuts);
    for (uint32_t number : gone) expected_.erase(number);
  }
};

TEST(Plane, CarriesEverythingWholeInOrderAndOnlyWhereItBelongs) {
  Random random(1);
  Plane plane(random);
  for (unsigned round = 0; round < 60 && !HasFailure(); ++round) {
    for (Link& link : plane.links) link.take_cycles = random.percent(50) ? 0 : 1 + random.below(40);
    for (unsigned p = 0; p < kPorts; ++p) {
      for (unsigned n = random.below(40); n > 0; --n) {
        const unsigned to = is_host(p) ? kHosts + random.below(kDevices) : random.below(kHosts);
        const unsigned cls = random.percent(3) ? kNp : random.percent(50) ? kP : kCpl;
        plane.send(p, to, cls, cls == kNp ? 0 : 1 + random.below(8));
      }
    }
    plane.run(300 + random.below(500));
  }
  for (Link& link : plane.links) link.take_cycles = 0;
  plane.drain(60000);
  for (const Link& link : plane.links) {
    EXPECT_EQ(link.overruns, 0U);
    EXPECT_EQ(link.bad, 0U);
    EXPECT_GT(link.packets_out, 100U);
  }
}

// From the last cell in to the first one out, whatever the class; rewrite adds its register.
TEST(Plane, ADirectWayTakesFifteenCyclesAndRewriteOneMore) {
  Random random(2);
  for (unsigned cls : {kP, kNp, kCpl}) {
    for (unsigned cells : {1U, 8U}) {
      for (bool down : {true, false}) {
        Plane plane(random);
        plane.send(down ? 1 : kHosts, down ? kHosts : 1, cls, cls == kNp ? 0 : cells);
        plane.drain(200);
        // Among many queues the packet's own is found a cycle later.
        const unsigned more = !down && kHosts > 4 ? 1 : 0;
        EXPECT_EQ(plane.first_out - plane.last_in, 2 + kDecide + 7 + more) << cells << " cells, class " << cls;
      }
    }
  }
}

TEST(Plane, OneCellACycleOnAllPortsAtOnce) {
  Random random(3);
  Plane plane(random);
  // Each device takes from one host as much as it gives to another one.
  for (unsigned d = 0; d < kDevices; ++d) {
    plane.feed(1 + d, [&plane, d] { plane.send(1 + d, kHosts + d, kP, 8); });
    plane.feed(kHosts + d, [&plane, d] { plane.send(kHosts + d, 1 + d, kP, 8); });
  }
  plane.run(500);
  std::array<uint64_t, kPorts> before{};
  for (unsigned p = 0; p < kPorts; ++p) before[p] = plane.links[p].cells_out;
  plane.run(4000);
  for (unsigned d = 0; d < kDevices; ++d) {
    EXPECT_GE(plane.links[kHosts + d].cells_out - before[kHosts + d], 3990U);
    EXPECT_GE(plane.links[1 + d].cells_out - before[1 + d], 3990U);
  }
}

TEST(Plane, SharesOfADeviceFollowTheWeights) {
  Random random(4);
  Plane plane(random);
  double sum = 0;
  for (unsigned h = 0; h < kHosts; ++h) {
    plane.weight(h, 1 + 2 * h);
    sum += 1 + 2 * h;
    plane.feed(h, [&plane, &random, h] { plane.send(h, kHosts, kP, 1 + random.below(8)); });
  }
  plane.run(2000);
  auto before = plane.links[kHosts].cells_from;
  const uint64_t all_before = plane.links[kHosts].cells_out;
  plane.run(40000);
  const double all = static_cast<double>(plane.links[kHosts].cells_out - all_before);
  for (unsigned h = 0; h < kHosts; ++h) {
    const double share = static_cast<double>(plane.links[kHosts].cells_from[h] - before[h]) / all;
    EXPECT_NEAR(share / ((1 + 2 * h) / sum), 1.0, 0.02) << "host " << h;
  }
  fmt::print("device's link busy {:.1f} %\n", all / 400);
}

// A host that is stuck, seen from the others: what they send and what they ask a device. Containment ends what it holds
// up.
TEST(Plane, AStuckHostIsContainedAndTheOthersGoOn) {
  Random random(5);
  Plane plane(random);
  plane.model.stuck_i = 20;
  plane.model.patience_i = 10000;
  plane.links[0].takes = false;
  plane.feed(kHosts, [&plane, &random] { plane.send(kHosts, random.below(kHosts), kP, 8); });
  plane.feed(1, [&plane] { plane.send(1, kHosts, kP, 8); });
  plane.run(500);
  const uint64_t up_before = plane.links[kHosts].cells_out;
  plane.run(4000);
  // Towards the device nothing is lost meanwhile.
  EXPECT_GE(plane.links[kHosts].cells_out - up_before, 3990U);
  plane.run(6000);
  EXPECT_EQ(plane.model.contained_o, 1U) << "only the stuck port is contained";
  const uint64_t before = plane.links[1].cells_out;
  plane.run(4000);
  const uint64_t got = plane.links[1].cells_out - before;
  EXPECT_GT(got, 4000U / kHosts * 9 / 10) << "a user gets its part again";
  EXPECT_GT(plane.links[0].dropped, 10U);
}

TEST(Plane, AFloodingHostCostsTheOthersOnlyTheirShare) {
  Random random(6);
  uint64_t alone = 0;
  for (bool flood : {false, true}) {
    Plane plane(random);
    // User 1 sends a packet of 8 cells every 40 cycles, a fifth of the link.
    if (flood)
      plane.feed(0, [&plane, &random] { plane.send(0, kHosts, random.percent(50) ? kP : kCpl, 1 + random.below(8)); });
    for (unsigned i = 0; i < 400; ++i) {
      plane.send(1, kHosts, kP, 8);
      plane.run(40);
    }
    const uint64_t got = plane.links[kHosts].cells_from[1];
    if (flood) {
      EXPECT_GE(got, alone - 16);
    } else {
      alone = got;
    }
  }
  EXPECT_GE(alone, 3180U);
}

// Whoever does not look at the room loses whole packets and is told; all others come out as they went in.
TEST(Plane, APacketWithoutRoomIsRefusedWhole) {
  Random random(8);
  Plane plane(random);
  for (Link& link : plane.links) link.heeds_room = false;
  for (unsigned p = 0; p < kPorts; ++p) {
    plane.links[p].take_cycles = is_host(p) ? 30 * kHosts : 30;  // far less than what comes, everywhere
    for (unsigned n = 0; n < 400; ++n) {
      const unsigned to = is_host(p) ? kHosts + random.below(kDevices) : random.below(kHosts);
      plane.send(p, to, random.percent(50) ? kP : kCpl, 1 + random.below(8));
    }
  }
  plane.drain(60000);
  for (const Link& link : plane.links) {
    EXPECT_GT(link.overruns, 20U);
    EXPECT_GT(link.packets_out, 5U);
  }
}

// Links that go in the middle of packets, hosts' and devices', and come back.
TEST(Plane, LinksThatFlapLeaveNothingHalf) {
  Random random(7);
  Plane plane(random);
  uint64_t bad = 0;
  for (unsigned round = 0; round < 300 && !HasFailure(); ++round) {
    for (unsigned p = 0; p < kPorts; ++p) {
      for (unsigned n = random.below(6); n > 0; --n) {
        const unsigned to = is_host(p) ? kHosts + random.below(kDevices) : random.below(kHosts);
        const unsigned cls = random.percent(50) ? kP : kCpl;
        plane.send(p, to, cls, 1 + random.below(8));
      }
    }
    plane.run(random.below(60));
    const unsigned port = random.below(kPorts);
    plane.cut(port);
    plane.run(1 + random.below(100));
    plane.restore(port);
    plane.run(150);
    if (round % 10 == 9) {
      plane.stop_feeding();
      plane.run(1500);
      for (unsigned p = 0; p < kPorts; ++p) plane.forget_dropped(p);
      plane.forget_cut(10);
      ASSERT_EQ(plane.inside(), 0U);
    }
  }
  for (const Link& link : plane.links) {
    bad += link.bad;
    EXPECT_EQ(link.overruns, 0U);
    EXPECT_GT(link.dropped + link.ended, 0U);
  }
  EXPECT_EQ(bad, 0U) << "a link that goes down breaks no rule of packets";
}

}  // namespace
