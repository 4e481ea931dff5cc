// SPDX-License-Identifier: Apache-2.0
// VMs with a VF of one card each, whose instructions QEMU counts, and the station that sends to all of them.
#pragma once

#include <filesystem>
#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "app/control_client.hpp"
#include "instruction_counter.hpp"
#include "lab/lab.hpp"

namespace vfpool::bench {

class Vms {
 public:
  struct Options {
    std::filesystem::path folder;    ///< run folder
    std::filesystem::path module;    ///< airvf.ko for the lab's kernel
    std::filesystem::path programs;  ///< where airvf_load and libairvf_count.so are
    unsigned count = 1;              ///< VMs, 1 to 4
    unsigned cpus = 1;               ///< of each
  };

  /// Throws config::ConfigError.
  explicit Vms(Options options);
  /// Boots them; ixgbevf and airvf are loaded, no VF has a driver. Throws what lab::Lab::up() throws.
  void up();
  unsigned count() const { return options_.count; }

  /// Gives each VF the driver and the mode of that name (tests/airvf/guest/choose.sh). Throws std::runtime_error with
  /// what the guest said.
  void choose(const std::string& config);
  /// What a VM's counters say (vms_guest.sh, look), which costs it some ten million instructions.
  nlohmann::json look(unsigned vm) { return nlohmann::json::parse(ask(vm, "look")); }
  /// The instructions a VM has executed: all, those of kernel modules, and of each processor all and those of user
  /// space. Costs it nothing.
  nlohmann::json instructions(unsigned vm);
  /// One verb of vms_guest.sh; its output. Throws std::runtime_error when it fails.
  std::string ask(unsigned vm, const std::string& words);
  /// A program in a VM that goes on.
  lab::Background spawn(unsigned vm, const std::string& command) { return lab_.vm(name(vm)).spawn(command); }
  /// Sends to the first `vms` at the same time (docs/simulation.md, flood); returns when it begins.
  void flood(unsigned vms, unsigned payload, unsigned rate, unsigned milliseconds);
  /// Ends it before its time.
  void end_flood() { control_.ask({{"op", "flood_end"}}); }
  /// Calls `what` with 0 to `vms` - 1, all at the same time, and returns when all are through. Throws what one of them
  /// throws.
  static void each(unsigned vms, const std::function<void(unsigned vm)>& what);

 private:
  static std::string name(unsigned vm) { return "vm" + std::to_string(vm); }
  InstructionCounter counter(unsigned vm) { return {lab_.file(""), name(vm)}; }
  static config::Topology topology(const Options& options);

  Options options_;
  lab::Lab lab_;
  app::ControlClient control_;
};

}  // namespace vfpool::bench
