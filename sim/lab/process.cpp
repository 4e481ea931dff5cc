// SPDX-License-Identifier: Apache-2.0
#include "lab/process.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace vfpool::lab {
namespace {

constexpr int kGraceMs = 3000;
constexpr int kLifeFd = 3;
constexpr int kReportFd = 4;

[[noreturn]] void fail(const char* what) { throw std::system_error(errno, std::generic_category(), what); }

struct Ends {
  Fd read;
  Fd write;
  Ends() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) fail("pipe");
    read.reset(ends[0]);
    write.reset(ends[1]);
  }
};

// From here on only async-signal-safe calls: the lab has threads, and this is a fork of it.

void report(int value) { [[maybe_unused]] const ssize_t n = ::write(kReportFd, &value, sizeof value); }

// Waits for the child or, if `watch_life`, the end of our owner. True when the child has ended.
bool wait_child(int child, bool watch_life, int timeout_ms) {
  pollfd fds[2] = {{child, POLLIN, 0}, {watch_life ? kLifeFd : -1, POLLIN, 0}};
  while (::poll(fds, 2, timeout_ms) < 0 && errno == EINTR) {
  }
  return fds[0].revents != 0;
}

[[noreturn]] void keep(char* const* argv, const char* folder, const char* log, int life, int report_fd) {
  ::setsid();
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGPIPE}) ::signal(number, SIG_DFL);
  // Copies of other keepers' pipes must not stay open here, or those would never see their owner end.
  const int high_life = ::fcntl(life, F_DUPFD, 64);
  const int high_report = ::fcntl(report_fd, F_DUPFD, 64);
  ::dup3(high_life, kLifeFd, O_CLOEXEC);
  ::dup3(high_report, kReportFd, O_CLOEXEC);
  ::close_range(5, ~0U, 0);
  const int in = ::open("/dev/null", O_RDONLY);
  ::dup2(in, STDIN_FILENO);
  int out = ::open(log, O_WRONLY | O_CREAT | O_APPEND, 0644);
  if (out < 0) out = ::open("/dev/null", O_WRONLY);
  ::dup2(out, STDOUT_FILENO);
  ::dup2(out, STDERR_FILENO);
  ::close(in);
  ::close(out);

  const pid_t keeper = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != keeper) ::_exit(127);
    ::setpgid(0, 0);
    if (folder[0] != '\0' && ::chdir(folder) != 0) ::_exit(126);
    ::execvp(argv[0], argv);
    static constexpr char kText[] = "cannot start this program\n";
    [[maybe_unused]] const ssize_t n = ::write(STDERR_FILENO, kText, sizeof kText - 1);
    ::_exit(127);
  }
  report(child);
  if (child < 0) ::_exit(1);
  ::setpgid(child, child);
  ::prctl(PR_SET_NAME, "lab-keeper");
  ::signal(SIGINT, SIG_IGN);

  const int fd = open_pidfd(child).release();
  if (!wait_child(fd, true, -1)) {
    ::kill(-child, SIGTERM);
    if (!wait_child(fd, false, kGraceMs)) ::kill(-child, SIGKILL);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ::kill(-child, SIGKILL);
  report(WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status));
  ::_exit(0);
}

}  // namespace

Fd open_pidfd(pid_t pid) { return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))); }

Process::Process(const Spec& spec) {
  Ends life;
  Ends back;
  std::vector<char*> argv;
  for (const std::string& a : spec.argv) argv.push_back(const_cast<char*>(a.c_str()));
  argv.push_back(nullptr);
  const std::string folder = spec.folder.string();
  const std::string log = spec.log.empty() ? "/dev/null" : spec.log.string();
  keeper_ = ::fork();
  if (keeper_ < 0) fail("fork");
  if (keeper_ == 0) keep(argv.data(), folder.c_str(), log.c_str(), life.read.get(), back.write.get());
  life_ = std::move(life.write);
  report_ = std::move(back.read);
  back.write.reset();
  if (::read(report_.get(), &pid_, sizeof pid_) != sizeof pid_ || pid_ < 0) fail("fork");
}

Process::~Process() { terminate(); }

bool Process::read_status(int timeout_ms) {
  const std::lock_guard lock(mutex_);
  if (status_) return true;
  pollfd p{report_.get(), POLLIN, 0};
  if (::poll(&p, 1, timeout_ms) <= 0) return false;
  int value = 0;
  // End of file without a status: somebody killed the keeper, and so the child.
  status_ = ::read(report_.get(), &value, sizeof value) == sizeof value ? value : 128 + SIGKILL;
  ::waitpid(keeper_, nullptr, 0);
  return true;
}

bool Process::running() { return !read_status(0); }

std::optional<int> Process::exit_status() { return read_status(0) ? status_ : std::nullopt; }

bool Process::wait(std::chrono::milliseconds limit) { return read_status(static_cast<int>(limit.count())); }

void Process::terminate() {
  life_.reset();
  read_status(-1);
}

void Process::kill() {
  if (running()) ::kill(-pid_, SIGKILL);
  read_status(-1);
}

}  // namespace vfpool::lab
