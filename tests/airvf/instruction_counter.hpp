// SPDX-License-Identifier: Apache-2.0
// The other end of count_plugin.cpp: asks what a VM's processors have executed.
#pragma once

#include <fmt/format.h>
#include <sys/stat.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>
#include <system_error>
#include <vector>

namespace vfpool {

class InstructionCounter {
 public:
  /// By two FIFOs in `folder`, the VM's run folder, named after `name`. make() before the VM starts.
  InstructionCounter(std::filesystem::path folder, std::string name)
      : folder_(std::move(folder)), name_(std::move(name)) {}

  /// QEMU's options, whose working directory is the run folder. `plugin`: libairvf_count.so.
  static std::vector<std::string> options(const std::filesystem::path& plugin, const std::string& name) {
    return {"-plugin", fmt::format("{},ask={}.ask,answer={}.answer", absolute(plugin).string(), name, name)};
  }
  /// Throws std::system_error.
  void make() const {
    for (const char* end : {".ask", ".answer"})
      if (::mkfifo(fifo(end).c_str(), 0600) != 0 && errno != EEXIST)
        throw std::system_error(errno, std::generic_category(), fifo(end).string());
  }
  /// The plugin's line; `blocks`: a file for the modules' blocks, if any. Waits for a VM that runs.
  std::string ask(const std::string& blocks = "") const {
    std::ofstream(fifo(".ask")) << blocks << "\n";
    std::string line;
    std::ifstream answer(fifo(".answer"));
    std::getline(answer, line);
    return line;
  }

 private:
  std::filesystem::path fifo(const char* end) const { return folder_ / (name_ + end); }

  std::filesystem::path folder_;
  std::string name_;
};

}  // namespace vfpool
