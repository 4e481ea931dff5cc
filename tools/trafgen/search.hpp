// SPDX-License-Identifier: Apache-2.0
// Throughput by binary search (RFC 2544, section 26.1): the highest rate at which the loss is no more than a goal.
// Several goals (none lost: NDR; some lost: PDR) share their trials.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace vfpool::trafgen {

struct Goal {
  std::string name;  ///< "NDR"
  double loss;       ///< share of the frames that may be lost, 0 to 1
};

struct Trial {
  double rate;          ///< share of the highest rate, above 0, at most 1
  double loss;          ///< share of the frames lost
  bool offered = true;  ///< the sender kept up with the rate; if not, the rate counts as too high
  double sent = 1;      ///< share of the wanted frames that was sent
};

/// What is known of one goal: it holds at `low` and does not at `high`. 0: at no rate that was tried; above 1: at all.
struct Bounds {
  double low = 0, high = 2;
  bool by_sender = false;  ///< the sender could not do `high`: what is measured is at least `low`
};

class Search {
 public:
  /// Ends when low and high are no more than `resolution` apart; both as shares of the highest rate.
  Search(std::vector<Goal> goals, double resolution) : goals_(std::move(goals)), resolution_(resolution) {}

  /// The rate to try next; nothing when all goals are found.
  std::optional<double> next() const;
  void add(const Trial& trial) { trials_.push_back(trial); }

  const std::vector<Goal>& goals() const { return goals_; }
  const std::vector<Trial>& trials() const { return trials_; }
  /// Where trials contradict each other, a higher rate that passed does not count.
  Bounds bounds(const Goal& goal) const;

 private:
  std::vector<Goal> goals_;
  double resolution_;
  std::vector<Trial> trials_;
};

}  // namespace vfpool::trafgen
