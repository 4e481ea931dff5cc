// SPDX-License-Identifier: Apache-2.0
// What TCP and ping lose when a VF is pooled: the same hosts with the card directly below the server, and with the
// Verilated bridge between. All in simulated time.
#include "conversation.hpp"
#include "direct.hpp"
#include "pool.hpp"

namespace vfpool {
namespace {

using namespace std::chrono_literals;
using Sender = Conversation::Sender;

constexpr SimTime kLength = 3ms;
constexpr SimTime kWake = 10us;  // an ordinary server's
// A segment of 1460 bytes takes 1538 bytes of line time: preamble, header, FCS and gap.
constexpr double kLine = 10.0 * 1460 / 1538;

class Tcp : public Pool {
 protected:
  template <class Measure>
  auto pooled(SimTime wake, Measure measure) {
    run(start_owner(2));
    EXPECT_EQ(command(Op::kAssign, 1, 0, 0), Result::kDone);
    Conversation c(user(1), run(plug(1, 0)), *wire.second, wake);
    run(c.start());
    const auto figure = measure(c);
    EXPECT_EQ(nic.counters().rx_no_descriptor + nic.counters().rx_buffer_full, 0u);
    return figure;
  }
  template <class Measure>
  auto direct(SimTime wake, Measure measure) {
    Direct d;
    host::run(d.scheduler, d.start(2));
    Conversation c(d.server, d.vfs.at(0), *d.wire.second, wake);
    host::run(d.scheduler, c.start());
    return measure(c);
  }
};

TEST_F(Tcp, AClientBehindAPooledVfFillsTheLine) {
  const auto rate = [](Conversation& c) { return c.gbps(Sender::kServer, ip::Stream::kMostWindow, kLength); };
  const double without = direct(kWake, rate), with = pooled(kWake, rate);
  EXPECT_GT(without, 0.99 * kLine);
  EXPECT_GT(with, 0.995 * without);
}

TEST_F(Tcp, AServerBehindAPooledVfFillsTheLine) {
  const auto rate = [](Conversation& c) { return c.gbps(Sender::kStation, ip::Stream::kMostWindow, kLength); };
  const double without = direct(kWake, rate), with = pooled(kWake, rate);
  EXPECT_GT(without, 0.99 * kLine);
  EXPECT_GT(with, 0.995 * without);
}

TEST_F(Tcp, APingThroughTheBridgeIsLaterByFarLessThanAMicrosecondAWay) {
  const auto time = [](Conversation& c) {
    c.ping(56);  // ARP comes first
    return c.ping(56);
  };
  const SimTime without = direct(0us, time), with = pooled(0us, time);
  EXPECT_GT(with, without);
  EXPECT_LT(with - without, 2us);
}

}  // namespace
}  // namespace vfpool
