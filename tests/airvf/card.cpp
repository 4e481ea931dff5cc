// SPDX-License-Identifier: Apache-2.0
// An 82599 without servers around it: serves its VFs to VMs over vfio-user sockets (vf0, vf1, ... in a folder). The
// cable's far end swallows frames; VFs reach each other through the card's switch. Obeys lines on its standard input:
// `link up`, `link down`, `state`, `quit` (the VMs see devices that answer no more).
#include <poll.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

#include "core/scheduler.hpp"
#include "nic82599/direct_vf.hpp"
#include "vfio_user/server.hpp"
#include "wire/loopback.hpp"

namespace {

using namespace vfpool;

/// Lines of a person or a script.
class Console {
 public:
  Console(Scheduler& scheduler, wire::Wire& far_end, nic82599::DirectCard& card)
      : scheduler_(scheduler), far_end_(far_end), card_(card) {
    scheduler_.watch(STDIN_FILENO, POLLIN, [this](short) { read(); });
  }

 private:
  void read() {
    char chunk[256];
    const ssize_t n = ::read(STDIN_FILENO, chunk, sizeof chunk);
    if (n <= 0) {
      scheduler_.unwatch(STDIN_FILENO);
      return;
    }
    text_.append(chunk, static_cast<std::size_t>(n));
    for (std::size_t end; (end = text_.find('\n')) != std::string::npos; text_.erase(0, end + 1))
      obey(text_.substr(0, end));
  }

  void obey(const std::string& line) {
    if (line == "link up") {
      far_end_.set_receiver([](wire::Frame) {});
    } else if (line == "link down") {
      far_end_.set_receiver({});
    } else if (line == "quit") {
      scheduler_.stop();
    } else if (line == "state") {
      std::cout << card_.state() << std::endl;
    } else {
      spdlog::warn("what is \"{}\"? (link up, link down, state, quit)", line);
    }
  }

  Scheduler& scheduler_;
  wire::Wire& far_end_;
  nic82599::DirectCard& card_;
  std::string text_;
};

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("82599 whose VFs are vfio-user devices");
  std::string folder = ".";
  nic82599::Nic82599::Options nic;
  nic82599::PfPersonality::Options pf;
  pf.vfs = 2;
  app.add_option("folder", folder, "where the sockets are made")->required();
  app.add_option("--vfs", pf.vfs, "virtual functions")->check(CLI::Range(1, 63));
  app.add_option("--queues", pf.queues, "queues of each")->check(CLI::IsMember({2, 4}));
  app.add_option("--mtu", pf.pf_mtu, "MTU of the PF");
  app.add_flag("--trusted", pf.trusted, "trust the VFs");
  app.add_flag("--query-rss", pf.query_rss, "VFs may read the RSS table");
  app.add_flag("--strict-reset", nic.strict_vf_reset, "ring registers survive a VF's reset, as in silicon");
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGPIPE, SIG_IGN);

  Scheduler scheduler(TimeBase::kWall);
  auto [near_end, far_end] = wire::Loopback::make_pair(scheduler);
  nic82599::DirectCard card(scheduler, nic, pf);
  card.nic().set_wire(*near_end);
  far_end->set_receiver([](wire::Frame) {});
  std::vector<std::unique_ptr<vfio_user::Server>> servers;
  for (unsigned i = 0; i < card.vfs(); ++i)
    servers.push_back(std::make_unique<vfio_user::Server>(scheduler, folder + "/vf" + std::to_string(i), card.vf(i)));
  Console console(scheduler, *far_end, card);
  scheduler.run();
}
