// SPDX-License-Identifier: Apache-2.0
#include "bridge/coverage.hpp"

#include <fmt/format.h>
#include <unistd.h>
#include <verilated.h>
#if VM_COVERAGE
#include <verilated_cov.h>
#endif

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unordered_map>

namespace vfpool::bridge {

#if VM_COVERAGE
namespace {

// Verilator writes one file a model, and a test program makes hundreds of models: their files would be gigabytes.
class Sum {
 public:
  explicit Sum(const char* folder) : file_(fmt::format("{}/{}.dat", folder, getpid())) {}
  ~Sum() {
    std::ofstream out(file_);
    out << "# SystemC::Coverage-3\n";
    for (const auto& [point, count] : counts_) out << point << ' ' << count << '\n';
  }

  void add(VerilatedContext& context) {
    const std::string one = file_ + ".one";
    context.coveragep()->write(one);
    std::ifstream in(one);
    // A point is a line: C, what it is, its count.
    for (std::string line; std::getline(in, line);) {
      const std::size_t space = line.rfind(' ');
      if (line.starts_with("C ") && space > 1)
        counts_[line.substr(0, space)] += std::strtoull(line.c_str() + space, nullptr, 10);
    }
    in.close();
    std::filesystem::remove(one);
  }

 private:
  std::string file_;
  std::unordered_map<std::string, std::uint64_t> counts_;
};

}  // namespace

void add_coverage(VerilatedContext& context) {
  const char* folder = std::getenv("VFPOOL_COVERAGE");
  if (folder == nullptr) return;
  static Sum sum(folder);
  sum.add(context);
}
#else
void add_coverage(VerilatedContext& /*context*/) {}
#endif

}  // namespace vfpool::bridge
