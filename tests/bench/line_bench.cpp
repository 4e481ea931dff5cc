// SPDX-License-Identifier: Apache-2.0
// Model servers at 10 Gbit/s in simulated time, the same on every machine.
//   tcp  one stream and pings through a VF, the card directly at the server and behind the Verilated bridge
//   vfs  all 63 VFs of the card behind the bridge, one after the other and all at once
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "../host/all_vfs.hpp"
#include "../host/conversation.hpp"
#include "../host/direct.hpp"
#include "figures.hpp"

namespace vfpool::bench {
namespace {

using Sender = Conversation::Sender;

constexpr SimTime kStream = std::chrono::milliseconds(5), kAll = std::chrono::milliseconds(20);

// From an interrupt to the program that looks: an ordinary server's, and none.
constexpr SimTime kWake = std::chrono::microseconds(10), kAtOnce{0};

double cycles(SimTime t) {
  return static_cast<double>(t.count()) / static_cast<double>(Scheduler::kClockPeriod.count());
}
double microseconds(SimTime t) { return std::chrono::duration<double, std::micro>(t).count(); }

using Pings = std::map<unsigned, std::vector<double>>;  // by bytes, in cycles

void streams(Figures& figures, Conversation& c, const std::string& how) {
  for (const auto& [whose, sender] : {std::pair{"client", Sender::kServer}, std::pair{"server", Sender::kStation}})
    for (const unsigned segments : {4U, 8U, 12U, 16U, 20U, 24U, 32U, 44U})
      figures.point(fmt::format("{}, {}", whose, how), segments,
                    {{"gbps", c.gbps(sender, segments * ip::Stream::kSegment, kStream)}});
}

Pings pings(Figures& figures, Conversation& c, const std::string& how) {
  Pings took;
  for (const unsigned bytes : {56U, 1472U}) {
    c.ping(bytes);  // ARP comes first
    for (int i = 0; i < 20; ++i) took[bytes].push_back(cycles(c.ping(bytes)));
    figures.add(fmt::format("ping of {} bytes, {}", bytes, how), "cycles", took[bytes]);
  }
  return took;
}

class Pooled : public Pool {
 public:
  void TestBody() override {}
  Pings measure(Figures& figures) {
    run(start_owner(2));
    if (command(Op::kAssign, 1, 0, 0) != Result::kDone) throw std::runtime_error("a VF cannot be assigned");
    const host::Function vf = run(plug(1, 0));
    {
      Conversation c(user(1), vf, *wire.second, kWake);
      run(c.start());
      streams(figures, c, "pooled");
    }
    Conversation c(user(1), vf, *wire.second, kAtOnce);
    run(c.start());
    return pings(figures, c, "pooled");
  }
};

Pings without_bridge(Figures& figures) {
  Direct d;
  host::run(d.scheduler, d.start(2));
  {
    Conversation c(d.server, d.vfs.at(0), *d.wire.second, kWake);
    host::run(d.scheduler, c.start());
    streams(figures, c, "direct");
  }
  Conversation c(d.server, d.vfs.at(0), *d.wire.second, kAtOnce);
  host::run(d.scheduler, c.start());
  return pings(figures, c, "direct");
}

void tcp(Figures& figures) {
  figures.axes("tcp", "window, segments of 1460 bytes", "gbps");
  const Pings direct = without_bridge(figures), pooled = Pooled().measure(figures);
  for (const auto& [bytes, samples] : pooled) {
    std::vector<double> more;
    for (std::size_t i = 0; i < samples.size(); ++i) more.push_back(samples[i] - direct.at(bytes)[i]);
    figures.add(fmt::format("ping of {} bytes, added by the bridge", bytes), "cycles", more);
  }
}

class EveryVf : public AllVfs {
 public:
  void TestBody() override {}
  void measure(Figures& figures) {
    figures.axes("vfs", "VF", "us");
    run(start_all());
    std::vector<SimTime> first;
    for (const auto& vf : vfs) first.push_back(alone(*vf));
    together(2, kAll);
    for (std::size_t n = 0; n < vfs.size(); ++n) {
      const Vf& vf = *vfs[n];
      const auto returned = static_cast<double>(vf.returned);
      const std::string where = vf.pooled ? "in a slot of a user" : "at the owner";
      figures.point("alone, " + where, static_cast<double>(n + 1), {{"us", microseconds(first[n])}});
      figures.point("all at once, " + where, static_cast<double>(n + 1),
                    {{"us", 2 * microseconds(kAll) / returned},
                     {"frames", vf.returned},
                     {"packets_a_frame", static_cast<double>(vf.packets) / returned}});
    }
    compare(figures, "frames of each VF, all at once", [](const Vf& vf) { return vf.returned; }, "frames");
    compare(
        figures, "requests of the card a frame, there and back",
        [](const Vf& vf) { return static_cast<double>(vf.packets) / static_cast<double>(vf.returned); }, "TLPs");
    double all = 0;
    for (const auto& vf : vfs) all += static_cast<double>(vf->returned);
    figures.add("all VFs together, frames of 1514 bytes", "Gbit/s",
                {all * kFrame * 8e3 / static_cast<double>(kAll.count())});
  }

 private:
  template <class Of>
  void compare(Figures& figures, const std::string& name, Of of, const std::string& unit) {
    std::vector<double> samples;
    for (const auto& vf : vfs) samples.push_back(static_cast<double>(of(*vf)));
    figures.add(name, unit, samples);
    figures.add(name + ", the 63rd over the first", "ratio", {samples.back() / samples.front()});
  }
};

}  // namespace
}  // namespace vfpool::bench

int main(int argc, char** argv) {
  using namespace vfpool::bench;
  CLI::App cli("Model servers at 10 Gbit/s, in simulated time.");
  std::string what, out = "record.json";
  cli.add_option("experiment", what)->required()->check(CLI::IsMember({"tcp", "vfs"}));
  cli.add_option("--out", out, "file for the raw data")->capture_default_str();
  CLI11_PARSE(cli, argc, argv);
  try {
    Figures figures(argc, argv);
    what == "tcp" ? tcp(figures) : EveryVf().measure(figures);
    figures.write(out);
  } catch (const std::exception& e) {
    fmt::print(stderr, "line_bench: {}\n", e.what());
    return 1;
  }
  return 0;
}
