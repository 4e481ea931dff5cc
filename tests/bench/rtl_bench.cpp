// SPDX-License-Identifier: Apache-2.0
// The bridge in simulated time: how many cycles a packet takes through the RTL, how many bytes a cycle go through it,
// and how many cycles this machine simulates in a second. All but the last is the same on every machine.
//
// A latency is counted from the cycle in which the first beat is offered at a port to the cycle in which the last beat
// leaves at another, with nothing else under way. A stream's rate is its payload over the cycles from its first beat
// in to its last beat out, all its packets waiting at the port from the start.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <ctime>
#include <numeric>

#include "../host/pool.hpp"
#include "figures.hpp"
#include "neighbour.hpp"

namespace vfpool::bench {
namespace {

using pcie::Tlp;
using pcie::TlpKind;

constexpr unsigned kMaxPayload = 128;

// Of processor time: what else runs on the machine does not count.
double seconds_since(std::clock_t t) { return static_cast<double>(std::clock() - t) / CLOCKS_PER_SEC; }

// Takes what leaves the device port in place of the card.
class Sink : public pcie::TlpSink {
 public:
  bool room(pcie::FlowClass) const override { return true; }
  void deliver(Tlp tlp) override {
    ++packets;
    bytes += tlp.data.size();
  }
  std::uint64_t packets = 0, bytes = 0;
};

class Rig : public Pool {
 public:
  explicit Rig(Figures& figures) : figures_(figures) {
    bridge.add_tap([this](unsigned port, bool toward, const Tlp& tlp) {
      seen_.push_back({port, toward, tlp.kind(), tlp.data.size(), scheduler.cycles()});
    });
  }
  void TestBody() override {}
  void measure_moves() {
    run(set_up());
    moves();
    neighbours();
  }
  void measure_speed() {
    run(set_up());
    take_the_cards_place();
    wall_rate();
  }

  void measure() {
    run(set_up());
    registers();
    frames();
    take_the_cards_place();
    for (const unsigned payload : {64U, kMaxPayload}) writes({1}, payload);
    writes({1, 2}, kMaxPayload);
    for (const unsigned size : {64U, 512U}) reads({1}, size);
    reads({1, 2}, 512);
    wall_rate();
  }

 private:
  struct Event {
    unsigned port;
    bool toward_bridge;
    TlpKind kind;
    std::size_t bytes;
    std::uint64_t cycle;
  };

  host::Task<> set_up() {
    co_await start_owner(4);
    for (unsigned n = 1; n <= 2; ++n) {
      if (command(Op::kAssign, n, 0, n - 1) != Result::kDone) throw std::runtime_error("a VF cannot be assigned");
      function_[n] = co_await plug(n, 0);
      driver_[n] = std::make_unique<host::VfDriver>(user(n), function_[n]);
      co_await driver_[n]->start();
    }
  }

  void settle() {
    if (!scheduler.run_until([this] { return !bridge.busy() && user(1).root().idle() && user(2).root().idle(); },
                             std::chrono::seconds(1)))
      throw std::runtime_error("the bridge does not come to rest");
    seen_.clear();
  }

  std::uint64_t cycle_of(unsigned port, bool toward_bridge, TlpKind kind) const {
    const auto e = std::find_if(seen_.begin(), seen_.end(), [&](const Event& x) {
      return x.port == port && x.toward_bridge == toward_bridge && x.kind == kind;
    });
    if (e == seen_.end())
      throw std::runtime_error(fmt::format("no such packet at {}", bridge::Bridge::port_name(port)));
    return e->cycle;
  }
  double crossing(unsigned from, unsigned to, TlpKind kind) const {
    return static_cast<double>(cycle_of(to, false, kind) - cycle_of(from, true, kind));
  }

