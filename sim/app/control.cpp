// SPDX-License-Identifier: Apache-2.0
#include "app/control.hpp"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "app/request.hpp"
#include "core/unix_socket.hpp"

namespace vfpool::app {
namespace {

constexpr std::size_t kLongestLine = 1 << 16;

}  // namespace

ControlSocket::ControlSocket(Scheduler& scheduler, std::filesystem::path path, Handler handler)
    : scheduler_(scheduler),
      path_(std::move(path)),
      handler_(std::move(handler)),
      listener_(listen_unix(path_, SOCK_NONBLOCK)) {
  scheduler_.watch(listener_.get(), POLLIN, [this](short) { accept_client(); });
}

ControlSocket::~ControlSocket() {
  for (const auto& [fd, client] : clients_) scheduler_.unwatch(fd);
  scheduler_.unwatch(listener_.get());
  unlink(path_.c_str());
}

void ControlSocket::accept_client() {
  Fd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket) return;
  const int fd = socket.get();
  clients_[fd].socket = std::move(socket);
  scheduler_.watch(fd, POLLIN, [this, fd](short) { receive(fd); });
}

void ControlSocket::receive(int fd) {
  std::array<char, 4096> buffer;
  const ssize_t n = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  std::string& pending = clients_.at(fd).pending;
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
  clients_.erase(fd);
}

std::string ControlSocket::answer(const std::string& line) {
  nlohmann::json id;
  auto reply = reply_of([&] {
    const auto request = nlohmann::json::parse(line);
    if (!request.is_object()) throw std::runtime_error("a request is a JSON object");
    if (request.contains("id")) id = request["id"];
    return handler_(request);
  });
  if (!id.is_null()) reply["id"] = std::move(id);
  return reply.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

}  // namespace vfpool::app
