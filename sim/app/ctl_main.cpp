// SPDX-License-Identifier: Apache-2.0
// vfpool-simctl: talks to the control socket of a running vfpool-sim.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <system_error>

#include "app/control_client.hpp"
#include "app/request_words.hpp"

namespace {

nlohmann::json number_or_name(const std::string& user) {
  const auto number = nlohmann::json::parse(user, nullptr, false);
  return number.is_number_integer() ? number : nlohmann::json(user);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App cli(
      "Controls a running vfpool-sim. Prints the answer as JSON; exit status 1 when it was refused, 2 when it could "
      "not be asked.");
  std::string path = "build/lab/control.sock";
  cli.add_option("-s,--socket", path, "control socket")->capture_default_str();
  cli.require_subcommand(1);
  nlohmann::json request = nlohmann::json::object();
  unsigned slot = 0, fn = 0, offset = 0;
  std::vector<unsigned> vfs;
  std::string user, file;
  std::vector<std::string> words;
  const auto on_slot = [&](const char* op, const char* text) {
    auto* c = cli.add_subcommand(op, text);
    c->add_option("user", user, "the user's name, or the number of its port, from 1")->required();
    c->add_option("slot", slot, "slot of that user, from 0");
    c->callback([&, op] { request = {{"op", op}, {"user", number_or_name(user)}, {"slot", slot}}; });
    return c;
  };
  on_slot("press", "press the attention button of a slot");
  on_slot("release", "press the button, and take the VF back once the server has switched the slot off");
  on_slot("force", "take the VF back now: a surprise removal");
  auto* assign = on_slot("assign", "put a VF into a slot, or several as its functions 0, 1, ...");
  assign->add_option("vf", vfs, "VF, from 0")->required();
  auto* function = assign->add_option("--fn", fn, "function of a slot that has a function 0");
  assign->callback([&] {
    if (function->count() != 0 && vfs.size() > 1) throw CLI::ValidationError("--fn", "is for one VF");
    request = {{"op", "assign"}, {"user", number_or_name(user)}, {"slot", slot}};
    if (vfs.size() > 1)
      request["vfs"] = vfs;
    else
      request.update({{"vf", vfs[0]}, {"fn", fn}});
  });
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
  auto* any = cli.add_subcommand("do", "any operation of docs/simulation.md: do OP KEY=VALUE...");
  any->add_option("words", words, "numbers, true, false and lists are such, anything else is a string")->required();
  any->callback([&] {
    try {
      request = vfpool::app::request_of_words(words);
    } catch (const std::invalid_argument& e) {
      throw CLI::ValidationError("do", e.what());
    }
  });
  try {
    cli.parse(argc, argv);
  } catch (const CLI::ParseError& e) {
    return cli.exit(e) == 0 ? 0 : 2;
  }
  try {
    const auto reply = vfpool::app::ControlClient(path).ask(request);
    if (reply.contains("state"))
      fmt::print("{}", reply["state"].get<std::string>());
    else if (!reply.empty())
      fmt::print("{}\n", reply.dump(2));
    if (std::fflush(stdout) != 0) throw std::system_error(errno, std::generic_category(), "standard output");
    return 0;
  } catch (const vfpool::app::Refused& e) {
    fmt::print(stderr, "vfpool-simctl: {}\n", e.what());
    return 1;
  } catch (const std::exception& e) {
    fmt::print(stderr, "vfpool-simctl: {}\n", e.what());
    return 2;
  }
}
