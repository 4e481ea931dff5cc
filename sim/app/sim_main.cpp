// SPDX-License-Identifier: Apache-2.0
// vfpool-sim: the simulated pool. Servers that are VMs attach to its sockets; it goes on until it is told to stop.
#include <fmt/format.h>
#include <poll.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <csignal>
#include <cstdio>

#include "app/control.hpp"
#include "app/preset_for.hpp"
#include "app/request.hpp"
#include "app/simulation.hpp"
#include "core/fd.hpp"
#include "core/unix_socket.hpp"

namespace {

// Signals as events of the loop: SIGUSR1 prints the state, SIGINT and SIGTERM stop.
class Signals {
 public:
  /// Before anything else: threads inherit the mask, and the Verilated model starts one.
  static sigset_t block() {
    sigset_t set;
    sigemptyset(&set);
    for (int s : {SIGUSR1, SIGINT, SIGTERM}) sigaddset(&set, s);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return set;
  }

  Signals(vfpool::Scheduler& scheduler, const sigset_t& set, std::function<void()> dump)
      : scheduler_(scheduler), fd_(signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)) {
    scheduler_.watch(fd_.get(), POLLIN, [this, dump = std::move(dump)](short) {
      signalfd_siginfo info{};
      while (read(fd_.get(), &info, sizeof info) == sizeof info) {
        if (info.ssi_signo == SIGUSR1)
          dump();
        else
          scheduler_.stop();
      }
    });
  }
  ~Signals() { scheduler_.unwatch(fd_.get()); }

 private:
  vfpool::Scheduler& scheduler_;
  vfpool::Fd fd_;
};

}  // namespace

int main(int argc, char** argv) {
  const sigset_t signal_set = Signals::block();
  CLI::App cli("The simulated pool: the Verilated bridge, an 82599 and the servers of a topology file.");
  std::string file, folder, log_level = "info";
  cli.add_option("topology", file, "topology file (TOML)")->required()->check(CLI::ExistingFile);
  cli.add_option("--dir", folder, "run folder for sockets and records (default: the file's)")
      ->check(CLI::ExistingDirectory);
  cli.add_option("--log", log_level, "trace, debug, info, warn, error")
      ->check(CLI::IsMember({"trace", "debug", "info", "warn", "error"}));
  CLI11_PARSE(cli, argc, argv);
  spdlog::set_default_logger(spdlog::stderr_color_mt("sim"));
  spdlog::set_pattern("%H:%M:%S.%e %^%l%$ %v");
  spdlog::set_level(spdlog::level::from_str(log_level));
  // Whoever reads the log may go; the simulation stays.
  signal(SIGPIPE, SIG_IGN);
  // Interrupt moderation is a matter of microseconds; the default slack of 50 would blur it.
  prctl(PR_SET_TIMERSLACK, 1);
  try {
    const auto topology = vfpool::config::read_topology(file, vfpool::app::bridge_limits());
    const std::filesystem::path run =
        folder.empty() ? std::filesystem::absolute(file).parent_path() : std::filesystem::path(folder);
    // Before the records of the other one are written over.
    if (vfpool::connect_unix(run / topology.control))
      throw std::runtime_error((run / topology.control).string() + ": another simulator runs in this folder");
    vfpool::Scheduler scheduler(vfpool::TimeBase::kWall);
    vfpool::app::Simulation simulation(scheduler, topology, run);
    Signals signals(scheduler, signal_set, [&] {
      fmt::print(stderr, "{}", simulation.state());
      std::fflush(stderr);
    });
    vfpool::app::ControlSocket control(scheduler, run / topology.control, [&](const nlohmann::json& request) {
      if (vfpool::app::text_of(request, "op", "") == "quit") {
        scheduler.stop();
        return nlohmann::json::object();
      }
      return simulation.control(request);
    });
    spdlog::info("running; control socket {}", (run / topology.control).string());
    scheduler.run();
    spdlog::info("stopped after {} cycles", scheduler.cycles());
  } catch (const vfpool::config::BridgeTooSmall& e) {
    fmt::print(stderr, "vfpool-sim: {}\n{}\n", e.what(), vfpool::app::how_to_build(e.needed(), VFPOOL_PRESETS, file));
    return 1;
  } catch (const std::exception& e) {
    fmt::print(stderr, "vfpool-sim: {}\n", e.what());
    return 1;
  }
  return 0;
}
