// SPDX-License-Identifier: Apache-2.0
// What real guests see: MMIO round trip, throughput, packet rate, boot time, and what the simulator costs. One topology
// a run: the pool, or the same card with its VFs attached directly (attach = "direct"), to be compared with each other.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <regex>
#include <thread>

#include "app/control_client.hpp"
#include "figures.hpp"
#include "lab/ask.hpp"
#include "lab/lab.hpp"

namespace vfpool::bench {
namespace {

using nlohmann::json;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

constexpr const char* kWireHost = "10.82.0.254";

double seconds_since(Clock::time_point t) { return std::chrono::duration<double>(Clock::now() - t).count(); }

class LabBench {
 public:
  struct Plan {
    int seconds = 5;  ///< of each stream
    int repeats = 3;  ///< of each stream
    int reads = 2000;
    std::filesystem::path mmio_rtt;
  };

  LabBench(lab::Lab& lab, Figures& figures, Plan plan)
      : lab_(lab),
        figures_(figures),
        plan_(std::move(plan)),
        pooled_(lab.topology().servers.size() == 3),
        control_(lab.file("control.sock")) {}

  void measure() {
    const auto began = Clock::now();
    lab_.up();
    figures_.add(fmt::format("{} servers booting together, until all answer", lab_.vm_names().size()), "s",
                 {seconds_since(began)});
    if (pooled_) share_the_card();
    for (unsigned n = 1; n <= 2; ++n) bring_up(n);
    idle();
    round_trip_of_reads();
    latency();
    tcp();
    for (const int size : {64, 512, 1472}) udp(size);
    boot_alone();
  }

 private:
  std::string text(const std::string& vm, const std::string& sh, int limit = 60) {
    const auto r = lab_.vm(vm).run(sh, std::chrono::seconds(limit));
    if (r.rc != 0) throw std::runtime_error(fmt::format("{}: {}: {}{}", vm, sh, r.out, r.err));
    return lab::trimmed(r.out);
  }

  void wait_until(const std::string& vm, const std::string& sh, int limit) {
    const auto end = Clock::now() + std::chrono::seconds(limit);
    while (lab_.vm(vm).run(sh).rc != 0) {
      if (Clock::now() > end)
        throw std::runtime_error(
            fmt::format("{}: not within {} s: {}\n{}", vm, limit, sh, lab_.vm(vm).run("dmesg | tail").out));
      std::this_thread::sleep_for(200ms);
    }
  }

  void share_the_card() {
    const std::string pf = "/sys/bus/pci/devices/" + text("owner", "lspci -D -d 8086:10f9 | cut -d' ' -f1");
    text("owner", fmt::format("ip link set $(ls {}/net) up", pf));
    wait_until("owner", fmt::format("[ \"$(cat {}/net/*/carrier)\" = 1 ]", pf), 20);
    text("owner", fmt::format("echo 4 > {}/sriov_numvfs", pf));
    const auto end = Clock::now() + 10s;
    while (control_.ask({{"op", "status"}})["vfs"].size() != 4) {
      if (Clock::now() > end) throw std::runtime_error("the bridge has not learned the VFs");
      std::this_thread::sleep_for(100ms);
    }
    for (unsigned n = 1; n <= 2; ++n) control_.ask({{"op", "assign"}, {"user", n}, {"slot", 0}, {"vf", n - 1}});
  }

  static std::string user(unsigned n) { return fmt::format("user{}", n); }
  static std::string address(unsigned n) { return fmt::format("10.82.0.{}", n); }

  void bring_up(unsigned n) {
    const std::string vm = user(n);
    wait_until(vm, "ls /sys/bus/pci/drivers/ixgbevf/*/net/ 2>/dev/null | grep -q .", 60);
    vf_[n] = text(vm, "lspci -D -d 8086:10ed | cut -d' ' -f1");
    const std::string dev = fmt::format("$(ls /sys/bus/pci/devices/{}/net)", vf_[n]);
    text(vm, fmt::format("ip address replace {}/24 dev {}; ip link set {} up", address(n), dev, dev));
    wait_until(vm, fmt::format("[ \"$(cat /sys/bus/pci/devices/{}/net/*/carrier)\" = 1 ]", vf_[n]), 30);
    wait_until(vm, fmt::format("ping -c 1 -W 1 {}", kWireHost), 20);
  }

