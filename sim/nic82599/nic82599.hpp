// SPDX-License-Identifier: Apache-2.0
// Model of the Intel 82599 10 GbE controller: one port, the physical function and up to 64 virtual functions, seen
// through registers, descriptor rings and interrupts. Knows no transport: host memory and messages go through DmaPort,
// Ethernet through wire::Wire. Measured against the stock ixgbe, ixgbevf and DPDK drivers.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "core/scheduler.hpp"
#include "pcie/device.hpp"
#include "wire/wire.hpp"

namespace vfpool::nic82599 {

using pcie::DmaPort;
using pcie::FunctionId;

class Nic82599 : public pcie::Device {
 public:
  struct Options {
    std::string name = "nic0";
    std::uint16_t pf_device_id = 0x10f9;
    /// Permanent address, loaded into RAR 0 at every reset. Unicast.
    std::array<std::uint8_t, 6> mac{0x02, 0x82, 0x59, 0x90, 0x00, 0x01};
    unsigned link_mbps = 10'000;      ///< wire pacing, each direction; LINKS shows 100, 1000 or 10000
    unsigned internal_mbps = 40'000;  ///< pacing of VF to VF traffic through the internal switch
    /// Ring registers of a VF survive its reset as in silicon (specification update, clarification 5). Off: cleared,
    /// which hides the mistake of a driver that relies on it.
    bool strict_vf_reset = false;
    /// QDE's hide-VLAN bit does nothing: tags of a port VLAN reach the VF's driver. Whether the silicon obeys the bit
    /// is not known.
    bool hide_vlan_ignored = false;
  };

  /// Events that no register shows.
  struct Counters {
    std::uint64_t rx_frames = 0, rx_no_descriptor = 0, rx_buffer_full = 0, rx_filtered = 0, rx_oversize = 0,
                  rx_undersize = 0;
    std::uint64_t rx_queue_off = 0, rx_unusable_buffers = 0;
    std::uint64_t tx_frames = 0, tx_local = 0, tx_spoofed = 0, tx_bad_descriptors = 0, tx_disabled = 0;
    std::uint64_t dma_read_errors = 0, bad_ring = 0, interrupts = 0, mailbox_messages = 0, vf_resets = 0, pf_resets = 0;
  };

  /// `scheduler` and `dma` must outlive this object. The wire may be set later; without one the link is down.
  Nic82599(Scheduler& scheduler, DmaPort& dma, Options options);
  ~Nic82599() override;

  /// `wire` must outlive this object or be replaced by another.
  void set_wire(wire::Wire& wire);

  // pcie::Device. `bar` 0 is the CSR space; 4 of the PF and 3 of a VF hold the MSI-X table and pending bits. Accesses
  // that find no register are counted, logged once and listed by state().
  std::uint32_t read32(FunctionId fn, unsigned bar, std::uint32_t offset) override;
  void write32(FunctionId fn, unsigned bar, std::uint32_t offset, std::uint32_t value) override;

  /// Starts to record the gaps between interrupt messages of `fn`, forgetting what was recorded.
  void record_gaps(FunctionId fn);
  /// What was recorded of a vector, for people: shortest gap and a histogram.
  std::string gaps(FunctionId fn, unsigned vector) const;

  /// A VF's own counters go on so many packets and octets before they begin anew at 0, as after a long time (82599 data
  /// sheet 8.3.5.9: 32 and 36 bits).
  void set_vf_counters_near_end(unsigned vf, std::uint32_t packets, std::uint32_t octets);

  const Options& options() const;
  const Counters& counters() const;
  /// For people: link, pools, queues in use, counters, registers that the model does not know.
  std::string state() const override;

 private:
  void reset_function(FunctionId fn) override;

  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vfpool::nic82599
