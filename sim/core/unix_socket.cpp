// SPDX-License-Identifier: Apache-2.0
#include "core/unix_socket.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace vfpool {
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

Fd unix_socket(int type) {
  Fd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC, 0));
  if (!fd) fail("socket");
  return fd;
}

// A socket that nobody listens at goes away; what else has the name belongs to somebody.
void remove_stale(const std::filesystem::path& path, const Address& address, int type) {
  std::error_code none;
  const auto status = std::filesystem::symlink_status(path, none);
  if (!std::filesystem::exists(status)) return;
  errno = EEXIST;
  if (!std::filesystem::is_socket(status)) fail("listen on " + path.string() + ", which is no socket");
  const Fd caller = unix_socket(type | SOCK_NONBLOCK);
  const bool answered =
      ::connect(caller.get(), reinterpret_cast<const sockaddr*>(&address.addr), sizeof address.addr) == 0;
  // Of another type or with too many callers it is listened at, too.
  if (answered || errno == EAGAIN || errno == EPROTOTYPE) errno = EADDRINUSE;
  if (errno != ECONNREFUSED && errno != ENOENT) fail("listen on " + path.string());
  std::filesystem::remove(path, none);
}

}  // namespace

std::optional<Fd> connect_unix(const std::filesystem::path& path) {
  const Address address(path);
  if (!address.folder) return std::nullopt;
  Fd fd = unix_socket(SOCK_STREAM);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.addr), sizeof address.addr) == 0) return fd;
  if (errno == ENOENT || errno == ECONNREFUSED) return std::nullopt;
  fail("connect to " + path.string());
}

void remove_stale_socket(const std::filesystem::path& path, int type) {
  const Address address(path);
  if (!address.folder) fail(path.parent_path().string());
  remove_stale(path, address, type);
}

Fd listen_unix(const std::filesystem::path& path, int flags, int type) {
  const Address address(path);
  if (!address.folder) fail(path.parent_path().string());
  remove_stale(path, address, type);
  Fd fd = unix_socket(type | flags);
  const mode_t old = ::umask(0177);
  const int rc = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.addr), sizeof address.addr);
  ::umask(old);
  if (rc != 0 || ::listen(fd.get(), 16) != 0) fail("listen on " + path.string());
  return fd;
}

bool send_all(int socket, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

std::optional<std::string> read_line(int socket, std::string& rest, std::size_t most) {
  std::array<char, 65536> chunk;
  for (std::size_t looked = 0;;) {
    if (const std::size_t end = rest.find('\n', looked); end != std::string::npos) {
      std::string line = rest.substr(0, end);
      rest.erase(0, end + 1);
      return line;
    }
    looked = rest.size();
    if (looked > most) return std::nullopt;
    const ssize_t n = ::recv(socket, chunk.data(), chunk.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    rest.append(chunk.data(), static_cast<std::size_t>(n));
  }
}

}  // namespace vfpool
