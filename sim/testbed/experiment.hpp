// SPDX-License-Identifier: Apache-2.0
// An experiment: runs scenarios, keeps every outcome, and compares with what a paper says.
#pragma once

#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "testbed/scenario.hpp"

namespace vfpool::testbed {

/// Figures by name.
using Seen = std::vector<std::pair<std::string, double>>;

Seen seen_of(const Outcome& outcome);

/// One point of a curve.
struct Sample {
  std::string series;
  double x;
  Seen seen;
};

struct Comparison {
  enum class Kind {
    kPrediction,   ///< the paper gives a number
    kCalibration,  ///< a parameter was set by this number
    kStatement,    ///< the paper gives a limit or a shape: it holds in the model (1) or not (0)
  };
  Kind kind;
  std::string figure, what;
  double model, paper;
  std::string unit;
  std::string note;  ///< why the model differs, where it does by more than a tenth
};

/// What an experiment leaves behind.
class Record {
 public:
  /// `say` gets a line for every sample (progress).
  explicit Record(std::function<void(const std::string&)> say) : say_(std::move(say)) {}

  void add(const std::string& series, double x, Seen seen);
  void add(const std::string& series, double x, const Outcome& outcome) { add(series, x, seen_of(outcome)); }
  void compare(const std::string& figure, const std::string& what, double model, double paper, const std::string& unit,
               const std::string& note = "");
  void calibrated(const std::string& figure, const std::string& what, double model, double paper,
                  const std::string& unit);
  void holds(const std::string& figure, const std::string& what, bool model, const std::string& note = "");

  const std::vector<Sample>& samples() const { return samples_; }
  const std::vector<Comparison>& comparisons() const { return comparisons_; }

 private:
  std::vector<Sample> samples_;
  std::vector<Comparison> comparisons_;
  std::function<void(const std::string&)> say_;
};

struct Experiment {
  std::string name;   ///< what the command line takes
  std::string title;  ///< of its plot
  std::string x, y;   ///< axes; y names a field of the outcomes
  std::string file;   ///< its parameter file, without .toml
  std::function<void(const class Parameters&, std::uint64_t seed, Record&)> run;
};

/// All, in the order of the papers.
std::vector<Experiment> experiments();

// One function a paper or question; experiments() calls them.
void add_air_paper(std::vector<Experiment>& all);
void add_rivals(std::vector<Experiment>& all);
void add_sriov_paper(std::vector<Experiment>& all);
void add_iovm_paper(std::vector<Experiment>& all);

}  // namespace vfpool::testbed
