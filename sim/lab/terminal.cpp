// SPDX-License-Identifier: Apache-2.0
#include "lab/terminal.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <string_view>

#include "core/unix_socket.hpp"
#include "lab/agent/shell.hpp"
#include "lab/control.hpp"

namespace vfpool::lab {
namespace {

constexpr char kDetachKey = '\x1d';  // Ctrl-]

class RawMode {
 public:
  RawMode() {
    if (::tcgetattr(STDIN_FILENO, &before_) != 0) return;
    raw_ = true;
    termios now = before_;
    ::cfmakeraw(&now);
    ::tcsetattr(STDIN_FILENO, TCSANOW, &now);
  }
  ~RawMode() {
    if (raw_) ::tcsetattr(STDIN_FILENO, TCSADRAIN, &before_);
  }
  RawMode(const RawMode&) = delete;
  RawMode& operator=(const RawMode&) = delete;

 private:
  termios before_{};
  bool raw_ = false;
};

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return true;
}

void send_size(const std::filesystem::path& folder, const std::string& vm) {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_row == 0) return;
  const char* term = std::getenv("TERM");
  try {
    ask_lab(folder, {{"op", "resize"},
                     {"vm", vm},
                     {"rows", size.ws_row},
                     {"columns", size.ws_col},
                     {"term", term != nullptr ? term : ""}});
  } catch (const std::exception&) {
    // Only the size: the shell works without it.
  }
}

// Prints what the shell sent; false when that held the mark of its end. The mark may come in pieces.
bool print_output(std::string& pending) {
  static constexpr std::string_view kEnd = kShellEnded;
  const std::size_t at = pending.find(kEnd);
  if (at != std::string::npos) {
    write_all(STDOUT_FILENO, std::string_view(pending).substr(0, at));
    return false;
  }
  std::size_t keep = 0;
  for (std::size_t n = 1; n < kEnd.size() && n <= pending.size(); ++n)
    if (std::string_view(pending).substr(pending.size() - n) == kEnd.substr(0, n)) keep = n;
  write_all(STDOUT_FILENO, std::string_view(pending).substr(0, pending.size() - keep));
  pending.erase(0, pending.size() - keep);
  return true;
}

}  // namespace

void attach_terminal(const std::filesystem::path& folder, const std::string& vm, Line line) {
  lab_supervisor(folder);  // is there a lab at all?
  const bool is_shell = line == Line::kShell;
  const std::filesystem::path path = folder / (vm + (is_shell ? ".shell" : ".serial"));
  const Fd lock(::open((path.string() + ".lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (lock && ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
    throw std::runtime_error(fmt::format("the {} of {} is attached elsewhere", is_shell ? "shell" : "console", vm));
  if (is_shell) send_size(folder, vm);
  auto socket = connect_unix(path);
  if (!socket) throw std::runtime_error(fmt::format("no VM '{}' is running in this lab", vm));

  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGWINCH);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  ::signal(SIGPIPE, SIG_IGN);
  const Fd resized(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (::isatty(STDIN_FILENO)) fmt::print(stderr, "{}; Ctrl-] detaches\n", path.filename().string());
  const RawMode raw;

  std::string pending;
  std::array<char, 8192> buffer;
  pollfd fds[3] = {{STDIN_FILENO, POLLIN, 0}, {socket->get(), POLLIN, 0}, {resized.get(), POLLIN, 0}};
  for (;;) {
    if (::poll(fds, 3, -1) < 0) {
      if (errno == EINTR) continue;
      return;
    }
    if (fds[1].revents != 0) {
      const ssize_t n = ::read(socket->get(), buffer.data(), buffer.size());
      if (n <= 0) return;
      pending.append(buffer.data(), static_cast<std::size_t>(n));
      if (!print_output(pending)) return;
    }
    if (fds[0].revents != 0) {
      const ssize_t n = ::read(STDIN_FILENO, buffer.data(), buffer.size());
      // Piped input that ends: stay, so that what it asked for is still seen; the shell's end is ours.
      if (n <= 0 && ::isatty(STDIN_FILENO)) return;
      if (n <= 0) {
        fds[0].fd = -1;
        continue;
      }
      const std::string_view typed(buffer.data(), static_cast<std::size_t>(n));
      const std::size_t detach = typed.find(kDetachKey);
      if (!write_all(socket->get(), typed.substr(0, detach)) || detach != std::string_view::npos) return;
    }
    if (fds[2].revents != 0) {
      signalfd_siginfo info{};
      while (::read(resized.get(), &info, sizeof info) > 0) {
      }
      if (is_shell) send_size(folder, vm);
    }
  }
}

}  // namespace vfpool::lab
