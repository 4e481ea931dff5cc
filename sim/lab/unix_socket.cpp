// SPDX-License-Identifier: Apache-2.0
#include "lab/unix_socket.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace vfpool::lab {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

// A run folder may lie deep: name the socket through a descriptor of its folder.
struct Address {
  Fd folder;
  sockaddr_un addr{};

  explicit Address(const std::filesystem::path& path) {
    const std::filesystem::path parent = path.has_parent_path() ? path.parent_path() : ".";
    folder.reset(::open(parent.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!folder) return;
    addr.sun_family = AF_UNIX;
    const std::string name = fmt::format("/proc/self/fd/{}/{}", folder.get(), path.filename().string());
    if (name.size() >= sizeof addr.sun_path) {
      errno = ENAMETOOLONG;
      fail(path.string());
    }
    std::memcpy(addr.sun_path, name.c_str(), name.size() + 1);
  }
};

Fd stream_socket() {
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd) fail("socket");
  return fd;
}

}  // namespace

void Fd::reset(int fd) {
  if (fd_ >= 0) ::close(fd_);
  fd_ = fd;
}

Fd open_pidfd(int pid) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

std::optional<Fd> connect_unix(const std::filesystem::path& path) {
  const Address address(path);
  if (!address.folder) return std::nullopt;
  Fd fd = stream_socket();
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.addr), sizeof address.addr) == 0) return fd;
  if (errno == ENOENT || errno == ECONNREFUSED) return std::nullopt;
  fail("connect to " + path.string());
}

Fd listen_unix(const std::filesystem::path& path) {
  const Address address(path);
  if (!address.folder) fail(path.parent_path().string());
  std::error_code ignored;
  std::filesystem::remove(path, ignored);
  Fd fd = stream_socket();
  const mode_t old = ::umask(0177);
  const int rc = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.addr), sizeof address.addr);
  ::umask(old);
  if (rc != 0 || ::listen(fd.get(), 16) != 0) fail("listen on " + path.string());
  return fd;
}

}  // namespace vfpool::lab
