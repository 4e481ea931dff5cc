// SPDX-License-Identifier: Apache-2.0
#include "app/control.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace vfpool::app {
namespace {

constexpr std::size_t kLongestLine = 1 << 16;

}  // namespace

ControlSocket::ControlSocket(Scheduler& scheduler, std::filesystem::path path, Handler handler)
    : scheduler_(scheduler), path_(std::move(path)), handler_(std::move(handler)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path_.native().size() >= sizeof address.sun_path)
    throw std::system_error(ENAMETOOLONG, std::generic_category(), "control socket " + path_.string());
  std::strcpy(address.sun_path, path_.c_str());
  unlink(path_.c_str());
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (listener_ < 0 || bind(listener_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, 8) != 0) {
    const int error = errno;
    if (listener_ >= 0) close(listener_);
    throw std::system_error(error, std::generic_category(), "control socket " + path_.string());
  }
  scheduler_.watch(listener_, POLLIN, [this](short) { accept_client(); });
}

ControlSocket::~ControlSocket() {
  for (const auto& [fd, rest] : clients_) {
    scheduler_.unwatch(fd);
    close(fd);
  }
  scheduler_.unwatch(listener_);
  close(listener_);
  unlink(path_.c_str());
}

void ControlSocket::accept_client() {
  const int fd = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (fd < 0) return;
  clients_.emplace(fd, "");
  scheduler_.watch(fd, POLLIN, [this, fd](short) { receive(fd); });
}

void ControlSocket::receive(int fd) {
  std::array<char, 4096> buffer;
  const ssize_t n = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  std::string& pending = clients_[fd];
  bool keep = n > 0;
  if (keep) pending.append(buffer.data(), static_cast<std::size_t>(n));
  for (std::size_t end; keep && (end = pending.find('\n')) != std::string::npos;) {
    const std::string line = pending.substr(0, end);
    pending.erase(0, end + 1);
    const std::string reply = answer(line) + '\n';
    // Answers are short and clients read them; one that does not is cut off rather than waited for.
    keep = send(fd, reply.data(), reply.size(), MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(reply.size());
  }
  if (pending.size() > kLongestLine) {
    spdlog::warn("control: a client sent {} bytes without a line end", pending.size());
    keep = false;
  }
  if (keep) return;
  scheduler_.unwatch(fd);
  close(fd);
  clients_.erase(fd);
}

std::string ControlSocket::answer(const std::string& line) {
  nlohmann::json reply = nlohmann::json::object();
  try {
    const auto request = nlohmann::json::parse(line);
    if (!request.is_object()) throw std::runtime_error("a request is a JSON object");
    if (request.contains("id")) reply["id"] = request["id"];
    const auto result = handler_(request);
    reply["ok"] = true;
    if (result.is_object()) reply.update(result);
  } catch (const std::exception& e) {
    reply["ok"] = false;
    reply["error"] = e.what();
  }
  return reply.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace vfpool::app
