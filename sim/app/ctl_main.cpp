// SPDX-License-Identifier: Apache-2.0
// vfpool-simctl: talks to the control socket of a running vfpool-sim.
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstring>
#include <nlohmann/json.hpp>

namespace {

nlohmann::json ask(const std::string& path, const nlohmann::json& request) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("path of the socket is too long: " + path);
  std::strcpy(address.sun_path, path.c_str());
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0 || connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
    throw std::runtime_error(fmt::format("no simulator at {}: {}", path, std::strerror(errno)));
  const std::string line = request.dump() + "\n";
  if (send(fd, line.data(), line.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(line.size()))
    throw std::runtime_error("the simulator does not listen");
  std::string reply;
  char buffer[4096];
  while (reply.find('\n') == std::string::npos) {
    const ssize_t n = recv(fd, buffer, sizeof buffer, 0);
    if (n <= 0) throw std::runtime_error("the simulator hung up");
    reply.append(buffer, static_cast<std::size_t>(n));
  }
  close(fd);
  return nlohmann::json::parse(reply);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App cli("Controls a running vfpool-sim. Prints the answer as JSON; exit status 1 when it was refused.");
  std::string path = "build/lab/control.sock";
  cli.add_option("-s,--socket", path, "control socket")->capture_default_str();
  cli.require_subcommand(1);
  nlohmann::json request = nlohmann::json::object();
  unsigned user = 0, slot = 0, vf = 0, fn = 0, offset = 0;
  std::string file;
  const auto on_slot = [&](const char* op, const char* text) {
    auto* c = cli.add_subcommand(op, text);
    c->add_option("user", user, "user port, from 1")->required();
    c->add_option("slot", slot, "slot of that user, from 0");
    c->callback([&, op] { request = {{"op", op}, {"user", user}, {"slot", slot}}; });
    return c;
  };
  on_slot("press", "press the attention button of a slot");
  on_slot("release", "press the button, and take the VF back once the server has switched the slot off");
  on_slot("force", "take the VF back now: a surprise removal");
  auto* assign = on_slot("assign", "put a VF into a slot");
  assign->add_option("vf", vf, "VF, from 0")->required();
  assign->add_option("--fn", fn, "function of the slot");
  assign->callback([&] { request = {{"op", "assign"}, {"user", user}, {"slot", slot}, {"vf", vf}, {"fn", fn}}; });
  for (const auto& [op, text] : {std::pair{"status", "VFs and slots"},
                                 {"counters", "packets by port, and drops"},
                                 {"state", "what every part is waiting for"},
                                 {"flush", "write out what the records still hold"},
                                 {"quit", "end the simulation"}})
    cli.add_subcommand(op, text)->callback([&, op = op] { request = {{"op", op}}; });
  auto* read = cli.add_subcommand("read", "read a management register");
  read->add_option("offset", offset, "byte offset")->required();
  read->callback([&] { request = {{"op", "read"}, {"offset", offset}}; });
  auto* waves = cli.add_subcommand("waves", "write FST waves into a file of the run folder; without one, stop");
  waves->add_option("file", file);
  waves->callback([&] { request = {{"op", "waves"}, {"file", file}}; });
  CLI11_PARSE(cli, argc, argv);
  try {
    auto reply = ask(path, request);
    const bool ok = reply.value("ok", false);
    reply.erase("ok");
    if (!ok)
      fmt::print(stderr, "vfpool-simctl: {}\n", reply.value("error", "refused"));
    else if (reply.contains("state"))
      fmt::print("{}", reply["state"].get<std::string>());
    else if (!reply.empty())
      fmt::print("{}\n", reply.dump(2));
    return ok ? 0 : 1;
  } catch (const std::exception& e) {
    fmt::print(stderr, "vfpool-simctl: {}\n", e.what());
    return 2;
  }
}
