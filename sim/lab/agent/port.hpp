// SPDX-License-Identifier: Apache-2.0
// One end of a virtio-serial port (or, in tests, of a socket pair), seen from the guest.
#pragma once

#include <cstddef>
#include <string>

namespace vfpool::lab {

/// Non-blocking byte stream to the host. While the host end of a virtio port is closed the kernel reports POLLHUP
/// without end; such a port is parked, that is, not polled until a SIGIO (or the agent's slow timer) says to look
/// again.
class Port {
 public:
  /// Takes `fd`. `keep` is how many bytes wait for a host that is away; older ones are dropped (0: no limit).
  Port(int fd, std::size_t keep);
  ~Port();
  Port(const Port&) = delete;
  Port& operator=(const Port&) = delete;

  /// What to put into a pollfd; -1 while parked.
  int poll_fd() const { return parked_ ? -1 : fd_; }
  short poll_events() const;
  bool parked() const { return parked_; }
  /// True once when the host has come (back) since the last call.
  bool take_connected();

  /// Call with poll's answer. Appends what came to `in`.
  void handle(short revents, std::string& in);
  /// The host may be back: looks again at a parked port.
  void look_again();
  void send(const std::string& bytes);
  /// The stream ended for good (sockets only; a virtio port can always come back).
  bool ended() const { return ended_; }

 private:
  void read_all(std::string& in);
  void flush();

  int fd_;
  std::size_t keep_;
  bool socket_ = false;
  bool parked_ = false;
  bool connected_ = false;
  bool newly_connected_ = false;
  bool ended_ = false;
  std::string out_;
};

}  // namespace vfpool::lab