  int sim() { return lab_.sim()->pid(); }
  std::uint64_t cycles() { return pooled_ ? control_.ask({{"op", "counters"}})["cycles"].get<std::uint64_t>() : 0; }

  void idle() {
    std::this_thread::sleep_for(3s);
    const double before = cpu_seconds(sim());
    const std::uint64_t c = cycles();
    std::this_thread::sleep_for(10s);
    figures_.add("vfpool-sim while all guests idle", "% of a CPU", {(cpu_seconds(sim()) - before) / 10 * 100});
    if (pooled_) figures_.add("RTL cycles while all guests idle", "cycles/s", {static_cast<double>(cycles() - c) / 10});
  }

  // Without driver: its own accesses would be in the figures, and the kernel lets nobody else map what a driver holds.
  void round_trip_of_reads() {
    std::ifstream in(plan_.mmio_rtt, std::ios::binary);
    const std::string program((std::istreambuf_iterator<char>(in)), {});
    if (program.empty()) throw std::runtime_error("cannot read " + plan_.mmio_rtt.string());
    lab_.vm("user1").put("/tmp/mmio_rtt", program, true);
    text("user1", fmt::format("echo {} > /sys/bus/pci/drivers/ixgbevf/unbind", vf_[1]));
    mmio("MMIO read of a VF register, round trip in the guest", vf_[1], 0x8);
    text("user1", fmt::format("echo {} > /sys/bus/pci/drivers/ixgbevf/bind", vf_[1]), 120);
    bring_up(1);
    if (pooled_)
      mmio("MMIO read of a bridge register, round trip in the guest",
           text("user1", "lspci -D -d 10ee:8086 | cut -d' ' -f1"), 0);
  }

  void mmio(const std::string& name, const std::string& bdf, unsigned offset) {
    const std::string device = "/sys/bus/pci/devices/" + bdf;
    text("user1", fmt::format("echo 1 > {}/enable", device));
    std::vector<double> median;
    json runs = json::array();
    for (int i = 0; i < 5; ++i) {
      const json j =
          json::parse(text("user1", fmt::format("/tmp/mmio_rtt {}/resource0 {} {}", device, offset, plan_.reads), 120));
      median.push_back(j["median_ns"].get<double>() / 1e3);
      runs.push_back(j);
    }
    figures_.raw(name, runs);
    figures_.add(name, "us", median);
    text("user1", fmt::format("echo 0 > {}/enable", device));
  }

  void latency() {
    for (const auto& [name, target] :
         {std::pair<std::string, std::string>{"user to the wire", kWireHost}, {"user to user", address(2)}}) {
      const std::string out = text("user1", fmt::format("ping -q -c 100 -i 0.05 {}", target));
      std::smatch m;
      if (!std::regex_search(out, m, std::regex("= ([0-9.]+)/([0-9.]+)/([0-9.]+)")))
        throw std::runtime_error("ping printed " + out);
      figures_.raw("ping, " + name, out);
      figures_.add("ping, " + name + ", mean of 100", "ms", {std::stod(m.str(2))});
    }
  }

  // One run of iperf3 in user1 together with what it cost the simulator.
  json iperf(const std::string& arguments, const std::string& target) {
    std::optional<lab::Background> server;
    if (target != kWireHost) {
      server.emplace(lab_.vm("user2").spawn("iperf3 -s -1"));
      std::this_thread::sleep_for(1s);
    }
    const double cpu = cpu_seconds(sim());
    const std::uint64_t c = cycles();
    const auto began = Clock::now();
    const auto r = lab_.vm("user1").run(fmt::format("iperf3 -J -t {} {} -c {}", plan_.seconds, arguments, target),
                                        std::chrono::seconds(plan_.seconds + 60));
    const double took = seconds_since(began);
    const json j = json::parse(r.out, nullptr, false);
    if (server) server->signal(15);
    if (j.is_discarded() || !j.contains("end") || !j["end"].contains("sum")) {
      if (j.is_discarded() || !j.contains("end") || !j["end"].contains("sum_received"))
        throw std::runtime_error(fmt::format("iperf3 {} {}: {} {}", arguments, target, r.out.substr(0, 500), r.err));
    }
    return {{"iperf3", j},
            {"sim_cpu_seconds", cpu_seconds(sim()) - cpu},
            {"wall_seconds", took},
            {"rtl_cycles", cycles() - c}};
  }

