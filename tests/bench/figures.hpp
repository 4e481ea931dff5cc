// SPDX-License-Identifier: Apache-2.0
// What a measurement leaves behind: figures with all their samples, and the raw output they were taken from.
#pragma once

#include <filesystem>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace vfpool::bench {

/// User and system time of a process so far, in seconds. Throws std::runtime_error when there is no such process.
double cpu_seconds(int pid);

class Figures {
 public:
  /// `argv`: the command that made them; kept in the file.
  Figures(int argc, char** argv);

  /// One figure, all its samples in the order taken; also printed. The file has their median, least and most.
  void add(const std::string& name, const std::string& unit, std::vector<double> samples);
  /// Makes the record one of curves: what is on the x axis, and which field of the samples on the y axis.
  void axes(const std::string& experiment, const std::string& x, const std::string& y);
  /// A point of the curve `series`; also printed. `fields`: its y value, and what else was measured there.
  void point(const std::string& series, double x, nlohmann::json fields);
  /// What a tool printed, as it came.
  void raw(const std::string& name, nlohmann::json value) { file_["raw"][name] = std::move(value); }
  /// Command, machine, figures and raw output as one JSON file. Throws std::runtime_error when it cannot be written.
  void write(const std::filesystem::path& path) const;

 private:
  nlohmann::json file_;
};

}  // namespace vfpool::bench
