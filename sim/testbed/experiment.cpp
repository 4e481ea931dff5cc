// SPDX-License-Identifier: Apache-2.0
#include "testbed/experiment.hpp"

#include <fmt/format.h>

namespace vfpool::testbed {

Seen seen_of(const Outcome& o) {
  return {{"gbps", o.gbps},
          {"packets", o.packets},
          {"sent", o.sent},
          {"lost", static_cast<double>(o.lost)},
          {"loss", o.loss},
          {"cpu", o.cpu},
          {"interrupts", o.interrupts},
          {"switches", o.switches},
          {"latency_p50", o.latency_p50},
          {"latency_p99", o.latency_p99},
          {"least", o.least},
          {"most", o.most},
          {"compute", o.compute},
          {"answered", o.answered},
          {"failed", o.failed},
          {"done", o.done}};
}

void Record::add(const std::string& series, double x, Seen seen) {
  std::string line = fmt::format("{:26} {:>8g} ", series, x);
  for (const auto& [name, value] : seen)
    if (value != 0) line += fmt::format(" {} {:.4g}", name, value);
  say_(line);
  samples_.push_back({series, x, std::move(seen)});
}

void Record::compare(const std::string& figure, const std::string& what, double model, double paper,
                     const std::string& unit, const std::string& note) {
  comparisons_.push_back({Comparison::Kind::kPrediction, figure, what, model, paper, unit, note});
}

void Record::calibrated(const std::string& figure, const std::string& what, double model, double paper,
                        const std::string& unit) {
  comparisons_.push_back({Comparison::Kind::kCalibration, figure, what, model, paper, unit, ""});
}

void Record::holds(const std::string& figure, const std::string& what, bool model, const std::string& note) {
  comparisons_.push_back({Comparison::Kind::kStatement, figure, what, model ? 1.0 : 0.0, 1, "", note});
}

std::vector<Experiment> experiments() {
  std::vector<Experiment> all;
  add_air_paper(all);
  add_rivals(all);
  add_sriov_paper(all);
  add_iovm_paper(all);
  return all;
}

}  // namespace vfpool::testbed
