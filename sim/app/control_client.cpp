// SPDX-License-Identifier: Apache-2.0
#include "app/control_client.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "core/unix_socket.hpp"

namespace vfpool::app {
namespace {

constexpr std::size_t kLongestAnswer = 64U << 20;

}  // namespace

nlohmann::json ControlClient::ask(const nlohmann::json& request) const {
  const auto fd = connect_unix(socket_);
  if (!fd) throw std::runtime_error(fmt::format("no simulator listens at {}", socket_.string()));
  const timeval limit{limit_.count(), 0};
  for (const int option : {SO_RCVTIMEO, SO_SNDTIMEO}) ::setsockopt(fd->get(), SOL_SOCKET, option, &limit, sizeof limit);
  std::string rest;
  std::optional<std::string> line;
  if (send_all(fd->get(), request.dump() + "\n")) line = read_line(fd->get(), rest, kLongestAnswer);
  if (!line) throw std::runtime_error(fmt::format("no answer from the simulator at {}", socket_.string()));
  auto answer = nlohmann::json::parse(*line, nullptr, false);
  if (!answer.is_object())
    throw std::runtime_error(fmt::format("what answers at {} is no simulator", socket_.string()));
  if (!answer.value("ok", false)) throw Refused(answer.value("error", "refused"));
  answer.erase("ok");
  return answer;
}

}  // namespace vfpool::app
