// SPDX-License-Identifier: Apache-2.0
// A minimal PF driver inside the simulation, for cards whose PF no server drives: sets the card up for VFs and answers
// their mailbox the way a host driver does. It works through the PF's registers and configuration space only.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/scheduler.hpp"
#include "nic82599/nic82599.hpp"
#include "nic82599/queue.hpp"

namespace vfpool::nic82599 {

class PfPersonality {
 public:
  struct Options {
    unsigned vfs = 1;          ///< 1..63
    unsigned queues = 4;       ///< of a VF: 2, or 4 with up to 31 VFs
    unsigned pf_mtu = 1500;    ///< above 1500 VFs may use jumbo frames, and such without API 1.1 are shut out
    bool trusted = false;      ///< VFs may ask for all-multicast and change an assigned address; until set_vf_trust()
    bool anti_spoof = true;    ///< until set_vf_spoof_check()
    bool query_rss = false;    ///< VFs may read the RSS table and key
    bool check_local = false;  ///< checksums of frames between VFs are verified, too (MRQC bit 15)
    bool assign_macs = true;   ///< else VFs are told to take a random address
    std::array<std::uint8_t, 6> first_vf_mac{0x02, 0x82, 0x59, 0x90, 0x01, 0x00};  ///< VF n: plus n in the last byte
    std::uint32_t rss_seed = 1;                                                    ///< of the RSS key
    /// Mailbox versions that negotiation accepts: 10 for 1.0 to 17 for 1.7; none is a PF from before the negotiation,
    /// which refuses it and means 1.0. Each version has its own requests, as in real PFs.
    std::set<unsigned> apis{10, 11, 12, 13, 14};
    std::uint32_t features = 0;  ///< that 1.7 offers: 1 IPsec, 2 ESX mailbox
  };
  struct Counters {
    std::uint64_t messages = 0, refused = 0, ignored = 0, resets = 0, lock_waits = 0;
  };

  /// Resets and sets up `nic`, which must outlive this object. Throws std::invalid_argument for options that cannot be.
  PfPersonality(Scheduler& scheduler, Nic82599& nic, Options options);

  /// The PF's driver goes: the device is reset and stays so, VFs see a reset that does not end, nobody answers them.
  void stop();
  /// It comes (again), resets the device, and knows no VF any more.
  void start();

  /// From the next reset of a VF on.
  void set_apis(std::set<unsigned> apis, std::uint32_t features);
  /// From the next start() on.
  void set_mtu(unsigned mtu) { options_.pf_mtu = mtu; }

  // What an administrator does to VF `vf` (ip link set PF vf N ...), with the side effects that stock ixgbe has on an
  // 82599. "At once" is without a word to the VF, whatever its driver has set up; "by a ping" makes the VF's driver
  // reset it. All of it lasts until it is changed, over resets of the PF too. They throw std::invalid_argument for
  // values that cannot be, also while the PF's driver is gone.

  /// Port VLAN `vlan` (1 to 4094) with `priority` (0 to 7), or none (both 0). At once: frames are tagged on sending,
  /// and only those of the VLAN arrive. At the VF's next reset: tags are hidden from it (QDE), its own VLANs are
  /// refused from now on and taken from it then.
  void set_vf_vlan(unsigned vf, unsigned vlan, unsigned priority);
  /// At once: the filter of received frames and the spoof check know the new address only. At the VF's next reset it is
  /// told. All zero: no address is set, and the VF is told to take a random one.
  void set_vf_mac(unsigned vf, const std::array<std::uint8_t, 6>& mac);
  /// By a ping.
  void set_vf_trust(unsigned vf, bool trusted);
  /// At once: source addresses and VLANs of sent frames are checked, or not.
  void set_vf_spoof_check(unsigned vf, bool on);
  /// Whether the VF has the link at all. At once: its queues stop, or go on; by a ping it looks at its link.
  void set_vf_link(unsigned vf, bool enabled);
  /// Most that each of the VF's queues sends, Mb/s: 11 to the link's rate, 0 for no limit. At once.
  void set_vf_rate(unsigned vf, unsigned mbps);

