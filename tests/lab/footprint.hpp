// SPDX-License-Identifier: Apache-2.0
// What a guest's kernel and the simulator hold at a time, so that what a repeated action leaves behind shows.
#pragma once

#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <regex>
#include <sstream>
#include <string>

#include "lab/vm.hpp"

namespace vfpool {

/// Name -> how much of it.
using Footprint = std::map<std::string, long>;

/// Objects in the kernel's general caches from 512 bytes on, where devices, interfaces and queues live, by size;
/// objects in kernfs (sysfs files); "Percpu" in kB. Smaller caches hold too much of what comes and goes with any
/// command.
inline Footprint footprint(lab::Vm& vm) {
  const auto seen = vm.run(
      "echo 3 > /proc/sys/vm/drop_caches; for s in /sys/kernel/slab/*/shrink; do echo 1 > $s; done; "
      "cat /proc/slabinfo /proc/meminfo");
  Footprint out;
  // slabinfo: name, active objects, ...; meminfo: Name: kB
  static const std::regex kCache("(?:kmalloc(?:-rnd-[0-9]+)?-(512|[1248]k)|(kernfs_node_cache)) +([0-9]+) .*"),
      kPercpu("Percpu: +([0-9]+) kB");
  std::istringstream lines(seen.out);
  for (std::string line; std::getline(lines, line);) {
    std::smatch m;
    if (std::regex_match(line, m, kCache))
      out[m[1].matched ? "kmalloc-" + m[1].str() : m[2].str()] += std::stol(m[3]);
    else if (std::regex_match(line, m, kPercpu))
      out["Percpu"] = std::stol(m[1]);
  }
  return out;
}

/// "descriptors", and "resident" in kB: what the process has written to, without its program.
inline Footprint footprint(pid_t process) {
  const std::filesystem::path proc = fmt::format("/proc/{}", process);
  Footprint out;
  out["descriptors"] =
      std::distance(std::filesystem::directory_iterator(proc / "fd"), std::filesystem::directory_iterator());
  std::ifstream status(proc / "status");
  for (std::string word; status >> word;)
    if (word == "RssAnon:") status >> out["resident"];
  return out;
}

}  // namespace vfpool
