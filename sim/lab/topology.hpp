// SPDX-License-Identifier: Apache-2.0
// What the lab needs of a topology file. vfpool-sim reads the same file for its own part.
#pragma once

#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace vfpool::lab {

/// A topology file that cannot be read or makes no sense; the text names the place.
class TopologyError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Topology {
  enum class Attach {
    kVfioUser,  ///< a VM on a vfio-user socket of the simulator (vfio-user, direct)
    kModel,     ///< a C++ host inside the simulator: no VM
    kNone,      ///< a VM without a device of ours
  };

  struct Server {
    std::string name;
    Attach attach = Attach::kVfioUser;
    std::filesystem::path socket;  ///< relative to the run folder
    std::string memory = "512M";
    int cpus = 1;
    std::string accel = "tcg";
    std::vector<std::string> modules = {"vmd"};
    std::vector<std::string> blacklist;
    std::string append;
    std::vector<std::string> qemu_args;
  };

  /// A network namespace at the wire.
  struct Peer {
    std::string netns;
    std::string interface;             ///< empty: no address is set
    std::vector<std::string> address;  ///< "10.82.0.254/24"
    std::vector<std::string> run;      ///< shell lines that go on as long as the lab lives, e.g. "iperf3 -s"
  };

  std::filesystem::path file;
  bool has_sim = false;  ///< there is a [sim] table: vfpool-sim is started
  std::vector<Server> servers;
  std::vector<Peer> peers;
  std::filesystem::path kernel;          ///< [lab] kernel; empty: the newest of /boot
  std::filesystem::path modules_root;    ///< [lab] modules_root: folder that holds lib/modules of that kernel
  std::vector<std::string> image_files;  ///< [lab] add: "SRC:DST" as make-initramfs takes it; SRC from the checkout
};

/// Throws TopologyError.
Topology read_topology(const std::filesystem::path& file);

}  // namespace vfpool::lab
