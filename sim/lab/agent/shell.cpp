// SPDX-License-Identifier: Apache-2.0
#include "lab/agent/shell.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace vfpool::lab {
namespace {

/// What an attaching terminal sees of the time before.
constexpr std::size_t kScrollback = 64U << 10;

}  // namespace

Shell::Shell(int port_fd) : port_(port_fd, kScrollback) {}

Shell::~Shell() { end(); }

void Shell::add_poll(std::vector<pollfd>& fds) const {
  if (port_.poll_fd() >= 0) fds.push_back({port_.poll_fd(), port_.poll_events(), 0});
  if (master_ >= 0) {
    fds.push_back({master_, static_cast<short>(POLLIN | (typed_.empty() ? 0 : POLLOUT)), 0});
  }
}

void Shell::handle(const std::vector<pollfd>& fds) {
  for (const pollfd& p : fds) {
    if (p.revents == 0) continue;
    if (p.fd == port_.poll_fd()) {
      port_.handle(p.revents, typed_);
    } else if (p.fd == master_) {
      read_terminal();
    }
  }
  if (pid_ < 0 && (port_.take_connected() || !typed_.empty())) start();
  port_.take_connected();
  while (master_ >= 0 && !typed_.empty()) {
    const ssize_t n = ::write(master_, typed_.data(), typed_.size());
    if (n <= 0) break;
    typed_.erase(0, static_cast<std::size_t>(n));
  }
}

void Shell::start() {
  master_ = ::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
  if (master_ < 0 || ::grantpt(master_) != 0 || ::unlockpt(master_) != 0) {
    port_.send("no pseudo terminal in this guest\r\n");
    end();
    return;
  }
  std::array<char, 64> name{};
  ::ptsname_r(master_, name.data(), name.size());
  pid_ = ::fork();
  if (pid_ == 0) {
    ::setsid();
    const int tty = ::open(name.data(), O_RDWR);
    ::ioctl(tty, TIOCSCTTY, 0);
    for (int fd = 0; fd < 3; ++fd) ::dup2(tty, fd);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::signal(SIGPIPE, SIG_DFL);
    ::setenv("TERM", terminal_.c_str(), 1);
    if (::chdir("/root") != 0) ::setenv("PWD", "/", 1);
    ::execl("/bin/bash", "-bash", nullptr);
    ::execl("/bin/sh", "-sh", nullptr);
    ::_exit(127);
  }
  if (pid_ < 0) {
    port_.send("the guest cannot start a shell\r\n");
    end();
    return;
  }
  resize(rows_, columns_, terminal_);
}

void Shell::read_terminal() {
  std::array<char, 8192> buffer;
  for (;;) {
    const ssize_t n = ::read(master_, buffer.data(), buffer.size());
    if (n > 0) {
      port_.send(std::string(buffer.data(), static_cast<std::size_t>(n)));
      continue;
    }
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    // EIO: the last process has closed the terminal.
    end();
    port_.send(kShellEnded);
    return;
  }
}

void Shell::end() {
  if (master_ >= 0) ::close(master_);
  master_ = -1;
  if (pid_ > 0) {
    ::kill(-pid_, SIGHUP);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  pid_ = -1;
}

void Shell::resize(unsigned short rows, unsigned short columns, const std::string& terminal) {
  rows_ = rows;
  columns_ = columns;
  if (!terminal.empty()) terminal_ = terminal;
  if (master_ < 0) return;
  winsize size{};
  size.ws_row = rows;
  size.ws_col = columns;
  ::ioctl(master_, TIOCSWINSZ, &size);
}

}  // namespace vfpool::lab
