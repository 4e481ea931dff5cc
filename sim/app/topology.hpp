// SPDX-License-Identifier: Apache-2.0
// The topology file as vfpool-sim reads it (TOML): who is attached to the bridge, the card, the wire, records. Keys
// that are the lab's ([[peer]], [lab], [server.vm]) are left to it; any other unknown key is an error.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <vector>

namespace vfpool::app {

/// The file cannot be read or makes no sense; the text names file, line and what is wrong.
class TopologyError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

struct Topology {
  enum class Attach {
    kVfioUser,  ///< a VM, as a VMD domain behind the bridge
    kModel,     ///< the built-in model of the owner's server: PF driver, VFs, mailbox
    kDirect,    ///< a VM with one VF, without bridge or VMD: only in files without an owner
    kNone,      ///< a VM without a device of ours
  };
  struct Assign {
    unsigned slot, vf, fn;
  };
  struct Server {
    std::string name;
    bool owner = false;
    Attach attach = Attach::kVfioUser;
    std::filesystem::path socket;
    std::vector<Assign> assign;  ///< users: before anyone boots
    unsigned vfs = 0;            ///< model owner: VFs to enable
    unsigned vf = 0;             ///< direct: which VF
  };
  struct Wire {
    enum class Kind { kNone, kTap, kLoopback, kPcap } kind = Kind::kNone;
    std::string name, netns;
    unsigned mtu = 1500;
    std::filesystem::path play, keep;
  };
  struct Record {
    std::filesystem::path tlp, ethernet, waves;  ///< empty: none
    std::vector<std::string> taps;               ///< ports whose TLPs are recorded; empty: all
  };

  std::filesystem::path control = "control.sock";
  std::array<std::uint8_t, 6> mac{0x02, 0x82, 0x59, 0x00, 0x00, 0x01};
  unsigned pf_device_id = 0x10f9;
  unsigned link_mbps = 10'000;
  Wire wire;
  std::vector<Server> servers;  ///< users in the order of their ports
  Record record;

  /// All VMs are attached directly: there is no bridge.
  bool direct() const;
};

/// Throws TopologyError.
Topology read_topology(const std::filesystem::path& file);

}  // namespace vfpool::app
