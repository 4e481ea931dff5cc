// SPDX-License-Identifier: Apache-2.0
#include "lab/ask.hpp"

#include <fmt/format.h>

#include <cctype>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <thread>

namespace vfpool::lab {

std::string trimmed(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back()))) text.pop_back();
  return text;
}

std::string text_of(Vm& vm, const std::string& sh, std::chrono::milliseconds limit) {
  const Result r = vm.run(sh, limit);
  return trimmed(r.out + (r.rc == 0 ? "" : r.err));
}

void put_program(Vm& vm, const std::string& guest_path, const std::filesystem::path& program) {
  std::ostringstream bytes;
  bytes << std::ifstream(program, std::ios::binary).rdbuf();
  if (!bytes) throw std::runtime_error(fmt::format("cannot read {}", program.string()));
  vm.put(guest_path, bytes.str(), true);
}

bool eventually(std::chrono::milliseconds limit, const std::function<bool()>& probe) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (std::chrono::steady_clock::now() < end) {
    if (probe()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
  }
  return probe();
}

}  // namespace vfpool::lab
