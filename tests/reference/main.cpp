// SPDX-License-Identifier: Apache-2.0
// bridge_random: random runs of the bridge against the reference model.
//   bridge_random --seed N --length M --runs K      seeds N, N + 1, ...; a failure is made short and printed
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>

#include "run.hpp"

namespace vfpool::reference {
namespace {

std::optional<Failure> outcome(const std::vector<Step>& steps) { return std::make_unique<Run>()->go(steps); }

// Takes steps out, in ever smaller pieces, as long as the same rule is broken.
std::vector<Step> shrink(std::vector<Step> steps, const Failure& failure) {
  steps.resize(std::min(steps.size(), failure.step + 1));
  for (std::size_t piece = std::max<std::size_t>(1, steps.size() / 2);; piece /= 2) {
    for (std::size_t at = 0; at < steps.size();) {
      std::vector<Step> less = steps;
      less.erase(less.begin() + static_cast<std::ptrdiff_t>(at),
                 less.begin() + static_cast<std::ptrdiff_t>(std::min(less.size(), at + piece)));
      const auto f = outcome(less);
      if (f && f->rule == failure.rule)
        steps = std::move(less);
      else
        at += piece;
    }
    if (piece == 1) return steps;
  }
}

int explain(std::uint32_t seed, const std::vector<Step>& steps, const Failure& f, bool make_short) {
  fmt::print("seed {}: step {}: {}\n  {}\n", seed, f.step, f.rule, f.what);
  std::fflush(stdout);
  if (!make_short) return 1;
  const auto few = shrink(steps, f);
  Run last;
  last.log = true;
  const auto again = last.go(few);
  fmt::print("{} steps are enough:\n", few.size());
  for (const Step& s : few) fmt::print("  {}\n", s.str());
  if (again) fmt::print("{}\n  {}\n", again->rule, again->what);
  return 1;
}

}  // namespace
}  // namespace vfpool::reference

int main(int argc, char** argv) {
  using namespace vfpool::reference;
  std::uint32_t seed = 1, runs = 1;
  std::size_t length = 2000;
  bool whole = false, show = false, changes = false;
  CLI::App app{"Random runs of the bridge against the reference model"};
  app.add_option("--seed", seed, "of the first run; the next has one more");
  app.add_option("--length", length, "steps of a run");
  app.add_option("--runs", runs, "how many");
  app.add_flag("--changes", changes, "and everything that changes where packets go");
  app.add_flag("--no-shrink", whole, "only say what failed");
  app.add_flag("--reached", show, "what happened to what, and how often");
  CLI11_PARSE(app, argc, argv);
  Reached reached;
  std::uint64_t packets = 0;
  for (std::uint32_t n = 0; n < runs; ++n) {
    const auto steps =
        make_steps(seed + n, vfpool::bridge::Bridge::port_count(), length, changes ? Mix::kChanges : Mix::kTraffic);
    auto run = std::make_unique<Run>();
    const auto failure = run->go(steps);
    packets += run->packets();
    for (const auto& [what, count] : run->reached()) reached[what] += count;
    if (show && failure)
      for (const auto& [what, count] : reached) fmt::print("{:>10} {}\n", count, what);
    if (failure) return explain(seed + n, steps, *failure, !whole);
  }
  if (show)
    for (const auto& [what, count] : reached) fmt::print("{:>10} {}\n", count, what);
  fmt::print("{} runs from seed {}, {} packets came in, no rule was broken\n", runs, seed, packets);
  return 0;
}
