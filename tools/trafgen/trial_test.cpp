// SPDX-License-Identifier: Apache-2.0
// Searches on a receiver whose limit is known.
#include "trial.hpp"

#include <gtest/gtest.h>

#include <random>
#include <stdexcept>

#include "fake_port.hpp"

namespace vfpool::trafgen {
namespace {

// A device that passes on `pps` frames a second and has no buffer: what comes sooner than one after `1 / pps` is lost.
class Narrow : public FakePort {
 public:
  Narrow(const Nanoseconds& now, double pps) : now_(now), each_(1e9 / pps) {}
  unsigned send() override {
    const std::size_t before = cable.size();
    const unsigned n = FakePort::send();
    for (std::size_t i = before; i < cable.size();) {
      const auto t = static_cast<double>(now_.count());
      if (t >= free_at_) {
        free_at_ = t + each_;
        ++i;
      } else {
        cable.erase(cable.begin() + static_cast<std::ptrdiff_t>(i));
      }
    }
    return n;
  }

 private:
  const Nanoseconds& now_;
  double each_, free_at_ = 0;
};

class TrialTest : public testing::Test {
 protected:
  Nanoseconds now{0};
  Nanoseconds step{100};
  Session::Clock clock = [this] { return now += step; };
  Stops stop = 0;
  static RunPlan plan_of(Nanoseconds length) {
    RunPlan plan;
    plan.course.length = length;
    plan.drain = std::chrono::milliseconds(1);
    return plan;
  }
};

TEST_F(TrialTest, ASearchFindsTheLimitOfAReceiver) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(seed);
  std::mt19937 random(seed);
  for (int round = 0; round < 3; ++round) {
    // Frames a second that the link carries, and of these what the receiver takes.
    Stream stream;
    stream.rate = parse_rate("100 kpps");
    const double limit = std::uniform_real_distribution<double>(0.1, 0.9)(random);
    Narrow port(now, limit * 1e5);
    Session session({stream}, 1e10, &port, &port, clock);
    Search search({{"NDR", 0}}, 0.01);
    while (const auto rate = search.next())
      search.add(trial(session, plan_of(std::chrono::milliseconds(20)), *rate, stop));
    const Bounds b = search.bounds({"NDR", 0});
    EXPECT_FALSE(b.by_sender);
    // Frames leave at looks at the clock, some of which are that much sooner after the one before.
    EXPECT_NEAR(b.low, limit, 0.01 + limit * 0.05) << limit;
    EXPECT_LE(b.low, limit * 1.001);
  }
}

TEST_F(TrialTest, AFrameThatIsStillDueAtTheEndDoesNotCountAgainstTheSender) {
  Stream stream;
  stream.rate = parse_rate("1 kpps");
  FakePort port;
  Session session({stream}, 1e10, &port, &port, clock);
  const Trial t = trial(session, plan_of(std::chrono::microseconds(5'900)), 1, stop);
  EXPECT_TRUE(t.offered) << t.sent;
  EXPECT_EQ(t.loss, 0);
}

TEST_F(TrialTest, ATrialWithoutAFrameIsAnErrorAndNoResult) {
  Stream stream;
  stream.rate = parse_rate("10 pps");
  FakePort port;
  Session session({stream}, 1e10, &port, &port, clock);
  EXPECT_THROW(trial(session, plan_of(std::chrono::milliseconds(10)), 1, stop), std::runtime_error);
}

}  // namespace
}  // namespace vfpool::trafgen
