// SPDX-License-Identifier: Apache-2.0
#include "demo/checks.hpp"

#include <fmt/format.h>

#include <cstdio>
#include <thread>

namespace vfpool::demo {
namespace {

std::string indented(const std::string& text, const char* indent) {
  std::string out;
  std::size_t from = 0;
  while (from < text.size()) {
    const std::size_t end = std::min(text.find('\n', from), text.size());
    out += indent + text.substr(from, end - from) + '\n';
    from = end + 1;
  }
  return out;
}

}  // namespace

double Checks::seconds() const {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - started_).count();
}

void Checks::step(const std::string& text) {
  fmt::print("\n[{:5.1f} s] {}. {}\n", seconds(), ++steps_, text);
  std::fflush(stdout);
}

void Checks::say(const std::string& text) const {
  fmt::print("{}", indented(text, "    "));
  std::fflush(stdout);
}

bool Checks::check(bool ok, const std::string& what, const std::string& seen) {
  ++(ok ? passed_ : failed_);
  fmt::print("  {} {}\n", ok ? "ok    " : "FAILED", what);
  if (!ok && !seen.empty()) fmt::print("{}", indented(seen, "         | "));
  std::fflush(stdout);
  return ok;
}

bool Checks::wait_for(const std::string& what, std::chrono::seconds limit,
                      const std::function<bool(std::string&)>& probe) {
  const auto end = std::chrono::steady_clock::now() + limit;
  std::string seen;
  for (;;) {
    seen.clear();
    if (probe(seen)) return check(true, what);
    if (std::chrono::steady_clock::now() > end)
      return check(false, fmt::format("{} (within {} s)", what, limit.count()), seen);
    std::this_thread::sleep_for(std::chrono::milliseconds(500));
  }
}

}  // namespace vfpool::demo
