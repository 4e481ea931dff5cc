// SPDX-License-Identifier: Apache-2.0
// The interactive shell behind the port `vfpool.shell`.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <string>
#include <vector>

#include "lab/agent/port.hpp"

namespace vfpool::lab {

/// Sent to the host when the shell has ended, so that an attached terminal lets go. An operating system command
/// (ECMA-48, 8.3.89): a terminal that does not know it shows nothing.
inline constexpr const char kShellEnded[] = "\033]vfpool;shell ended\a";

/// A login shell on a pseudo terminal. It starts when the host first attaches, lives on while nobody is attached, and
/// is started anew at the next attachment or key press after it ended.
class Shell {
 public:
  /// Takes `port_fd`.
  explicit Shell(int port_fd);
  ~Shell();
  Shell(const Shell&) = delete;
  Shell& operator=(const Shell&) = delete;

  void add_poll(std::vector<pollfd>& fds) const;
  /// Call after every poll(2), with its answers.
  void handle(const std::vector<pollfd>& fds);
  void look_again() { port_.look_again(); }
  bool port_parked() const { return port_.parked(); }
  void resize(unsigned short rows, unsigned short columns, const std::string& terminal);

 private:
  void start();
  void read_terminal();
  void end();

  Port port_;
  int master_ = -1;
  pid_t pid_ = -1;
  unsigned short rows_ = 24;
  unsigned short columns_ = 80;
  std::string terminal_ = "vt102";
  std::string typed_;
};

}  // namespace vfpool::lab
