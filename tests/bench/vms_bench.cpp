// SPDX-License-Identifier: Apache-2.0
// airvf and ixgbevf side by side where more than one thing happens: `receive`, several VMs that all receive at the same
// time; `compute`, a job that only computes on the processor that takes the interrupts. Configurations take turns in
// rounds, every second one in reverse order. The record has what was counted; tests/bench/vms_figures.py says what that
// means.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <optional>
#include <sstream>
#include <thread>

#include "vms.hpp"

namespace vfpool::bench {
namespace {

using nlohmann::json;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr seconds kLimit{150};         ///< for what has to end by itself
constexpr milliseconds kSettle{500};   ///< a mode has decided a few times by then
constexpr unsigned kLongest = 60'000;  ///< ms; of a flood that is ended
constexpr unsigned kFew = 10;          ///< datagrams of the test "nothing"
constexpr const char* kNothing = "nothing";
constexpr const char* kCounter = "/airvf-load udp-count 9 90";

/// A load by its name: BYTES@RATE, payload and datagrams per second to each VM.
struct Load {
  std::string name;
  unsigned payload = 0, rate = 0;
};

Load load_of(const std::string& name) {
  Load load{.name = name};
  if (std::sscanf(name.c_str(), "%u@%u", &load.payload, &load.rate) != 2)
    throw std::runtime_error(fmt::format("\"{}\" is no load: BYTES@RATE", name));
  return load;
}

/// The words of a text.
template <class T>
std::vector<T> words_of(const std::string& text) {
  std::istringstream in(text);
  return {std::istream_iterator<T>(in), {}};
}

struct Plan {
  std::string what;
  std::vector<std::string> configs, loads;
  std::vector<unsigned> vms{1};
  unsigned rounds = 3, ms = 600;
};

class Bench {
 public:
  Bench(Vms& vms, const Plan& plan, json& samples) : vms_(vms), plan_(plan), samples_(samples) {
    for (const std::string& name : plan.loads) loads_.push_back(load_of(name));
    total_ = plan.rounds * plan.configs.size() * (plan.vms.size() * loads_.size() + 1);
  }

  void measure() {
    began_ = Clock::now();
    for (unsigned round = 1; round <= plan_.rounds; ++round) {
      std::vector<std::string> order = plan_.configs;
      if (round % 2 == 0) std::reverse(order.begin(), order.end());
      for (const std::string& config : order) {
        vms_.choose(config);
        take(round, config, Load{.name = kNothing, .payload = 64, .rate = few()}, vms_.count());
        for (const unsigned vms : plan_.vms)
          for (const Load& load : loads_) take(round, config, load, vms);
      }
    }
  }

 private:
  /// Datagrams per second of which a test has only a few.
  unsigned few() const { return std::max(1U, kFew * 1000 / plan_.ms); }

  void take(unsigned round, const std::string& config, const Load& load, unsigned vms) {
    json sample = plan_.what == "compute" ? compute(load) : receive(load, vms);
    sample.update({{"round", round}, {"config", config}, {"test", load.name}, {"vms", vms}, {"rate", load.rate}});
    samples_.push_back(std::move(sample));
    const double took = std::chrono::duration<double>(Clock::now() - began_).count();
    const auto left = static_cast<unsigned>(took / static_cast<double>(samples_.size()) *
                                            static_cast<double>(total_ - samples_.size()));
    fmt::print("round {}: {}, {}, VMs: {}; {}:{:02} left\n", round, config, load.name, vms, left / 60, left % 60);
    std::fflush(stdout);
  }

  lab::Background counter(unsigned vm, const char* before = "") {
    auto running = vms_.spawn(vm, fmt::format("exec {} {}", before, kCounter));
    vms_.ask(vm, "listening");
    return running;
  }

  static json result_of(lab::Background& counter) {
    const auto r = counter.wait(kLimit);
    const json result = json::parse(r.out, nullptr, false);
    if (r.rc != 0 || result.is_discarded()) return {{"error", r.out + r.err}};
    return result;
  }

  json counted(unsigned vm) {
    json seen = vms_.look(vm);
    seen["instructions"] = vms_.instructions(vm);
    return seen;
  }

