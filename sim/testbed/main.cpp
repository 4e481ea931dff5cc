// SPDX-License-Identifier: Apache-2.0
// vfpool-testbed EXPERIMENT|list [--json FILE] [--seed N]: runs an experiment on the model of the papers' testbeds.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <nlohmann/json.hpp>

#include "core/output_file.hpp"
#include "testbed/experiment.hpp"
#include "testbed/parameters.hpp"

namespace {

using namespace vfpool::testbed;
namespace fs = std::filesystem;

struct Options {
  std::string experiment;
  fs::path json, parameters = VFPOOL_TESTBED_PARAMETERS;
  std::uint64_t seed = 1;
};

std::runtime_error cannot_write(const fs::path& path, int error) {
  return std::runtime_error(fmt::format("cannot write {}: {}", path.string(), std::strerror(error)));
}

void write(const fs::path& path, const nlohmann::json& record) {
  std::ofstream out(path);
  out << record.dump(1) << "\n";
  out.close();
  if (!out) throw cannot_write(path, errno);
}

// The command as it can be repeated, whatever folder the program was started from.
std::string command(const Experiment& experiment, const Options& options) {
  return fmt::format("vfpool-testbed {} --seed {}", experiment.name, options.seed);
}

void print(const Comparison& c) {
  if (c.kind == Comparison::Kind::kStatement) {
    fmt::print("  figure {:7} {}: {}\n", c.figure, c.what, c.model != 0 ? "yes" : "no");
    return;
  }
  fmt::print("  figure {:7} {}: model {:.4g}, paper {:.4g} {} ({:+.0f} %){}\n", c.figure, c.what, c.model, c.paper,
             c.unit, (c.model / c.paper - 1) * 100, c.kind == Comparison::Kind::kCalibration ? ", calibrated" : "");
}

nlohmann::json json_of(const Sample& sample) {
  nlohmann::json json{{"series", sample.series}, {"x", sample.x}};
  for (const auto& [name, value] : sample.seen) json[name] = value;
  return json;
}

nlohmann::json json_of(const Comparison& c) {
  constexpr std::array kKinds{"prediction", "calibration", "statement"};
  return {{"kind", kKinds.at(static_cast<std::size_t>(c.kind))},
          {"figure", c.figure},
          {"what", c.what},
          {"model", c.model},
          {"paper", c.paper},
          {"unit", c.unit},
          {"note", c.note}};
}

nlohmann::json run_one(const Experiment& experiment, const Options& options) {
  const auto began = std::chrono::steady_clock::now();
  fmt::print("{}: {}\n", experiment.name, experiment.title);
  std::fflush(stdout);
  const Parameters parameters(options.parameters / (experiment.file + ".toml"));
  Record record([](const std::string& line) {
    fmt::print("  {}\n", line);
    std::fflush(stdout);
  });
  experiment.run(parameters, options.seed, record);
  nlohmann::json json{{"experiment", experiment.name},
                      {"title", experiment.title},
                      {"x", experiment.x},
                      {"y", experiment.y},
                      {"command", command(experiment, options)},
                      {"seed", options.seed},
                      {"parameters", parameters.all()},
                      {"samples", nlohmann::json::array()},
                      {"comparisons", nlohmann::json::array()}};
  for (const Sample& sample : record.samples()) json["samples"].push_back(json_of(sample));
  for (const Comparison& comparison : record.comparisons()) {
    print(comparison);
    json["comparisons"].push_back(json_of(comparison));
  }
  fmt::print("  {:.1f} s\n", std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count());
  return json;
}

int run(const Options& options) {
  const std::vector<Experiment> all = experiments();
  if (options.experiment == "list") {
    for (const Experiment& e : all) fmt::print("{}\n", e.name);
    return 0;
  }
  const auto chosen = std::ranges::find(all, options.experiment, &Experiment::name);
  if (chosen == all.end()) {
    std::cerr << "vfpool-testbed: no experiment " << options.experiment << "; `vfpool-testbed list` prints them\n";
    return 2;
  }
  // Before the minutes that an experiment takes.
  const int error = options.json.empty() ? 0 : vfpool::why_unwritable(options.json);
  if (error != 0) throw cannot_write(options.json, error);
  const nlohmann::json record = run_one(*chosen, options);
  if (!options.json.empty()) write(options.json, record);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  CLI::App app{"Models of the papers' testbeds, with the driver's own moderation code"};
  app.add_option("experiment", options.experiment, "its name, or `list`: print the names")->required();
  app.add_option("--json", options.json, "file for the record")
      ->check(CLI::Validator([](const std::string& file) { return std::string(file.empty() ? "is empty" : ""); }, ""));
  app.add_option("--seed", options.seed, "of everything random")->capture_default_str();
  app.add_option("--parameters", options.parameters, "folder of the parameter files")->capture_default_str();
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return app.exit(e) == 0 ? 0 : 2;
  }
  try {
    return run(options);
  } catch (const std::exception& e) {
    std::cerr << "vfpool-testbed: " << e.what() << "\n";
    return 1;
  }
}
