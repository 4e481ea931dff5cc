// SPDX-License-Identifier: Apache-2.0
// How long VFs take to move between real guests, by phase. The guests' own clocks: under TCG they run with the wall
// clock, so the phases that are the kernel's work depend on the machine. What others notice: vfpool-bench-rtl --moves.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>
#include <sstream>

#include "figures.hpp"
#include "lab/ask.hpp"
#include "lab/lab.hpp"

namespace vfpool::bench {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;

constexpr const char* kPf = "/sys/bus/pci/devices/10000:03:00.0";

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

 private:
  std::string text(const std::string& vm, const std::string& sh, int limit = 60) {
    const auto r = lab_.vm(vm).run(sh, std::chrono::seconds(limit));
    if (r.rc != 0) throw std::runtime_error(fmt::format("{}: {}: {}{}", vm, sh, r.out, r.err));
    return lab::trimmed(r.out);
  }

  bool free_again(unsigned vf) {
    const std::string line = fmt::format("vfpool_vf_free{{card=\"0\",vf=\"{}\"}} 1\n", vf);
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

  lab::Lab& lab_;
  Figures& figures_;
};

}  // namespace
}  // namespace vfpool::bench

int main(int argc, char** argv) {
  CLI::App cli("Times of moves between Linux guests, by phase.");
  std::string folder, out;
  std::vector<std::string> what{"fast", "button"};
  int moves = 50;
  cli.add_option("what", what, "of: fast, button")->check(CLI::IsMember({"fast", "button"}));
  cli.add_option("--dir", folder, "run folder")->required();
  cli.add_option("--out", out, "file for the raw data")->required();
  cli.add_option("--moves", moves, "moves of each way")->capture_default_str()->check(CLI::Range(1, 1000));
  CLI11_PARSE(cli, argc, argv);
  vfpool::bench::Figures figures(argc, argv);
  int result = 0;
  try {
    vfpool::lab::Lab lab({.topology = VFPOOL_TOPOLOGY, .folder = folder, .sim_program = VFPOOL_SIM, .progress = {}});
    vfpool::bench::MoveBench bench(lab, figures);
    bench.up(std::filesystem::canonical(argv[0]).parent_path(), VFPOOL_COMMANDS);
    for (const auto& w : what) bench.times(w, moves);
    lab.down();
  } catch (const std::exception& e) {
    fmt::print(stderr, "move_bench: {}\n", e.what());
    result = 1;
  }
  figures.write(out);  // what was measured before a failure is kept
  return result;
}
