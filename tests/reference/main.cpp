// SPDX-License-Identifier: Apache-2.0
// bridge_random: random runs of the bridge against the reference model.
//   bridge_random --seed N --length M --runs K      seeds N, N + 1, ...; a failure is made short and printed
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <fstream>

#include "run.hpp"

namespace vfpool::reference {
namespace {

std::optional<Failure> outcome(const std::vector<Step>& steps) { return std::make_unique<Run>()->go(steps); }

// What is written before the first figure tells faults of one rule apart.
bool same_kind(const Failure& a, const Failure& b) {
  const auto head = [](const Failure& f) { return f.what.substr(0, f.what.find_first_of("0123456789")); };
  return a.rule == b.rule && head(a) == head(b);
}

// Takes steps out, in ever smaller pieces, as long as the same fault shows.
std::vector<Step> shrink(std::vector<Step> steps, const Failure& failure) {
  steps.resize(std::min(steps.size(), failure.step + 1));
  for (std::size_t piece = std::max<std::size_t>(1, steps.size() / 2);; piece /= 2) {
    for (std::size_t at = 0; at < steps.size();) {
      std::vector<Step> less = steps;
      less.erase(less.begin() + static_cast<std::ptrdiff_t>(at),
                 less.begin() + static_cast<std::ptrdiff_t>(std::min(less.size(), at + piece)));
      const auto f = outcome(less);
      if (f && same_kind(*f, failure))
        steps = std::move(less);
      else
        at += piece;
    }
    if (piece == 1) return steps;
  }
}

// `again`: the command that makes this run again.
int explain(std::uint32_t seed, const std::string& again, const std::vector<Step>& steps, const Failure& f,
            bool make_short) {
  fmt::print("seed {}: step {}: {}\n  {}\n{}\n", seed, f.step, f.rule, f.what, again);
  std::fflush(stdout);
  if (!make_short) return 1;
  const auto few = shrink(steps, f);
  Run last;
  last.log = true;
  const auto failure = last.go(few);
  fmt::print("{} steps are enough:\n", few.size());
  for (const Step& s : few) fmt::print("  {}\n", s.str());
  if (failure) fmt::print("{}\n  {}\n", failure->rule, failure->what);
  return 1;
}

// Lines of `file` that were not reached; # begins a comment.
std::vector<std::string> missing(const std::string& file, const Reached& reached) {
  std::ifstream in(file);
  if (!in) throw std::runtime_error("cannot read " + file);
  std::vector<std::string> out;
  for (std::string line; std::getline(in, line);)
    if (!line.empty() && line[0] != '#' && !reached.contains(line)) out.push_back(line);
  return out;
}

}  // namespace
}  // namespace vfpool::reference

int main(int argc, char** argv) {
  using namespace vfpool::reference;
  std::uint32_t seed = 1, runs = 1;
  std::uint64_t wanted = 0;
  std::string expect, preset = "release";
  std::size_t length = 2000;
  bool whole = false, show = false, changes = false, log = false;
  CLI::App app{"Random runs of the bridge against the reference model"};
  app.add_option("--seed", seed, "of the first run; the next has one more");
  app.add_option("--length", length, "steps of a run");
  app.add_option("--runs", runs, "how many");
  app.add_option("--packets", wanted, "go on until so many have come in, however many runs it takes");
  app.add_option("--expect", expect, "file: what must be reached");
  app.add_option("--of", preset, "the preset that this was built by, for the command that is printed");
  app.add_flag("--changes", changes, "and everything that changes where packets go");
  app.add_flag("--no-shrink", whole, "only say what failed");
  app.add_flag("--log", log, "print each packet");
  app.add_flag("--reached", show, "what happened to what, and how often");
  CLI11_PARSE(app, argc, argv);
  Reached reached;
  std::uint64_t packets = 0;
  std::uint32_t n = 0;
  for (; n < runs || packets < wanted; ++n) {
    const auto steps =
        make_steps(seed + n, vfpool::bridge::Bridge::port_count(), length, changes ? Mix::kChanges : Mix::kTraffic);
    auto run = std::make_unique<Run>();
    run->log = log;
    const auto failure = run->go(steps);
    packets += run->packets();
    for (const auto& [what, count] : run->reached()) reached[what] += count;
    if (show && failure)
      for (const auto& [what, count] : reached) fmt::print("{:>10} {}\n", count, what);
    const auto again =
        fmt::format("tests/reference/run {}{}--length {} --seed {}", preset == "release" ? "" : "--of " + preset + " ",
                    changes ? "--changes " : "", length, seed + n);
    if (failure) return explain(seed + n, again, steps, *failure, !whole);
    if ((n + 1) % 100 == 0) fmt::print(stderr, "{} runs, {} packets\n", n + 1, packets);
  }
  if (show)
    for (const auto& [what, count] : reached) fmt::print("{:>10} {}\n", count, what);
  fmt::print("{} runs from seed {}, {} packets came in, no rule was broken\n", n, seed, packets);
  const auto holes = expect.empty() ? std::vector<std::string>{} : missing(expect, reached);
  for (const auto& line : holes) fmt::print("not reached: {}\n", line);
  return holes.empty() ? 0 : 1;
}