  // A register read and a register write of user 1, alone: the mailbox loop of the owner sleeps.
  void registers() {
    serving.reset();
    std::vector<double> request, answer, round, write, management;
    constexpr std::uint32_t kVfstatus = 0x8, kVfmbmem = 0x200;
    for (int i = 0; i < 20; ++i) {
      settle();
      run(user(1).read32(function_[1].bar[0] + kVfstatus));
      request.push_back(crossing(1, kDevice, TlpKind::kMemRead));
      answer.push_back(crossing(kDevice, 1, TlpKind::kCplData));
      round.push_back(
          static_cast<double>(cycle_of(1, false, TlpKind::kCplData) - cycle_of(1, true, TlpKind::kMemRead)));
      settle();
      user(1).write32(function_[1].bar[0] + kVfmbmem, 0);
      scheduler.run_until([this] { return !seen_.empty() && seen_.back().port == kDevice; },
                          std::chrono::milliseconds(1));
      write.push_back(crossing(1, kDevice, TlpKind::kMemWrite));
      settle();
      run(user(1).read32(find(user_trees[1], 0x8086).bar[0]));
      management.push_back(
          static_cast<double>(cycle_of(1, false, TlpKind::kCplData) - cycle_of(1, true, TlpKind::kMemRead)));
    }
    figures_.add("MMIO read, request: user to device", "cycles", request);
    figures_.add("MMIO read, completion: device to user", "cycles", answer);
    figures_.add("MMIO read, round trip at the user's port", "cycles", round);
    figures_.add("MMIO write (posted): user to device", "cycles", write);
    figures_.add("management register read, answered by the bridge", "cycles", management);
  }

  // What a move is made of, and how long each part took, in ms.
  static constexpr std::array kPhases{"a VF comes, policy: from the request to the assignment",
                                      "a VF comes, slot: presence and link are shown",
                                      "a VF comes, pciehp: power, link, its waits",
                                      "a VF comes, pciehp: the function is enumerated",
                                      "a VF comes, driver: reset, mailbox, queues",
                                      "a VF goes, driver: off",
                                      "a VF goes, slot: switched off, drained, reset, free"};
  using Samples = std::array<std::vector<double>, kPhases.size()>;

