// SPDX-License-Identifier: Apache-2.0
#include "figures.hpp"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

namespace vfpool::bench {
namespace {

std::string cpu_model() {
  std::ifstream in("/proc/cpuinfo");
  for (std::string line; std::getline(in, line);)
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  return "unknown";
}

// Runnable tasks over the last minute. A lab keeps about two busy by itself; more is somebody else's work.
double load() {
  double minute = 0;
  std::ifstream("/proc/loadavg") >> minute;
  return minute;
}

nlohmann::json machine() {
  utsname u{};
  uname(&u);
  return {{"cpu", cpu_model()},
          {"processors", sysconf(_SC_NPROCESSORS_ONLN)},
          {"kernel", std::string(u.sysname) + " " + u.release},
          {"kvm", access("/dev/kvm", R_OK | W_OK) == 0}};
}

}  // namespace

double cpu_seconds(int pid) {
  std::ifstream in(fmt::format("/proc/{}/stat", pid));
  const std::string text((std::istreambuf_iterator<char>(in)), {});
  const auto name_end = text.rfind(')');
  if (name_end == std::string::npos) throw std::runtime_error(fmt::format("no process {}", pid));
  std::istringstream fields(text.substr(name_end + 2));
  std::vector<std::string> all{std::istream_iterator<std::string>(fields), {}};
  // proc(5): utime and stime are fields 14 and 15; the state after the name is field 3.
  return static_cast<double>(std::stoull(all.at(11)) + std::stoull(all.at(12))) /
         static_cast<double>(sysconf(_SC_CLK_TCK));
}

Figures::Figures(int argc, char** argv) {
  std::string command;
  for (int i = 0; i < argc; ++i) command += (i == 0 ? "" : " ") + std::string(argv[i]);
  file_ = {{"command", command}, {"machine", machine()}, {"load_before", load()}, {"figures", nlohmann::json::array()}};
}

void Figures::add(const std::string& name, const std::string& unit, std::vector<double> samples) {
  if (samples.empty()) return;
  std::vector<double> sorted = samples;
  std::sort(sorted.begin(), sorted.end());
  const double median = (sorted[(sorted.size() - 1) / 2] + sorted[sorted.size() / 2]) / 2;
  file_["figures"].push_back({{"name", name},
                              {"unit", unit},
                              {"median", median},
                              {"min", sorted.front()},
                              {"max", sorted.back()},
                              {"samples", samples}});
  fmt::print("{:58} {:>12.6g} {}\n", name, median, unit);
  std::fflush(stdout);
}

void Figures::axes(const std::string& experiment, const std::string& x, const std::string& y) {
  file_["experiment"] = experiment;
  file_["x"] = x;
  file_["y"] = y;
}

void Figures::point(const std::string& series, double x, nlohmann::json fields) {
  fmt::print("{} {} {}\n", series, x, fields.dump());
  std::fflush(stdout);
  fields["series"] = series;
  fields["x"] = x;
  file_["samples"].push_back(std::move(fields));
}

void Figures::write(const std::filesystem::path& path) const {
  nlohmann::json all = file_;
  all["load_after"] = load();
  std::ofstream out(path);
  out << all.dump(1) << "\n";
  out.close();
  if (!out) throw std::runtime_error("cannot write " + path.string());
}

}  // namespace vfpool::bench
