// SPDX-License-Identifier: Apache-2.0
// UNIX stream sockets by path, without the 107-byte limit of sockaddr_un, and descriptors that close themselves.
#pragma once

#include <filesystem>
#include <optional>
#include <utility>

namespace vfpool::lab {

/// Owns a file descriptor; -1 is none.
class Fd {
 public:
  Fd() = default;
  explicit Fd(int fd) : fd_(fd) {}
  Fd(Fd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Fd& operator=(Fd&& other) noexcept {
    if (this != &other) reset(std::exchange(other.fd_, -1));
    return *this;
  }
  ~Fd() { reset(); }
  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  void reset(int fd = -1);
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

/// A descriptor that becomes readable when the process ends; none when there is no such process (pidfd_open(2); the
/// C library's header for it does not link from C++).
Fd open_pidfd(int pid);

/// A connected socket, or nothing while nobody listens there (no such file, connection refused). Throws
/// std::system_error for anything else.
std::optional<Fd> connect_unix(const std::filesystem::path& path);

/// A listening socket, mode 0600; a stale file of the same name goes away. Throws std::system_error.
Fd listen_unix(const std::filesystem::path& path);

}  // namespace vfpool::lab