  // A VF comes into the second slot of user 1 and goes again, as the commands and pciehp do it. What pciehp waits for
  // by the clock is in it (20 ms before it looks at the link, 100 ms after it: PCIe Base Spec 2.1, 6.6.1), the 5
  // seconds of the button are not, nor what a kernel computes.
  void move(Samples& samples) {
    constexpr unsigned kVf = 2, kSlot = 1;
    const auto users = find(user_trees[1], 0x8086).bar[0], owners = find(owner_tree, 0x8086).bar[0];
    const auto give = [](host::Server& server, std::uint64_t bar, const regs::Command& c) {
      server.write32(bar + regs::Command::kOffset, c.pack());
    };
    const auto slot = [this] { return bridge.read<regs::Slot>(kSlot); };
    // Asked seldom: each look at a register clocks the bridge.
    const auto until = [this](std::chrono::microseconds step, auto is_so) {
      for (int i = 0; !is_so(); ++i) {
        if (i == 10'000) throw std::runtime_error("a move does not go on");
        run(user(1).sleep(step));
      }
    };
    constexpr std::chrono::microseconds kSoon{1}, kLater{100};
    auto last = scheduler.now();
    std::size_t next = 0;
    const auto phase_ends = [&] {
      samples.at(next++).push_back(std::chrono::duration<double, std::milli>(scheduler.now() - last).count());
      last = scheduler.now();
    };
    give(user(1), users, {.op = Op::kRequest, .vf = kVf, .user = 1, .slot = kSlot});
    until(kSoon, [&] { return slot().requested; });
    give(owner(), owners, {.op = Op::kAssign, .vf = kVf, .user = 1, .slot = kSlot});
    until(kSoon, [&] { return bridge.read<regs::Vf>(kVf).assigned; });
    phase_ends();
    until(kSoon, [&] { return slot().present && slot().link; });
    phase_ends();
    run(power(1, kSlot, true));
    run(user(1).sleep(std::chrono::milliseconds(20)));
    until(kSoon, [&] { return slot().usable; });
    run(user(1).sleep(std::chrono::milliseconds(100)));
    phase_ends();
    const auto functions = run(enumerators[1]->slot(slot_port(1, kSlot)));
    phase_ends();
    host::VfDriver driver(user(1), functions.at(0));
    serve();  // the PF's mailbox, to which the driver talks
    run(driver.start());
    serving.reset();
    phase_ends();

    run(driver.stop());
    phase_ends();
    give(user(1), users, {.op = Op::kDetach, .user = 1, .slot = kSlot});
    run(power(1, kSlot, false));
    until(kLater, [&] { return bridge.read<regs::Vf>(kVf) == regs::Vf{}; });
    phase_ends();
  }

  // The second that pciehp gives a slot that it switched off.
  void rest() { run(user(1).sleep(std::chrono::milliseconds(1500))); }

  void moves() {
    Samples samples;
    for (int i = 0; i < 50; ++i) {
      move(samples);
      rest();
    }
    for (std::size_t i = 0; i < kPhases.size(); ++i) figures_.add(kPhases[i], "ms", samples[i]);
  }

  // User 2 gets a packet every 10 us, while user 1 moves a VF and, as long, while it does not.
  void neighbours() {
    Neighbour other(scheduler, bridge, 2, vf_id(2), target_[2]);
    Samples not_used;
    std::vector<double> gap[2], way[2];
    const auto note = [&](bool moving) {
      other.stop();
      rest();
      gap[moving].push_back(other.longest_gap_us());
      way[moving].push_back(other.longest_way());
    };
    for (int i = 0; i < 10; ++i) {
      other.start();
      const auto began = scheduler.now();
      move(not_used);
      const auto as_long = scheduler.now() - began;
      note(true);
      other.start();
      run(user(1).sleep(as_long));
      note(false);
    }
    for (const bool moving : {true, false}) {
      const char* when = moving ? "a VF moves" : "nothing moves";
      figures_.add(fmt::format("another user's packets, 10 us apart, {}: longest gap", when), "us", gap[moving]);
      figures_.add(fmt::format("another user's packets, {}: longest way through the bridge", when), "cycles",
                   way[moving]);
    }
  }

  // One frame from user 1 to user 2: what it costs the bridge in all, descriptors and interrupts included.
  void frames() {
    for (const std::size_t size : {60U, 1514U}) {
      std::vector<double> busy, packets;
      for (int i = 0; i < 20; ++i) {
        settle();
        std::vector<std::uint8_t> frame(size, 0x5a);
        std::copy_n(driver_[2]->mac().begin(), 6, frame.begin());
        std::copy_n(driver_[1]->mac().begin(), 6, frame.begin() + 6);
        const auto before = scheduler.cycles();
        run(driver_[1]->send(frame));
        if (run(driver_[2]->receive()) != frame) throw std::runtime_error("a frame was lost");
        settle_counting(packets);
        busy.push_back(static_cast<double>(scheduler.cycles() - before));
      }
      figures_.add(fmt::format("frame of {} bytes, user to user: TLPs at all ports", size), "TLPs", packets);
      figures_.add(fmt::format("frame of {} bytes, user to user: clocked cycles", size), "cycles", busy);
    }
  }
  void settle_counting(std::vector<double>& packets) {
    scheduler.run_until([this] { return !bridge.busy(); }, std::chrono::seconds(1));
    packets.push_back(
        static_cast<double>(std::count_if(seen_.begin(), seen_.end(), [](const Event& e) { return e.toward_bridge; })));
  }

  void take_the_cards_place() {
    settle();
    bridge.connect(kDevice, sink_);
    std::vector<double> cycles;
    for (int i = 0; i < 20; ++i) {
      settle();
      inject(1, pcie::mem_write(vf_id(1), target_[1], payload(kMaxPayload)));
      settle_only();
      cycles.push_back(crossing(kDevice, 1, TlpKind::kMemWrite));
    }
    figures_.add(fmt::format("DMA write of {} bytes: device to user", kMaxPayload), "cycles", cycles);
  }
  void settle_only() {
    scheduler.run_until([this] { return !bridge.busy(); }, std::chrono::seconds(1));
  }

  pcie::Bdf vf_id(unsigned user_port) const { return owner_vfs.at(user_port - 1).bdf; }
  static std::span<const std::uint8_t> payload(std::size_t size) {
    static const std::vector<std::uint8_t> bytes(4096, 0xa5);
    return std::span(bytes).first(size);
  }
  void inject(unsigned, Tlp tlp) { bridge.input(kDevice).deliver(std::move(tlp)); }

  std::string whom(const std::vector<unsigned>& users) const {
    return users.size() == 1 ? "one user" : fmt::format("{} users in turn", users.size());
  }

  // Payload bytes a cycle over the events of `kind` that leave the ports of `users`, from the first packet in.
  void report(const std::string& name, TlpKind in_kind, TlpKind out_kind, bool out_is_device,
              const std::vector<unsigned>& users) {
    std::uint64_t first = ~0ULL, last = 0, bytes = 0, packets = 0;
    for (const Event& e : seen_) {
      if (e.toward_bridge && e.kind == in_kind) first = std::min(first, e.cycle);
      const bool there =
          out_is_device ? e.port == kDevice : std::find(users.begin(), users.end(), e.port) != users.end();
      if (e.toward_bridge || e.kind != out_kind || !there) continue;
      last = std::max(last, e.cycle);
      bytes += e.bytes;
      ++packets;
    }
    if (packets == 0) throw std::runtime_error(name + ": nothing came through");
    const auto cycles = static_cast<double>(last - first + 1);
    figures_.add(name + ", " + whom(users), "bytes/cycle", {static_cast<double>(bytes) / cycles});
  }

  void writes(const std::vector<unsigned>& users, unsigned size) {
    settle();
    constexpr unsigned kPackets = 2000;
    for (unsigned i = 0; i < kPackets; ++i) {
      const unsigned n = users[i % users.size()];
      inject(n, pcie::mem_write(vf_id(n), target_[n] + size * (i % 64), payload(size)));
    }
    settle_only();
    report(fmt::format("DMA writes of {} bytes", size), TlpKind::kMemWrite, TlpKind::kMemWrite, false, users);
  }

  void reads(const std::vector<unsigned>& users, unsigned size) {
    settle();
    constexpr unsigned kPackets = 1000;
    for (unsigned i = 0; i < kPackets; ++i) {
      const unsigned n = users[i % users.size()];
      inject(n, pcie::mem_read(vf_id(n), static_cast<std::uint8_t>(i & 31), target_[n] + size * (i % 16), size));
    }
    settle_only();
    report(fmt::format("DMA reads of {} bytes, completions", size), TlpKind::kMemRead, TlpKind::kCplData, true, users);
  }

  // Speed of the simulation itself. The work is the same on every run, and in cycles on every machine.
  void wall_rate() {
    std::vector<double> rate, nanoseconds;
    for (int i = 0; i < 7; ++i) {
      settle();
      const auto cycles = scheduler.cycles();
      const auto began = std::clock();
      for (unsigned k = 0; k < 6000; ++k) {
        const unsigned n = 1 + k % 2;
        if (k % 3 == 0)
          inject(n, pcie::mem_read(vf_id(n), static_cast<std::uint8_t>(k & 31), target_[n], 256));
        else
          inject(n, pcie::mem_write(vf_id(n), target_[n], payload(kMaxPayload)));
      }
      settle_only();
      const double done = static_cast<double>(scheduler.cycles() - cycles);
      rate.push_back(done / seconds_since(began) / 1e3);
    }
    figures_.add("simulation speed, bridge busy with DMA of two users", "kcycles/CPU s", rate);
    rate.clear();
    settle();
    for (int i = 0; i < 7; ++i) {
      const auto began = std::clock();
      constexpr unsigned kCycles = 20'000;
      for (unsigned k = 0; k < kCycles; ++k) bridge.cycle();
      rate.push_back(kCycles / seconds_since(began) / 1e3);
    }
    figures_.add("simulation speed, clocked without a packet", "kcycles/CPU s", rate);
  }

  static inline const unsigned kDevice = bridge::Bridge::device_port(0);
  Figures& figures_;
  std::vector<Event> seen_;
  host::Function function_[3];
  std::unique_ptr<host::VfDriver> driver_[3];
  // Memory of the users that nobody else uses.
  std::uint64_t target_[3] = {0, 0x400000, 0x400000};
  Sink sink_;
};

}  // namespace
}  // namespace vfpool::bench

int main(int argc, char** argv) {
  CLI::App cli("Cycles and bytes per cycle through the Verilated bridge.");
  std::string out = "rtl.json";
  bool moves = false, speed = false;
  CLI::Option* only_moves = cli.add_flag("--moves", moves, "how long a VF takes to come and to go, instead");
  cli.add_flag("--speed", speed, "only how many cycles this machine simulates in a second")->excludes(only_moves);
  cli.add_option("--out", out, "file for the raw data")->capture_default_str();
  CLI11_PARSE(cli, argc, argv);
  try {
    vfpool::bench::Figures figures(argc, argv);
    vfpool::bench::Rig rig(figures);
    if (moves)
      rig.measure_moves();
    else if (speed)
      rig.measure_speed();
    else
      rig.measure();
    figures.write(out);
  } catch (const std::exception& e) {
    fmt::print(stderr, "rtl_bench: {}\n", e.what());
    return 1;
  }
  return 0;
}
