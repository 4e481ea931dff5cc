// SPDX-License-Identifier: Apache-2.0
// The Verilated bridge as a part of the simulation: TLPs in and out at its ports, pins, and the service bus.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "bridge/geometry.hpp"
#include "bridge/registers.hpp"
#include "core/scheduler.hpp"
#include "pcie/tlp.hpp"

namespace vfpool::bridge {

/// Compares what the RTL says of itself (GEOMETRY, and PAYLOAD of any port) with what this program was built for.
/// Throws std::runtime_error with both if they differ.
void check_geometry(const regs::Geometry& rtl, const regs::Payload& payload, const Geometry& program);

class Bridge : public Clocked {
 public:
  /// Sees every packet at a port: `toward_bridge` true for what enters. For records and tests.
  using Tap = std::function<void(unsigned port, bool toward_bridge, const pcie::Tlp&)>;

  /// Throws as check_geometry.
  explicit Bridge(Scheduler& scheduler);
  ~Bridge() override;

  static Geometry geometry();
  /// Requests that wait for an answer at each port, at most; several senders share them.
  static unsigned tags();
  // Ports: 0 is the owner, 1..users the users, then the device ports.
  static unsigned port_count();
  static unsigned device_port(unsigned device) { return 1 + geometry().users + device; }
  /// VFs of a device at most; registers and commands count a device's VF `vf` as kDeviceVfs * device + vf.
  static constexpr unsigned kDeviceVfs = 64;
  static std::string port_name(unsigned port);  ///< "owner", "user1", "nic0"

  /// Where packets that leave `port` go. Must be set before the first cycle; outlives the bridge's last cycle.
  void connect(unsigned port, pcie::TlpSink& neighbour);
  /// The sink that takes packets into `port`; outlives its sender's last call. pending() tells how many wait.
  pcie::TlpSink& input(unsigned port);
  std::size_t pending(unsigned port) const;
  /// The neighbour takes packets of every class.
  bool neighbour_takes_all(unsigned port) const;
  /// Physical link of a port: false is a dead or unplugged neighbour. At the beginning that of device 0 is up, no
  /// other.
  void set_link(unsigned port, bool up);
  /// For tests: the neighbour at `port` stops taking packets, or goes on.
  void stall(unsigned port, bool stalled);
  /// For tests: the neighbour at `port` has no room for packets of these classes until the next call.
  void hold(unsigned port, const std::vector<pcie::FlowClass>& classes);
  /// `hot_reset` is called when the bridge begins to reset what is below a device port (dev_reset_o), with the number
  /// of the device.
  void on_device_reset(std::function<void(unsigned device)> hot_reset);
  /// The attention button of a slot is pressed once (user 1.., slot 0..).
  void press_button(unsigned user, unsigned slot);

  /// The service bus: the bridge's management registers (bridge/registers.hpp), owner's view, without a server. Runs
  /// the clock until the access is done. Throws std::runtime_error if the bridge never answers.
  std::uint32_t service_read(std::uint32_t offset);
  void service_write(std::uint32_t offset, std::uint32_t value);
  /// The same by register: read<regs::Status>().sriov, read<regs::Slot>(n).present.
  template <class Register>
  Register read() {
    return Register::unpack(service_read(Register::kOffset));
  }
  template <class Register, class Index>
  Register read(Index n) {
    return Register::unpack(service_read(Register::offset(n)));
  }
  template <class Register>
  void write(const Register& r) {
    service_write(Register::kOffset, r.pack());
  }
  /// A command of the owner's.
  regs::Result command(const regs::Command& c) {
    write(c);
    return read<regs::CommandResult>().code;
  }

  /// A part of `port`, or the control plane, is clocked in the cycle that comes; else they cost nothing in it.
  bool awake(unsigned port) const;
  bool control_awake() const;

  void add_tap(Tap tap);
  /// Waves into an FST file from now on / stop.
  void trace_to(const std::string& path);
  void trace_stop();

  bool busy() const override;
  void cycle() override;
  std::string state() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace vfpool::bridge
