// SPDX-License-Identifier: Apache-2.0
// One command that the host asked the agent to run.
#pragma once

#include <poll.h>
#include <sys/types.h>

#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace vfpool::lab {

/// A child process in its own session, with its standard input fed and both outputs gathered.
class Command {
 public:
  struct Spec {
    std::vector<std::string> argv;
    std::map<std::string, std::string> env;  ///< added to the agent's own
    std::string input;
    std::optional<std::chrono::milliseconds> timeout;  ///< then SIGTERM to the session, 2 s later SIGKILL
  };
  using Clock = std::chrono::steady_clock;

  /// More output than this (bytes, each stream) is read and thrown away.
  static constexpr std::size_t kMaxOutput = 8U << 20;

  /// Throws std::system_error when pipes or the process cannot be had.
  explicit Command(Spec spec);
  ~Command();
  Command(const Command&) = delete;
  Command& operator=(const Command&) = delete;

  void add_poll(std::vector<pollfd>& fds) const;
  /// Looks at every pipe; cheap, none blocks.
  void pump();
  /// True when the process itself has ended; children it left behind may still hold its pipes.
  bool reap();
  /// Time of the next timeout step, if any.
  std::optional<Clock::time_point> deadline() const { return deadline_; }
  void check_deadline(Clock::time_point now);
  bool signal(int number) const;

  /// Exit status, or 128 + signal number as the shell has it. Valid after reap().
  int rc() const;
  bool timed_out() const { return timed_out_; }
  bool truncated() const { return truncated_; }
  const std::string& out() const { return out_; }
  const std::string& err() const { return err_; }

 private:
  void drain(int& fd, std::string& into);

  Spec spec_;
  pid_t pid_ = -1;
  int status_ = 0;
  bool ended_ = false;
  bool timed_out_ = false;
  bool truncated_ = false;
  int in_fd_ = -1;
  int out_fd_ = -1;
  int err_fd_ = -1;
  std::size_t fed_ = 0;
  std::optional<Clock::time_point> deadline_;
  std::string out_;
  std::string err_;
};

}  // namespace vfpool::lab
