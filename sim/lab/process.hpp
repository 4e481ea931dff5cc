// SPDX-License-Identifier: Apache-2.0
// A program that the lab starts and that never outlives it.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/fd.hpp"

namespace vfpool::lab {

/// A descriptor that becomes readable when the process ends; none when there is no such process (pidfd_open(2); the
/// C library's header for it does not link from C++).
Fd open_pidfd(pid_t pid);

/// A child process under a keeper: a small process in between that ends it (SIGTERM, after 3 s SIGKILL, the whole
/// process group) when this object or the process that owns it goes away in whatever manner. PR_SET_PDEATHSIG alone
/// would tie the child to the *thread* that started it. Thread-safe, but for destruction.
class Process {
 public:
  struct Spec {
    std::vector<std::string> argv;  ///< argv[0] is searched in PATH
    std::filesystem::path folder;   ///< working folder; empty: ours
    std::filesystem::path log;      ///< gets standard output and error, appended; empty: /dev/null
  };

  /// Throws std::system_error when no process can be made. A program that is not there ends with status 127.
  explicit Process(const Spec& spec);
  ~Process();
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  pid_t pid() const { return pid_; }
  bool running();
  /// Exit status as the shell has it (128 + signal number), once it has ended.
  std::optional<int> exit_status();
  bool wait(std::chrono::milliseconds limit);
  /// SIGTERM, then SIGKILL; returns when the process and its group are gone.
  void terminate();
  /// SIGKILL at once; returns when the process is gone.
  void kill();

 private:
  bool read_status(int timeout_ms);

  std::mutex mutex_;  // of the status: several threads may ask
  pid_t keeper_ = -1;
  pid_t pid_ = -1;
  Fd life_;    // its closing tells the keeper to end the child
  Fd report_;  // the keeper's: pid, then wait status
  std::optional<int> status_;
};

}  // namespace vfpool::lab
