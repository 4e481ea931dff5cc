// SPDX-License-Identifier: Apache-2.0
#include "interrupt.hpp"

#include <poll.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>

#include "failure.hpp"

namespace vfpool::tools {
namespace {

std::optional<sigset_t> before;  // the signals that were blocked when hold_interrupts() was called

}  // namespace

void hold_interrupts() {
  sigset_t both, old;
  sigemptyset(&both);
  sigaddset(&both, SIGINT);
  sigaddset(&both, SIGTERM);
  sigprocmask(SIG_BLOCK, &both, &old);
  before = old;
  struct sigaction ends_the_wait{};
  ends_the_wait.sa_handler = [](int) {};
  sigaction(SIGINT, &ends_the_wait, nullptr);
  sigaction(SIGTERM, &ends_the_wait, nullptr);
}

bool wait_for(int fd, std::chrono::nanoseconds limit) {
  pollfd p{.fd = fd, .events = POLLIN, .revents = 0};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(limit);
  const timespec t{.tv_sec = static_cast<std::time_t>(seconds.count()),
                   .tv_nsec = static_cast<long>((limit - seconds).count())};
  const int ready = ::ppoll(&p, 1, &t, before ? &*before : nullptr);
  if (ready < 0 && errno == EINTR) throw Failure(Exit::kCancelled, "interrupted");
  if (ready < 0) throw Failure(Exit::kFailed, std::strerror(errno));
  return ready > 0;
}

}  // namespace vfpool::tools