  /// Nothing is on its way at begin and end. Instructions are those between the two looks; of them a few are not the
  /// flood's, which the test "nothing" shows.
  json receive(const Load& load, unsigned vms) {
    std::vector<std::optional<lab::Background>> counters(vms);
    std::vector<json> seen(vms);
    Vms::each(vms, [&](unsigned vm) {
      counters[vm].emplace(counter(vm));
      seen[vm]["begin"] = counted(vm);
    });
    vms_.flood(vms, load.payload, load.rate, plan_.ms);
    Vms::each(vms, [&](unsigned vm) {
      seen[vm]["result"] = result_of(*counters[vm]);
      const json executed = vms_.instructions(vm);
      seen[vm]["end"] = vms_.look(vm);
      seen[vm]["end"]["instructions"] = executed;
    });
    return {{"seen", seen}};
  }

  /// Begin and end lie inside the flood and the job's life. Programs other than the job are on CPU 1.
  json compute(const Load& load) {
    std::optional<lab::Background> counting;
    if (load.name != kNothing) counting.emplace(counter(0, "taskset 2"));
    auto job = vms_.spawn(0, "exec taskset 1 /airvf-load compute /tmp/job");
    vms_.ask(0, "working");
    json seen;
    if (counting) vms_.flood(1, load.payload, load.rate, kLongest);
    std::this_thread::sleep_for(kSettle);
    seen["begin"] = counted(0);
    std::this_thread::sleep_for(milliseconds(plan_.ms));
    seen["end"] = counted(0);  // in the same order: as long after the look
    const bool within = !counting || counting->peek().running;
    if (counting) vms_.end_flood();
    job.signal(SIGTERM);
    job.wait(kLimit);
    vms_.ask(0, "worked");
    if (counting) seen["result"] = result_of(*counting);
    if (!within) seen["result"] = {{"error", "the flood was over before the end"}};
    return {{"seen", json::array({seen})}};
  }

  Vms& vms_;
  const Plan& plan_;
  json& samples_;
  std::vector<Load> loads_;
  std::size_t total_ = 0;
  Clock::time_point began_;
};

}  // namespace
}  // namespace vfpool::bench

int main(int argc, char** argv) {
  using namespace vfpool::bench;
  CLI::App cli("airvf and ixgbevf in several VMs at once, or beside a job that computes.");
  Plan plan;
  Vms::Options options{.folder = {}, .module = {}, .programs = VFPOOL_GUEST_PROGRAMS, .count = 1, .cpus = 1};
  std::string out, configs, loads, numbers = "1";
  // Of an option that is there twice the last one holds (tests/bench/run --append).
  cli.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
  cli.add_option("what", plan.what, "receive or compute")->required()->check(CLI::IsMember({"receive", "compute"}));
  cli.add_option("--module", options.module, "airvf.ko for the lab's kernel")->required();
  cli.add_option("--dir", options.folder, "run folder")->required();
  cli.add_option("--out", out, "file for the record")->required();
  cli.add_option("--configs", configs, "\"A B\": what tests/airvf/guest/choose.sh knows")->required();
  cli.add_option("--loads", loads, "\"BYTES@RATE BYTES@RATE\": payload, datagrams per second to each VM")->required();
  cli.add_option("--vms", numbers, "receive: so many at once, \"1 4\" in turn")->capture_default_str();
  cli.add_option("--rounds", plan.rounds)->capture_default_str()->check(CLI::Range(1, 100));
  cli.add_option("--ms", plan.ms, "length of each flood; of compute: from look to look")
      ->capture_default_str()
      ->check(CLI::Range(100, 60000));
  CLI11_PARSE(cli, argc, argv);
  plan.configs = words_of<std::string>(configs);
  plan.loads = words_of<std::string>(loads);
  plan.vms = words_of<unsigned>(numbers);
  if (plan.vms.empty()) plan.vms = {1};
  options.count = *std::max_element(plan.vms.begin(), plan.vms.end());
  if (plan.what == "compute") {
    plan.vms = {1};
    options.count = 1;
    options.cpus = 2;
  }
  json record{{"what", plan.what}, {"rounds", plan.rounds}, {"ms", plan.ms}, {"samples", json::array()}};
  int result = 0;
  try {
    Vms vms(options);
    vms.up();
    Bench(vms, plan, record["samples"]).measure();
  } catch (const std::exception& e) {
    fmt::print(stderr, "vms_bench: {}\n", e.what());
    result = 1;
  }
  std::ofstream(out) << record.dump(1) << "\n";  // what was measured before a failure is kept
  return result;
}
