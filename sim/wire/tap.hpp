// SPDX-License-Identifier: Apache-2.0
// A TAP device of this machine: ordinary hosts at the other end of the wire.
#pragma once

#include <memory>
#include <string>

#include "core/fd.hpp"
#include "core/scheduler.hpp"
#include "wire/traffic.hpp"
#include "wire/wire.hpp"

namespace vfpool::wire {

struct TapOptions {
  std::string name;            ///< of the device, at most 15 characters
  std::string netns;           ///< where it appears: a name under /run/netns or a path; empty: our own namespace
  std::uint32_t mtu = 1500;    ///< bytes, 68 to 16110 (what the 82599 can take, 15.5 KiB frames)
  std::uint32_t queue = 1000;  ///< txqueuelen: frames that wait for us
};

/// The device exists as long as this object. Its carrier is on while a receiver is set; link_up() follows its IFF_UP,
/// so `ip link set NAME down` pulls the NIC's cable.
class Tap : public Wire {
 public:
  /// Throws std::system_error: no such namespace, no permission, name taken.
  Tap(Scheduler& scheduler, const TapOptions& options);
  ~Tap() override;
  Tap(const Tap&) = delete;
  Tap& operator=(const Tap&) = delete;

  void send(std::span<const std::uint8_t> frame) override;
  void set_receiver(Receiver receiver) override;
  /// Stops reading: the kernel's queue fills, then it drops and counts.
  void set_paused(bool paused) override;
  bool link_up() const override { return up_; }
  void set_link_handler(std::function<void(bool up)> handler) override;
  std::string state() const override;

 private:
  void open_device(const TapOptions& options);
  void watch();
  void read_frames();
  void read_link_events();
  void set_carrier(bool on);

  Scheduler& scheduler_;
  std::string name_;
  std::string netns_;
  Fd fd_;
  Fd events_fd_;  // rtnetlink, in the device's namespace
  int index_ = 0;
  bool up_ = false;
  bool paused_ = false;
  bool watched_ = false;
  Receiver receiver_;
  std::function<void(bool)> link_handler_;
  std::vector<std::uint8_t> buffer_;
  Traffic traffic_;
};

}  // namespace vfpool::wire
