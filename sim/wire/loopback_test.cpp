// SPDX-License-Identifier: Apache-2.0
#include "wire/loopback.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vfpool::wire {
namespace {

using testing::ElementsAre;
using testing::Field;

Frame frame_of(std::uint8_t mark, std::size_t size = 60) { return Frame(size, mark); }

class LoopbackTest : public testing::Test {
 protected:
  Wire::Receiver keep(std::vector<Frame>& into) {
    return [&into](Frame f) { into.push_back(std::move(f)); };
  }
  void settle() { scheduler.run(); }

  Scheduler scheduler{TimeBase::kVirtual};
  std::vector<Frame> got;
};

TEST_F(LoopbackTest, PlugReturnsFramesInOrderAndNotInsideSend) {
  Loopback wire(scheduler);
  wire.set_receiver(keep(got));
  wire.send(frame_of(1));
  wire.send(frame_of(2));
  EXPECT_TRUE(got.empty());
  settle();
  EXPECT_THAT(got, ElementsAre(frame_of(1), frame_of(2)));
}

TEST_F(LoopbackTest, CableCarriesFramesOneWayEach) {
  auto [a, b] = Loopback::make_pair(scheduler);
  std::vector<Frame> got_a;
  a->set_receiver(keep(got_a));
  b->set_receiver(keep(got));
  a->send(frame_of(1));
  b->send(frame_of(2));
  settle();
  EXPECT_THAT(got, ElementsAre(frame_of(1)));
  EXPECT_THAT(got_a, ElementsAre(frame_of(2)));
}

TEST_F(LoopbackTest, PausedEndHoldsFramesUntilResumed) {
  auto [a, b] = Loopback::make_pair(scheduler);
  b->set_receiver(keep(got));
  b->set_paused(true);
  a->send(frame_of(1));
  settle();
  EXPECT_TRUE(got.empty());
  b->set_paused(false);
  settle();
  EXPECT_EQ(got.size(), 1U);
}

TEST_F(LoopbackTest, PausedEndDropsWhenItHoldsTooMuch) {
  auto [a, b] = Loopback::make_pair(scheduler);
  b->set_receiver(keep(got));
  b->set_paused(true);
  for (std::size_t i = 0; i < Loopback::kMaxHeld + 5; ++i) a->send(frame_of(1));
  b->set_paused(false);
  settle();
  EXPECT_EQ(got.size(), Loopback::kMaxHeld);
  EXPECT_THAT(b->state(), testing::HasSubstr("5 dropped"));
}

TEST_F(LoopbackTest, LinkFollowsTheOtherEnd) {
  auto [a, b] = Loopback::make_pair(scheduler);
  std::vector<bool> seen;
  a->set_link_handler([&](bool up) { seen.push_back(up); });
  EXPECT_FALSE(a->link_up());
  b->set_receiver(keep(got));
  EXPECT_TRUE(a->link_up());
  b->set_receiver({});
  b->set_receiver(keep(got));
  b.reset();
  EXPECT_FALSE(a->link_up());
  a->send(frame_of(1));
  settle();
  EXPECT_THAT(seen, ElementsAre(true, false, true, false));
}

TEST_F(LoopbackTest, ReceiverThatAnswersDoesNotHoldTheScheduler) {
  Loopback wire(scheduler);
  int rounds = 0;
  wire.set_receiver([&](Frame f) {
    if (++rounds < 1000) wire.send(f);
  });
  wire.send(frame_of(1));
  settle();
  EXPECT_EQ(rounds, 1000);
}

TEST_F(LoopbackTest, RuntFramesAreDropped) {
  Loopback wire(scheduler);
  wire.set_receiver(keep(got));
  wire.send(frame_of(1, kMinFrame - 1));
  wire.send(frame_of(2, kMinFrame));
  settle();
  EXPECT_THAT(got, ElementsAre(frame_of(2, kMinFrame)));
}

}  // namespace
}  // namespace vfpool::wire
