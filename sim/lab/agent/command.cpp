// SPDX-License-Identifier: Apache-2.0
#include "lab/agent/command.hpp"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace vfpool::lab {
namespace {

constexpr std::chrono::seconds kTermToKill{2};

void close_fd(int& fd) {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

struct Pipe {
  int ends[2] = {-1, -1};
  Pipe() {
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::system_error(errno, std::generic_category(), "pipe");
  }
  ~Pipe() {
    close_fd(ends[0]);
    close_fd(ends[1]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  int take(int which) {
    const int fd = ends[which];
    ends[which] = -1;
    return fd;
  }
};

[[noreturn]] void run_child(const Command::Spec& spec, int in, int out, int err) {
  ::setsid();
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  ::signal(SIGPIPE, SIG_DFL);
  ::dup2(in, STDIN_FILENO);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(err, STDERR_FILENO);
  for (const auto& [name, value] : spec.env) ::setenv(name.c_str(), value.c_str(), 1);
  std::vector<char*> argv;
  for (const std::string& a : spec.argv) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  ::execvp(argv[0], argv.data());
  const std::string text = spec.argv[0] + ": " + std::strerror(errno) + "\n";
  [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
  ::_exit(errno == ENOENT ? 127 : 126);
}

}  // namespace

Command::Command(Spec spec) : spec_(std::move(spec)) {
  Pipe in, out, err;
  pid_ = ::fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) run_child(spec_, in.ends[0], out.ends[1], err.ends[1]);
  in_fd_ = in.take(1);
  out_fd_ = out.take(0);
  err_fd_ = err.take(0);
  for (const int fd : {in_fd_, out_fd_, err_fd_}) ::fcntl(fd, F_SETFL, O_NONBLOCK);
  if (spec_.timeout) deadline_ = Clock::now() + *spec_.timeout;
  if (spec_.input.empty()) close_fd(in_fd_);
}

Command::~Command() {
  if (!ended_) {
    ::kill(-pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  close_fd(in_fd_);
  close_fd(out_fd_);
  close_fd(err_fd_);
}

void Command::add_poll(std::vector<pollfd>& fds) const {
  if (in_fd_ >= 0) fds.push_back({in_fd_, POLLOUT, 0});
  if (out_fd_ >= 0) fds.push_back({out_fd_, POLLIN, 0});
  if (err_fd_ >= 0) fds.push_back({err_fd_, POLLIN, 0});
}

void Command::drain(int& fd, std::string& into) {
  std::array<char, 16384> buffer;
  while (fd >= 0) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n > 0) {
      const std::size_t room = kMaxOutput - into.size();
      const auto got = static_cast<std::size_t>(n);
      into.append(buffer.data(), std::min(got, room));
      if (got > room) truncated_ = true;
    } else if (n == 0) {
      close_fd(fd);
    } else if (errno != EINTR) {
      if (errno != EAGAIN) close_fd(fd);
      return;
    }
  }
}

void Command::pump() {
  drain(out_fd_, out_);
  drain(err_fd_, err_);
  while (in_fd_ >= 0) {
    const ssize_t n = ::write(in_fd_, spec_.input.data() + fed_, spec_.input.size() - fed_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) break;
    if (n > 0) fed_ += static_cast<std::size_t>(n);
    if (n <= 0 || fed_ == spec_.input.size()) close_fd(in_fd_);
  }
}

bool Command::reap() {
  if (ended_) return true;
  if (::waitpid(pid_, &status_, WNOHANG) != pid_) return false;
  ended_ = true;
  deadline_.reset();
  pump();
  return true;
}

void Command::check_deadline(Clock::time_point now) {
  if (ended_ || !deadline_ || now < *deadline_) return;
  signal(timed_out_ ? SIGKILL : SIGTERM);
  timed_out_ = true;
  deadline_ = now + kTermToKill;
}

bool Command::signal(int number) const {
  // The session exists only once the child has run setsid().
  return !ended_ && (::kill(-pid_, number) == 0 || ::kill(pid_, number) == 0);
}

int Command::rc() const { return WIFSIGNALED(status_) ? 128 + WTERMSIG(status_) : WEXITSTATUS(status_); }

}  // namespace vfpool::lab
