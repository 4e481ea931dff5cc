// SPDX-License-Identifier: Apache-2.0
// This server, as its kernel shows it: hot-plug slots, the functions in them, their network interfaces, and what uses
// those. Everything is read below `root`, so that tests can lay out a server of their own.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace vfpool::tools {

struct Function {
  std::string address;  ///< 10000:03:00.0
  std::string driver;   ///< empty: none
  std::vector<std::string> netdevs;
};

class Server {
 public:
  explicit Server(std::filesystem::path root = "/") : root_(std::move(root)) {}

  const std::filesystem::path& root() const { return root_; }
  /// The folder of a hot-plug slot by its physical number: that of the bridge's own tree, where the kernel had to tell
  /// slots of several hierarchies apart ("1-1"). `bridge`: address of the management function, which shares bus and
  /// device with the switch above the slots. Empty: the kernel shows no such slot.
  std::optional<std::filesystem::path> slot_folder(unsigned physical, const std::string& bridge) const;
  /// Address of the management function behind a device file, from its sysfs parent.
  std::string bridge_of(const std::string& misc_name) const;
  /// A function of this server; without driver and interfaces if there is none.
  Function function(const std::string& address) const;
  /// What is in the slot now.
  std::vector<Function> functions(const std::filesystem::path& slot_folder) const;
  /// Throws Failure if power() could not write.
  void may_power(const std::filesystem::path& slot_folder) const;
  /// Writes the slot's power file; the kernel removes the driver in an orderly way first. Throws Failure.
  void power(const std::filesystem::path& slot_folder, bool on) const;

  /// A counter of an interface (sys/class/net/NAME/statistics); 0 if the interface has just gone.
  std::uint64_t statistic(const std::string& netdev, const std::string& counter) const;

  /// Why taking this interface away would break something: a sentence each. Empty: nothing.
  std::vector<std::string> uses(const std::string& netdev) const;

 private:
  /// The interface by which packets to this address leave; empty: none.
  std::string route_to(const std::string& address) const;

  std::filesystem::path root_;
};

}  // namespace vfpool::tools
