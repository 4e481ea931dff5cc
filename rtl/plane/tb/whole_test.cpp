// SPDX-License-Identifier: Apache-2.0
// What servers and devices see of the whole data plane (whole.hpp).
#include "whole.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>

namespace {

using namespace whole;

TEST(Whole, EverybodysReadsAndWritesReachWhoTheyAreForAndNobodyElse) {
  Random random(1);
  Whole whole(random);
  for (Link& link : whole.links) link.hurry = 60 + random.below(41);
  for (unsigned i = 0; i < 30000 && !HasFailure(); ++i) {
    whole.everybody(20);
    whole.step();
  }
  whole.drain();
  for (unsigned p = 0; p < kPorts; ++p) {
    EXPECT_GT(whole.links[p].done, 50U) << "reads of port " << p;
    EXPECT_GT(whole.links[p].urs, 5U) << "refused reads of port " << p;
    EXPECT_GT(whole.links[p].packets_out, 300U);
  }
  EXPECT_EQ(whole.lost, 0U);
  EXPECT_GT(whole.reports, 100U);
}

TEST(Whole, VfsChangeHandsUnderTrafficAndNothingOfTheFormerAssignmentLeaves) {
  Random random(2);
  Whole whole(random);
  for (Link& link : whole.links) link.hurry = 70 + random.below(31);
  for (unsigned round = 0; round < 60 && !HasFailure(); ++round) {
    for (unsigned i = random.below(1500); i > 0 && !HasFailure(); --i) {
      whole.everybody(25);
      whole.step();
    }
    for (unsigned n = 1 + random.below(3); n > 0; --n) {
      const unsigned v = random.below(static_cast<uint32_t>(whole.vfs.size()));
      if (!whole.vfs[v].changing) whole.give(v, random.below(kHosts));
    }
    for (unsigned i = 0; i < 1300 && !HasFailure(); ++i) {
      whole.everybody(15);
      whole.step();
    }
  }
  whole.drain();
  uint64_t done = 0;
  for (const Link& link : whole.links) done += link.done;
  EXPECT_GT(done, 500U);
  fmt::print("{} reads answered with data, {} writes of former assignments ended\n", done, whole.lost);
}

TEST(Whole, AServerThatTakesNothingStopsNobodyElse) {
  Random random(3);
  Whole whole(random);
  whole.model.stuck_i = 20;
  const unsigned mute = kHosts - 1;
  whole.links[mute].silent = true;
  for (auto& link : whole.links)
    for (auto& [key, asked] : link.asked) asked.maybe_refused = true;
  for (unsigned i = 0; i < 12000 && !HasFailure(); ++i) {
    for (unsigned h = 0; h < kHosts; ++h)
      if (h != mute && whole.links[h].waiting[kP].size() < 4) whole.host_access(h, true);
    for (unsigned d = 0; d < kDevices; ++d)
      if (whole.links[kHosts + d].waiting[kP].size() < 4) whole.device_access(d, true);
    whole.links[mute].flapped = true;  // what is for it may end
    whole.step();
  }
  EXPECT_EQ(whole.model.contained_o, 1U << mute) << "that port alone is contained";
  std::array<uint64_t, kPorts> before{};
  for (unsigned p = 0; p < kPorts; ++p) before[p] = whole.links[p].packets_out;
  whole.run(100);
  for (unsigned i = 0; i < 4000 && !HasFailure(); ++i) {
    for (unsigned d = 0; d < kDevices; ++d)
      if (whole.links[kHosts + d].waiting[kP].size() < 4) whole.device_access(d, true);
    if (whole.links[0].waiting[kP].size() < 4) whole.host_access(0, true);
    whole.step();
  }
  for (unsigned p = 0; p < kPorts; ++p) {
    if (p == 0 || p >= kHosts) {
      EXPECT_GT(whole.links[p].packets_out, before[p] + 20) << "port " << p << " goes on";
    }
  }
  whole.links[mute].silent = false;
  whole.drain();
  EXPECT_EQ(whole.model.contained_o, 0U) << "a port that takes everything again is let go";
}

// Nor whoever comes after: what is asked from the first cycle on is answered.
TEST(Whole, LinksThatFlapHarmNobodyElse) {
  Random random(4);
  Whole whole(random);
  for (unsigned round = 0; round < 30 && !HasFailure(); ++round) {
    for (unsigned i = 100 + random.below(1500); i > 0 && !HasFailure(); --i) {
      whole.everybody(30);
      whole.step();
    }
    const unsigned port = random.below(kPorts);
    whole.cut(port);
    whole.run(1 + random.below(random.percent(50) ? 10 : 3000));
    whole.restore(port);
  }
  whole.drain();
  for (unsigned p = 0; p < kPorts; ++p) EXPECT_GT(whole.links[p].done, 0U) << "reads of port " << p;
}

// A device that is gone answers nobody: who had asked it hears so at once, not after the time-out.
TEST(Whole, RequestsToADeviceWhoseLinkIsLostEndAtOnce) {
  Random random(7);
  Whole whole(random);
  whole.model.timeout_i = 32767;
  Link& owner = whole.links[0];
  whole.links[kHosts].silent = true;
  while (owner.asked.size() < 8) {
    whole.host_access(0, false);
    whole.run(300);  // what was asked of another device has its answer
  }
  whole.cut(kHosts);
  whole.run(1000);
  EXPECT_TRUE(owner.asked.empty()) << owner.asked.size() << " reads wait";
  EXPECT_GE(owner.urs, 8U);
}

// To a server it is the VF that did not answer, by the name that it has there.
TEST(Whole, AReadWithoutAnAnswerEndsInTheNameOfItsVf) {
  Random random(8);
  Whole whole(random);
  const auto run_unanswered = [&](unsigned cycles) {
    for (unsigned i = 0; i < cycles && !HasFailure(); ++i) {
      whole.run(1);
      for (unsigned d = 0; d < kDevices; ++d) whole.links[kHosts + d].answers.clear();
    }
  };
  for (unsigned i = 0; i < 400; ++i) {
    for (unsigned h = 1; h < kHosts; ++h)
      if (whole.links[h].asked.size() < 4) whole.host_access(h, false);
    run_unanswered(4);
  }
  std::map<unsigned, std::map<std::pair<unsigned, unsigned>, unsigned>> by;
  for (unsigned h = 1; h < kHosts; ++h)
    for (auto& [key, asked] : whole.links[h].asked)
      if (!asked.refused) asked.maybe_refused = true, by[h][key] = asked.cid;
  ASSERT_FALSE(by.empty());
  run_unanswered(12 * kTick);
  for (const auto& [h, reads] : by)
    for (const auto& [key, cid] : reads) EXPECT_EQ(whole.links[h].refused_by[key], cid) << "a read of server " << h;
}

// From the last cell in to the first one out, links included, nothing else on the bridge.
TEST(Whole, LatencyOfAWriteIsTheSumOfItsStages) {
  Random random(5);
  Whole whole(random);
  uint64_t down = 0, up = 0;
  for (unsigned n = 0; n < 20; ++n) {
    whole.host_access(0, true);
    whole.drain(200);
    if (whole.first_out > whole.last_in) down = whole.first_out - whole.last_in;
    whole.device_access(0, true);
    whole.drain(200);
    if (whole.first_out > whole.last_in) up = whole.first_out - whole.last_in;
  }
  fmt::print("latency of a write: {} cycles from the owner to a device, {} from a device\n", down, up);
  EXPECT_EQ(down, 16U);
  EXPECT_EQ(up, 17U);
}

// A user's read and a card's, and their answers, of one cell each. A user's may have to look for its address; an answer
// may meet the walker at its tag: the shortest of many counts.
TEST(Whole, LatencyOfReadsAndTheirAnswersIsTheSumOfTheirStages) {
  Random random(7);
  Whole whole(random);
  // Until a host, or a device, has sent something: cycles from the last cell in to its first one out; 0 if nothing
  // comes.
  const auto way = [&](bool hosts) {
    const auto sent = [&] {
      uint64_t packets = 0;
      for (unsigned p = 0; p < kPorts; ++p)
        if (is_host(p) == hosts) packets += whole.links[p].packets_out;
      return packets;
    };
    const uint64_t before = sent();
    for (unsigned i = 0; i < 300 && sent() == before; ++i) whole.step();
    return sent() == before ? 0 : whole.first_out - whole.last_in;
  };
  std::array<uint64_t, 4> least{1000, 1000, 1000, 1000};
  const auto count = [&](unsigned n, uint64_t cycles) { least[n] = std::min(least[n], cycles); };
  for (unsigned n = 0; n < 40 && !HasFailure(); ++n) {
    whole.host_access(1, false, 1);
    if (const uint64_t cycles = way(false); cycles != 0) count(0, cycles), count(1, way(true));
    whole.drain(200);
    whole.device_access(0, false, 1);
    if (const uint64_t cycles = way(true); cycles != 0) count(2, cycles), count(3, way(false));
    whole.drain(200);
  }
  fmt::print("latency: a user's read {} cycles, its answer {}; a device's read {}, its answer {}\n", least[0], least[1],
             least[2], least[3]);
  EXPECT_EQ(least, (std::array<uint64_t, 4>{19, 19, 17, 19}));
}

TEST(Whole, OneCellACycleBothWaysAtOnce) {
  Random random(6);
  Whole whole(random);
  const auto feed = [&] {
    while (whole.links[0].waiting[kP].size() < 4) {
      Expected e;
      e.from = 0, e.to = kHosts, e.address = Whole::window(0) + 0x1000;
      whole.write_to(0, e.address, port_id(0), 32, e);
    }
    while (whole.links[kHosts].waiting[kP].size() < 4) {
      Expected e;
      e.from = kHosts, e.to = 0, e.address = 0x5000, e.rid = kPf;
      whole.write_to(kHosts, e.address, kPf, 32, e);
    }
  };
  for (unsigned i = 0; i < 500; ++i) feed(), whole.step();
  const uint64_t down = whole.links[kHosts].cells_out, up = whole.links[0].cells_out;
  for (unsigned i = 0; i < 4000; ++i) feed(), whole.step();
  EXPECT_GE(whole.links[kHosts].cells_out - down, 3990U);
  EXPECT_GE(whole.links[0].cells_out - up, 3990U);
  fmt::print("cells in 4000 cycles: {} down, {} up\n", whole.links[kHosts].cells_out - down,
             whole.links[0].cells_out - up);
}

}  // namespace
