// SPDX-License-Identifier: Apache-2.0
#include "lab/agent_client.hpp"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "core/unix_socket.hpp"
#include "lab/agent/message.hpp"

namespace vfpool::lab {
namespace {

using nlohmann::json;
using std::chrono::milliseconds;

/// The agent ends a command at its timeout by SIGTERM and, 2 s later, SIGKILL; its answer needs time on a busy host.
constexpr milliseconds kAnswerGrace{15'000};

Result to_result(const json& answer) {
  if (answer.contains("error")) throw AgentError("agent: " + answer.at("error").get<std::string>());
  Result r;
  r.rc = answer.value("rc", -1);
  r.out = to_bytes(answer.value("out", json()));
  r.err = to_bytes(answer.value("err", json()));
  r.timed_out = answer.value("timed_out", false);
  r.running = answer.value("running", false);
  return r;
}

json to_request(const AgentClient::Command& command) {
  json r;
  if (command.argv.empty()) {
    r["sh"] = command.sh;
  } else {
    r["argv"] = command.argv;
  }
  if (!command.input.empty()) r["stdin"] = to_json(command.input);
  if (!command.env.empty()) r["env"] = command.env;
  if (command.timeout.count() > 0) r["timeout"] = static_cast<double>(command.timeout.count()) / 1000;
  return r;
}

json await(const std::shared_future<json>& answer, milliseconds limit) {
  if (answer.wait_for(limit) != std::future_status::ready)
    throw AgentError(fmt::format("the guest has not answered for {} s", limit.count() / 1000));
  return answer.get();
}

}  // namespace

AgentClient::AgentClient(Fd socket)
    : socket_(std::move(socket)),
      // An earlier client's commands may still run in the guest: start where it cannot have been.
      next_id_(
          std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::system_clock::now().time_since_epoch())
              .count()) {
  reader_ = std::thread([this] { read_answers(); });
}

AgentClient::~AgentClient() {
  close();
  reader_.join();
}

void AgentClient::close() { ::shutdown(socket_.get(), SHUT_RDWR); }

bool AgentClient::connected() const {
  const std::lock_guard lock(mutex_);
  return connected_;
}

bool AgentClient::ping(milliseconds limit) {
  try {
    return request({{"ping", true}}, limit).value("rc", -1) == 0;
  } catch (const AgentError&) {
    return false;
  }
}

Result AgentClient::run(const Command& command) {
  auto [id, answer] = send(to_request(command));
  if (command.timeout.count() == 0) return to_result(answer.get());
  return to_result(await(answer, command.timeout + kAnswerGrace));
}

Background AgentClient::spawn(Command command) {
  auto [id, answer] = send(to_request(command));
  return Background(shared_from_this(), id, std::move(answer));
}

json AgentClient::request(json request, milliseconds limit) {
  auto [id, answer] = send(std::move(request));
  return await(answer, limit);
}

std::pair<std::int64_t, std::shared_future<json>> AgentClient::send(json request) {
  std::int64_t id = 0;
  std::shared_future<json> answer;
  {
    const std::lock_guard lock(mutex_);
    if (!connected_) throw AgentError("the guest is gone");
    id = next_id_++;
    answer = waiting_[id].get_future().share();
  }
  request["id"] = id;
  const std::string message = encode_message(request);
  const std::lock_guard lock(write_mutex_);
  if (!send_all(socket_.get(), message)) throw AgentError("the guest is gone");
  return {id, std::move(answer)};
}

void AgentClient::read_answers() {
  std::string in;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t n = ::read(socket_.get(), buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    in.append(buffer.data(), static_cast<std::size_t>(n));
    try {
      while (const auto answer = take_message(in)) take_answer(*answer);
    } catch (const BadMessage& e) {
      spdlog::warn("agent: {}", e.what());
    }
  }
  std::map<std::int64_t, std::promise<json>> lost;
  {
    const std::lock_guard lock(mutex_);
    connected_ = false;
    lost.swap(waiting_);
  }
  for (auto& [id, promise] : lost)
    promise.set_exception(std::make_exception_ptr(AgentError("the guest went away before it answered")));
}

void AgentClient::take_answer(const json& answer) {
  if (!answer.is_object() || !answer.contains("id") || !answer["id"].is_number_integer()) {
    spdlog::warn("agent: an answer that is none: {}", answer.is_object() ? answer.value("error", "") : "");
    return;
  }
  std::promise<json> promise;
  {
    const std::lock_guard lock(mutex_);
    const auto it = waiting_.find(answer["id"].get<std::int64_t>());
    if (it == waiting_.end()) return;  // an earlier client's
    promise = std::move(it->second);
    waiting_.erase(it);
  }
  promise.set_value(answer);
}

Result Background::wait(milliseconds limit) { return to_result(await(answer_, limit)); }

Result Background::peek() {
  if (answer_.wait_for(milliseconds(0)) == std::future_status::ready) return to_result(answer_.get());
  const json answer = client_->request({{"peek", id_}}, kAnswerGrace);
  // It may have ended between the two looks; its own answer is then on the way, before this one.
  if (answer.contains("error")) return wait(kAnswerGrace);
  return to_result(answer);
}

void Background::signal(int number) {
  if (answer_.wait_for(milliseconds(0)) == std::future_status::ready) return;
  client_->request({{"kill", id_}, {"signal", number}}, kAnswerGrace);
}

}  // namespace vfpool::lab
