// SPDX-License-Identifier: Apache-2.0
// How long VFs take to move between real guests, by phase, and what the traffic of others notices of it. The guests'
// own clocks: under TCG they run with the wall clock, so the phases that are the kernel's work depend on the machine.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <sstream>
#include <thread>

#include "figures.hpp"
#include "lab/ask.hpp"
#include "lab/lab.hpp"

namespace vfpool::bench {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr const char* kPf = "/sys/bus/pci/devices/10000:03:00.0";
constexpr const char* kWireHost = "10.82.0.254";

/// A phase: what is between two steps of a sample ("": its beginning).
struct Phase {
  const char *name, *from, *to;
};
constexpr Phase kIn[] = {{"policy: the owner has decided", "", "assigned"},
                         {"slot: pciehp has switched it on", "assigned", "power_on"},
                         {"pciehp: the function is enumerated", "power_on", "pci_add"},
                         {"driver: the interface is there", "pci_add", "net_add"},
                         {"link: up and carrier", "net_add", "carrier"},
                         {"request to interface", "", "net_add"},
                         {"request to carrier", "", "carrier"}};
constexpr Phase kOut[] = {{"driver: interface gone", "", "net_remove"},
                          {"pciehp: function gone, slot switched off", "net_remove", "power_off"},
                          {"slot: drained, reset, free", "power_off", "released"},
                          {"release to reusable", "", "released"}};

class MoveBench {
 public:
  MoveBench(lab::Lab& lab, Figures& figures) : lab_(lab), figures_(figures) {}

  void up(const std::filesystem::path& programs, const std::filesystem::path& commands) {
    lab_.up();
    for (const std::string vm : {"owner", "user1", "user2"}) {
      lab::put_program(lab_.vm(vm), "/usr/bin/vfpool", commands / "vfpool");
      text(vm, "modprobe vfpool");
    }
    for (const std::string vm : {"user1", "user2"}) {
      lab::put_program(lab_.vm(vm), "/usr/bin/move_times", programs / "move_times");
      text(vm, "modprobe ixgbevf");
    }
    text("owner", fmt::format("ip link set $(ls {}/net) up; echo 4 > {}/sriov_numvfs", kPf, kPf));
    if (!free_again(3)) throw std::runtime_error("the pool has not four free VFs: " + text("owner", "vfpool list"));
  }

  /// Both users at once, each with a VF of its own: most of a move is waiting.
  void times(const std::string& way, int moves) {
    const auto limit = std::chrono::seconds(120 + 60 * moves);
    auto one = lab_.vm("user1").spawn(fmt::format("move_times 0 1 0 {} {}", (moves + 1) / 2, way));
    auto two = lab_.vm("user2").spawn(fmt::format("move_times 0 1 1 {} {}", moves / 2, way));
    std::vector<json> samples;
    for (auto* user : {&one, &two}) {
      const auto r = user->wait(limit);
      std::istringstream lines(r.out);
      for (std::string line; std::getline(lines, line);) samples.push_back(json::parse(line));
      if (r.rc != 0) throw std::runtime_error(fmt::format("move_times: {}{}", r.out, r.err));
    }
    for (const auto& p : kIn) phase(way, "in", p, samples);
    for (const auto& p : kOut) phase(way, "out", p, samples);
    figures_.raw(fmt::format("{} moves", way), samples);
  }

  /// The longest time between two answers to a ping of user 2 every 20 ms, while user 1 moves a VF and while it does
  /// not.
  void gaps(int rounds) {
    text("owner", "vfpool assign 1 2");
    if (!lab::eventually(60s,
                         [&] { return lab_.vm("user2").run("ls /sys/bus/pci/devices/10000:03:00.0/net").rc == 0; }))
      throw std::runtime_error("user2 has no interface");
    text("user2",
         "n=$(ls /sys/bus/pci/devices/10000:03:00.0/net); ip address add 10.82.0.2/24 dev $n; ip link set $n up");
    if (!lab::eventually(60s,
                         [&] { return lab_.vm("user2").run(fmt::format("ping -c 1 -W 1 {}", kWireHost)).rc == 0; }))
      throw std::runtime_error("user2 does not reach the wire");
    std::vector<double> moving, resting;
    json raw = json::array();
    for (int i = 0; i < rounds; ++i) {
      const auto began = std::chrono::steady_clock::now();
      moving.push_back(longest_gap(raw, [&] { text("user1", "move_times 0 1 0 5 fast", 300); }));
      const auto as_long = std::chrono::steady_clock::now() - began;
      resting.push_back(longest_gap(raw, [&] { std::this_thread::sleep_for(as_long); }));
    }
    figures_.add("longest gap in another user's pings (20 ms apart), VFs moving", "ms", moving);
    figures_.add("longest gap in another user's pings (20 ms apart), nothing moving", "ms", resting);
    figures_.raw("pings", raw);
  }

