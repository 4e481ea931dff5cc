// SPDX-License-Identifier: Apache-2.0
// The topology file (TOML): the device, its wire, the servers, the hosts at the wire. vfpool-sim and vfpool-lab read
// the same file, and each takes its part of what stands here. Paths that are not said to be of something else are
// relative to the run folder. docs/simulation.md and sim/lab/README.md describe the keys.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "config/error.hpp"

namespace vfpool::config {

struct Topology {
  enum class Attach {
    kVfioUser,  ///< a VM, as a VMD domain behind the bridge
    kModel,     ///< no VM, a C++ host in the simulator: the owner serves its VFs, a user sends frames back
    kDirect,    ///< a VM with VFs, without bridge or VMD: only in files without an owner
    kNone,      ///< a VM without a device of ours
  };
  /// What the servers share.
  enum class DeviceKind {
    k82599,
    kCopier,  ///< the smallest device (sim/copier): no [nic], no wire, no PF driver
  };
  /// The simulator's.
  struct Wire {
    enum class Kind { kNone, kTap, kLoopback, kPcap, kStation, kMemif } kind = Kind::kNone;
    std::string name = "wire0", netns;
    unsigned mtu = 1500;
    std::filesystem::path play, keep;
    std::filesystem::path socket = "wire.sock";  ///< memif
    unsigned id = 0;                             ///< memif
  };
  struct Nic {
    std::array<std::uint8_t, 6> mac{0x02, 0x82, 0x59, 0x00, 0x00, 0x01};
    unsigned device_id = 0x10f9;  ///< of the PF
    unsigned link_mbps = 10'000;
    bool strict_vf_reset = false;    ///< ring registers survive a VF's reset, as in silicon
    bool hide_vlan_ignored = false;  ///< the tag of a port VLAN is not hidden from the VF, as silicon perhaps does
    Wire wire;
  };
  /// The PF's driver where no server is the owner.
  struct Pf {
    unsigned vfs = 0;     ///< 0: as many as the servers have
    unsigned queues = 4;  ///< of a VF: 2, or 4 with up to 31 VFs
    unsigned mtu = 1500;
    bool trusted = false, query_rss = false, check_local = false;
  };
  /// A card beside the first one, which [device] and [nic] describe: at the next device port.
  struct Card {
    DeviceKind kind = DeviceKind::k82599;
    Nic nic;
  };
  struct Record {
    std::filesystem::path tlp, ethernet, waves;  ///< empty: none
    std::vector<std::string> taps;               ///< ports whose TLPs are recorded; empty: all
  };
  struct Assign {
    unsigned slot, card, vf, fn;
  };
  /// The lab's: [server.vm].
  struct Vm {
    std::string memory = "512M";  ///< as QEMU takes it
    unsigned cpus = 1;
    std::string accel = "tcg";          ///< or kvm
    bool prealloc = false;              ///< all memory is there from the start, which measurements want
    std::filesystem::path kernel_root;  ///< of another kernel than [lab]'s; empty: that one
    enum class Init {
      kAgent,   ///< the image's init, and the agent through which commands come
      kScript,  ///< /script, one of `files`, and nothing else: its console is the only channel (lab/script.hpp)
    } init = Init::kAgent;
    std::vector<std::string> modules = {"vmd"};  ///< loaded before the agent answers
    std::vector<std::string> blacklist;          ///< modules that do not load by themselves
    std::vector<std::string> files;              ///< further files: "SRC:/DST", SRC from the checkout
    std::string append;                          ///< more kernel command line
    std::vector<std::string> qemu_args;          ///< more QEMU options, e.g. a plugin
  };
  struct Server {
    std::string name;
    bool owner = false;
    Attach attach = Attach::kVfioUser;
    /// Where the simulator shows this server's devices: one, or one for each of `vfs`; none without a device of ours.
    std::vector<std::filesystem::path> sockets;
    std::vector<Assign> assign;  ///< users: before anyone boots
    unsigned model_vfs = 8;      ///< model: VFs that the owner enables
    std::vector<unsigned> vfs;   ///< direct
    bool mischief = false;       ///< direct: VFs can be made to misbehave (control operation `mischief`)
    Vm vm;

    bool has_vm() const { return attach != Attach::kModel; }
  };
  /// The lab's: a network namespace at the wire.
  struct Peer {
    std::string netns;
    std::string interface;             ///< empty: no address is set
    std::vector<std::string> address;  ///< "10.82.0.254/24"
    std::vector<std::string> run;      ///< shell lines that go on as long as the lab lives, e.g. "iperf3 -s"
  };
  /// The lab's: [lab], the guests' kernel and image.
  struct Image {
    std::filesystem::path kernel_root;  ///< holds boot/vmlinuz-RELEASE and lib/modules/RELEASE; empty: /
    std::vector<std::string> add;       ///< "SRC:DST" as make-initramfs takes it; SRC from the checkout
  };

  std::filesystem::path file;  ///< absolute
  bool has_sim = false;        ///< there is a [sim] table: the lab starts vfpool-sim
  std::filesystem::path control = "control.sock";
  DeviceKind device = DeviceKind::k82599;
  Nic nic;
  std::vector<Card> more_cards;  ///< card 1, 2, ...
  Pf pf;
  std::vector<Server> servers;  ///< users in the order of their ports
  std::vector<Peer> peers;
  Image image;
  Record record;

  /// All VMs are attached directly: there is no bridge.
  bool direct() const;
};

/// "02:00:00:00:00:01" as bytes; nothing if it is anything else.
std::optional<std::array<std::uint8_t, 6>> mac_address(const std::string& text);

/// How large a bridge is; the defaults are as large as the RTL can be made.
struct BridgeSize {
  unsigned users = 16, slots = 16, slot_functions = 8, devices = 4;

  bool holds(const BridgeSize& other) const {
    return users >= other.users && slots >= other.slots && slot_functions >= other.slot_functions &&
           devices >= other.devices;
  }
};

/// "2 users, 2 slots each, 8 functions a slot", and with several ", 2 devices"
std::string text_of(const BridgeSize& size);

/// The bridge at hand.
struct BridgeLimits {
  BridgeSize size;
  std::optional<std::vector<std::string>> ports;  ///< names that [record] taps may have
};

/// The file makes sense, but not with the bridge at hand; the text names both sizes.
class BridgeTooSmall : public ConfigError {
 public:
  BridgeTooSmall(const std::string& what, const BridgeSize& needed) : ConfigError(what), needed_(needed) {}
  const BridgeSize& needed() const { return needed_; }

 private:
  BridgeSize needed_;
};

/// Throws ConfigError for what cannot be.
Topology read_topology(const std::filesystem::path& file, const BridgeLimits& limits = {});

}  // namespace vfpool::config