  void tcp() {
    for (const auto& [name, arguments, target] :
         {std::tuple<std::string, std::string, std::string>{"user to the wire", "", kWireHost},
          {"the wire to user", "-R", kWireHost},
          {"user to user", "", address(2)}}) {
      std::vector<double> mbits, load, rate, busy_rate, per_segment;
      json runs = json::array();
      for (int i = 0; i < plan_.repeats; ++i) {
        const json run = iperf(arguments, target);
        mbits.push_back(run["iperf3"]["end"]["sum_received"]["bits_per_second"].get<double>() / 1e6);
        const double cpu = run["sim_cpu_seconds"], wall = run["wall_seconds"], c = run["rtl_cycles"];
        load.push_back(cpu / wall * 100);
        rate.push_back(c / wall / 1e3);
        busy_rate.push_back(c / cpu / 1e3);
        per_segment.push_back(c / (run["iperf3"]["end"]["sum_received"]["bytes"].get<double>() / 1448));
        runs.push_back(run);
      }
      figures_.raw("TCP, " + name, runs);
      figures_.add("TCP, " + name, "Mbit/s", mbits);
      figures_.add("TCP, " + name + ": vfpool-sim", "% of a CPU", load);
      if (!pooled_) continue;
      figures_.add("TCP, " + name + ": RTL cycles for 1448 bytes, all in", "cycles", per_segment);
      figures_.add("TCP, " + name + ": RTL cycles", "kcycles/s", rate);
      figures_.add("TCP, " + name + ": RTL cycles a CPU second of vfpool-sim", "kcycles/s", busy_rate);
    }
  }

  // As fast as the sender can; what arrives counts.
  void udp(int size) {
    for (const auto& [name, target] :
         {std::pair<std::string, std::string>{"user to the wire", kWireHost}, {"user to user", address(2)}}) {
      std::vector<double> sent, received, mbits;
      json runs = json::array();
      for (int i = 0; i < plan_.repeats; ++i) {
        const json run = iperf(fmt::format("-u -b 0 -l {}", size), target);
        const json& sum = run["iperf3"]["end"]["sum"];
        const double packets = sum["packets"], lost = sum["lost_packets"], seconds = sum["seconds"];
        sent.push_back(packets / seconds);
        received.push_back((packets - lost) / seconds);
        mbits.push_back((packets - lost) * size * 8 / seconds / 1e6);
        runs.push_back(run);
      }
      const std::string title = fmt::format("UDP {} bytes, {}", size, name);
      figures_.raw(title, runs);
      figures_.add(title + ": sent", "packets/s", sent);
      figures_.add(title + ": received", "packets/s", received);
      figures_.add(title + ": received", "Mbit/s", mbits);
    }
  }

  void boot_alone() {
    lab::Vm& vm = lab_.vm("user2");
    std::vector<double> took;
    for (int i = 0; i < 3; ++i) {
      vm.stop();
      vm.start();
      took.push_back(vm.wait_ready(120s));
    }
    figures_.add("one server booting, until it takes commands", "s", took);
  }

  lab::Lab& lab_;
  Figures& figures_;
  Plan plan_;
  bool pooled_;
  app::ControlClient control_;
  std::string vf_[3];
};

}  // namespace
}  // namespace vfpool::bench

int main(int argc, char** argv) {
  CLI::App cli("Measurements with Linux guests on one topology.");
  std::string topology, folder, out;
  vfpool::bench::LabBench::Plan plan{.mmio_rtt = std::filesystem::canonical(argv[0]).parent_path() / "mmio_rtt"};
  cli.add_option("--topology", topology, "topology file")->required();
  cli.add_option("--dir", folder, "run folder")->required();
  cli.add_option("--out", out, "file for the raw data")->required();
  cli.add_option("--seconds", plan.seconds, "length of each stream")->capture_default_str()->check(CLI::Range(1, 3600));
  cli.add_option("--repeats", plan.repeats, "runs of each stream")->capture_default_str()->check(CLI::Range(1, 100));
  CLI11_PARSE(cli, argc, argv);
  vfpool::bench::Figures figures(argc, argv);
  int result = 0;
  try {
    vfpool::lab::Lab lab({.topology = topology, .folder = folder, .sim_program = {}, .progress = {}});
    vfpool::bench::LabBench(lab, figures, plan).measure();
    lab.down();
  } catch (const std::exception& e) {
    fmt::print(stderr, "lab_bench: {}\n", e.what());
    result = 1;
  }
  figures.write(out);  // what was measured before a failure is kept
  return result;
}