 private:
  std::string text(const std::string& vm, const std::string& sh, int limit = 60) {
    const auto r = lab_.vm(vm).run(sh, std::chrono::seconds(limit));
    if (r.rc != 0) throw std::runtime_error(fmt::format("{}: {}: {}{}", vm, sh, r.out, r.err));
    return lab::trimmed(r.out);
  }

  bool free_again(unsigned vf) {
    const std::string line = fmt::format("vfpool_vf_free{{vf=\"{}\"}} 1\n", vf);
    return lab::eventually(60s,
                           [&] { return lab_.vm("owner").run("vfpool metrics").out.find(line) != std::string::npos; });
  }

  void phase(const std::string& way, const std::string& direction, const Phase& p, const std::vector<json>& samples) {
    std::vector<double> ms;
    for (const auto& s : samples) {
      const auto& steps = s[direction];
      ms.push_back(steps[p.to].get<double>() - (*p.from ? steps[p.from].get<double>() : 0.0));
    }
    figures_.add(fmt::format("{}, {}, {}", direction, way, p.name), "ms", ms);
  }

  /// Between two answers to user 2's pings while `meanwhile` goes on; they are kept in `raw`.
  double longest_gap(json& raw, const std::function<void()>& meanwhile) {
    auto ping = lab_.vm("user2").spawn(fmt::format("ping -D -i 0.02 {}", kWireHost));
    meanwhile();
    ping.signal(SIGINT);
    const auto answers = ping.wait(30s).out;  // lines like "[1700000000.123456] 64 bytes from ..."
    raw.push_back(answers);
    double last = 0, most = 0;
    std::istringstream lines(answers);
    for (std::string line; std::getline(lines, line);) {
      double at;
      if (std::sscanf(line.c_str(), "[%lf] %*d bytes from", &at) != 1) continue;
      if (last > 0) most = std::max(most, at - last);
      last = at;
    }
    if (most == 0) throw std::runtime_error("no answers to pings: " + answers);
    return most * 1e3;
  }

  lab::Lab& lab_;
  Figures& figures_;
};

}  // namespace
}  // namespace vfpool::bench

int main(int argc, char** argv) {
  CLI::App cli("Times of moves between Linux guests, by phase, and what others notice.");
  std::string folder, out;
  std::vector<std::string> what{"fast", "button", "gaps"};
  int moves = 50, rounds = 3;
  cli.add_option("what", what, "of: fast, button, gaps")->check(CLI::IsMember({"fast", "button", "gaps"}));
  cli.add_option("--dir", folder, "run folder")->required();
  cli.add_option("--out", out, "file for the raw data")->required();
  cli.add_option("--moves", moves, "moves of each way")->capture_default_str()->check(CLI::Range(1, 1000));
  cli.add_option("--rounds", rounds, "rounds of five moves, and as long without")->capture_default_str();
  CLI11_PARSE(cli, argc, argv);
  vfpool::bench::Figures figures(argc, argv);
  int result = 0;
  try {
    vfpool::lab::Lab lab({.topology = VFPOOL_TOPOLOGY, .folder = folder, .sim_program = VFPOOL_SIM, .progress = {}});
    vfpool::bench::MoveBench bench(lab, figures);
    bench.up(std::filesystem::canonical(argv[0]).parent_path(), VFPOOL_COMMANDS);
    for (const auto& w : what) w == "gaps" ? bench.gaps(rounds) : bench.times(w, moves);
    lab.down();
  } catch (const std::exception& e) {
    fmt::print(stderr, "move_bench: {}\n", e.what());
    result = 1;
  }
  figures.write(out);  // what was measured before a failure is kept
  return result;
}
