// SPDX-License-Identifier: Apache-2.0
#include "app/control.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "app/request.hpp"
#include "app/request_words.hpp"
#include "core/unix_socket.hpp"

namespace vfpool::app {
namespace {

constexpr std::size_t kLongestLine = 1 << 16;
/// Far fewer than a process may have descriptors, of which the rest of the simulator needs some, too.
constexpr std::size_t kMostClients = 256;

// Answers are short and clients read them; one that does not is cut off rather than waited for.
bool say(int fd, const nlohmann::json& answer) {
  const std::string text = answer.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) + '\n';
  return send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) == static_cast<ssize_t>(text.size());
}

nlohmann::json error(const std::string& text) { return {{"ok", false}, {"error", text}}; }

}  // namespace

ControlSocket::ControlSocket(Scheduler& scheduler, std::filesystem::path path, Handler handler)
    : scheduler_(scheduler),
      path_(std::move(path)),
      handler_(std::move(handler)),
      listener_(listen_unix(path_, SOCK_NONBLOCK)) {
  scheduler_.watch(listener_.get(), POLLIN, [this](short) { accept_client(); });
}

ControlSocket::~ControlSocket() {
  while (!clients_.empty()) drop(clients_.begin()->first);
  scheduler_.unwatch(listener_.get());
  unlink(path_.c_str());
}

void ControlSocket::accept_client() {
  Fd socket(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  if (!socket) return;
  const int fd = socket.get();
  if (clients_.size() == kMostClients) {
    spdlog::warn("control: a client was turned away, {} are connected", kMostClients);
    say(fd, error(fmt::format("{} clients are connected, and no more can be", kMostClients)));
    return;
  }
  clients_[fd].socket = std::move(socket);
  scheduler_.watch(fd, POLLIN, [this, fd](short) { receive(fd); });
}

void ControlSocket::receive(int fd) {
  Client& client = clients_.at(fd);
  if (client.more != 0) return;
  std::array<char, 4096> buffer;
  const ssize_t n = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
  if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (n <= 0) return drop(fd);
  client.pending.append(buffer.data(), static_cast<std::size_t>(n));
  answer_one(fd);
}

// A request at a time: between two of them the simulation goes on, however many a client has sent at once.
void ControlSocket::answer_one(int fd) {
  Client& client = clients_.at(fd);
  std::string& pending = client.pending;
  if (const std::size_t end = pending.find('\n'); end != std::string::npos) {
    const std::string line = pending.substr(0, end);
    pending.erase(0, end + 1);
    if (!say(fd, answer(line))) return drop(fd);
  }
  if (pending.find('\n') != std::string::npos) {
    client.more = scheduler_.after(SimTime{0}, [this, fd] {
      clients_.at(fd).more = 0;
      answer_one(fd);
    });
  } else if (pending.size() > kLongestLine) {
    spdlog::warn("control: a client sent {} bytes without a line end", pending.size());
    say(fd, error(fmt::format("a line of more than {} bytes", kLongestLine)));
    drop(fd);
  }
}

void ControlSocket::drop(int fd) {
  scheduler_.cancel(clients_.at(fd).more);
  scheduler_.unwatch(fd);
  clients_.erase(fd);
}

nlohmann::json ControlSocket::answer(const std::string& line) {
  nlohmann::json id;
  auto reply = reply_of([&] {
    const auto request = request_value(line);
    if (!request.is_object()) throw std::runtime_error("a request is a JSON object");
    if (request.contains("id")) id = request["id"];
    return handler_(request);
  });
  if (!id.is_null()) reply["id"] = std::move(id);
  return reply;
}

}  // namespace vfpool::app
