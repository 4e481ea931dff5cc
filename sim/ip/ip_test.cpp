// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "ip/ping.hpp"
#include "ip/stream.hpp"

namespace vfpool::ip {
namespace {

using namespace std::chrono_literals;

// Two hosts on a line without a rate, each frame `delay` on its way.
class TwoHosts : public testing::Test {
 protected:
  Interface::Output line_to(std::unique_ptr<Interface>& other) {
    return [this, &other](std::span<const std::uint8_t> frame) {
      if (lose != 0 && --lose == 0) return true;
      scheduler.after(delay, [&other, bytes = std::vector(frame.begin(), frame.end())] { other->input(bytes); });
      return true;
    };
  }
  void run(SimTime time) {
    const SimTime end = scheduler.now() + time;
    bool over = false;
    scheduler.at(end, [&] { over = true; });
    scheduler.run_until([&] { return over; }, time);
  }
  SimTime ping(unsigned bytes) {
    Ping p(*one, *two);
    p.send(bytes);
    scheduler.run_until([&] { return p.time().has_value(); }, 1s);
    return p.time().value_or(SimTime::max());
  }

  static constexpr SimTime delay = 100us;
  unsigned lose = 0;  // the frame that is lost, counted from now
  Scheduler scheduler{TimeBase::kVirtual};
  std::optional<Stack> stack{scheduler};
  std::unique_ptr<Interface> one, two;

  TwoHosts() {
    one = std::make_unique<Interface>(*stack, Mac{2, 0, 0, 0, 0, 1}, 1, line_to(two));
    two = std::make_unique<Interface>(*stack, Mac{2, 0, 0, 0, 0, 2}, 2, line_to(one));
  }
};

TEST_F(TwoHosts, APingTakesTheLinesTime) {
  ping(56);  // ARP comes first
  EXPECT_EQ(ping(56), 2 * delay);
  EXPECT_EQ(ping(1400), 2 * delay);
}

TEST_F(TwoHosts, AStreamCarriesItsWindowInARoundTrip) {
  for (const unsigned segments : {2u, 8u, 44u}) {
    Stream stream(*one, *two, segments * Stream::kSegment);
    run(20ms);  // slow start is over
    const std::uint64_t before = stream.received();
    constexpr unsigned kRounds = 50;
    run(kRounds * 2 * delay);
    const double windows = static_cast<double>(stream.received() - before) / (segments * Stream::kSegment);
    EXPECT_NEAR(windows, kRounds, 1);
  }
}

TEST_F(TwoHosts, ALostSegmentIsSentAgain) {
  Stream stream(*one, *two);
  run(20ms);
  const std::uint64_t before = stream.received();
  lose = 7;
  run(5s);
  EXPECT_GT(stream.received(), before + 100 * Stream::kMostWindow);
}

TEST_F(TwoHosts, AWindowOfNoWholeSegmentsIsRefused) {
  for (const unsigned window : {0u, 1000u, 45u * Stream::kSegment})
    EXPECT_THROW(Stream(*one, *two, window), std::invalid_argument);
}

TEST_F(TwoHosts, ThereIsOneStack) { EXPECT_THROW(Stack another(scheduler), std::logic_error); }

TEST_F(TwoHosts, ALaterStackGoesOnWithItsTimers) {
  run(10s);
  one.reset();
  two.reset();
  stack.reset();
  Scheduler later(TimeBase::kVirtual);
  Stack next(later);
  // A host that does not answer is asked again by a timer.
  unsigned asked = 0;
  Interface alone(next, Mac{2, 0, 0, 0, 0, 3}, 3, [&](std::span<const std::uint8_t>) { return ++asked > 0; });
  Interface silent(next, Mac{2, 0, 0, 0, 0, 4}, 4, [](std::span<const std::uint8_t>) { return true; });
  Ping p(alone, silent);
  p.send();
  const unsigned before = asked;
  bool over = false;
  later.after(3s, [&] { over = true; });
  later.run_until([&] { return over; }, 4s);
  EXPECT_GT(asked, before);
}

}  // namespace
}  // namespace vfpool::ip