  /// How long the PF takes over a VF's request for an address, during which no filter has the address: stock drivers
  /// take it out and put it back, and one of a busy host may need milliseconds for it.
  void set_address_delay(SimTime delay) { address_delay_ = delay; }
  /// How long it takes over a VF's request RESET, for which stock drivers set up the VF's whole pool again: on a busy
  /// host much longer than over anything else.
  void set_reset_delay(SimTime delay) { reset_delay_ = delay; }

  /// The PF's interrupt: to be called for every message of function 0.
  void interrupt() { turn_.ask(); }

  const Counters& counters() const { return counters_; }
  std::array<std::uint8_t, 6> vf_mac(unsigned vf) const { return vfs_[vf].mac; }
  std::string state() const;

 private:
  static constexpr unsigned kWords = 16;
  using Message = std::array<std::uint32_t, kWords>;
  struct Vf {
    std::array<std::uint8_t, 6> mac{};
    bool assigned = false;  ///< by the administrator
    bool trusted = false, spoof_check = true, link = true;
    unsigned vlan = 0, priority = 0;  ///< of the port VLAN
    unsigned rate = 0;                ///< Mb/s
    bool clear_to_send = false;
    unsigned api = 10, cast_mode = 0, lock_tries = 0;  ///< api as in Options::apis
    /// ESX mailbox (1.5, or a feature of 1.7): the VF keeps the lock until its request is acknowledged, so that the
    /// request is read under the VF's lock and the answer waits for the end of it.
    bool esx = false;
    std::optional<Message> late;
    std::vector<std::uint16_t> hashes;
    std::vector<unsigned> extra_rars;
    std::set<unsigned> vlans;
  };

  std::uint32_t get(unsigned r) { return nic_.read32(0, 0, r); }
  void put(unsigned r, std::uint32_t v) { nic_.write32(0, 0, r, v); }
  void change(unsigned r, std::uint32_t clear, std::uint32_t set) { put(r, (get(r) & ~clear) | set); }

  void set_up();
  void serve();
  bool take_message(unsigned vf);
  bool lock(unsigned vf);
  void reply(unsigned vf, const Message& words, unsigned count);
  void ping(unsigned vf);
  void handle(unsigned vf, Message& m);
  void answer(unsigned vf, Message& m);
  /// Unless the PF stops or starts meanwhile.
  void later(SimTime delay, std::function<void()> then);
  bool dispatch(unsigned vf, Message& m);
  void forget(unsigned vf);
  void on_reset(unsigned vf, Message& m);
  bool set_mac(unsigned vf, const Message& m);
  bool set_extra_mac(unsigned vf, const Message& m);
  bool set_vlan(unsigned vf, bool add, unsigned vid);
  void set_multicast(unsigned vf, const Message& m);
  bool set_frame_size(unsigned vf, std::uint32_t max_frame);
  bool set_cast_mode(unsigned vf, Message& m);
  void write_rar(unsigned index, const std::array<std::uint8_t, 6>& mac, unsigned pool);
  void clear_rar(unsigned index);
  void rebuild_multicast();
  void enable_pool(unsigned enable_register, unsigned pool, bool on);
  void check_administration(unsigned vf) const;
  void write_spoof_check(unsigned vf);
  void write_link(unsigned vf);
  void write_port_vlan(unsigned vf);
  void write_rate(unsigned vf);

  Scheduler& scheduler_;
  Nic82599& nic_;
  Options options_;
  Counters counters_;
  std::vector<Vf> vfs_;
  std::set<unsigned> free_rars_;
  bool running_ = true;
  SimTime address_delay_{0}, reset_delay_{0};
  std::uint64_t starts_ = 0;   ///< what was delayed before the last one is forgotten
  std::uint64_t waiting_ = 0;  ///< VFs whose message could not be taken because of the lock
  Turn turn_;
};

}  // namespace vfpool::nic82599
