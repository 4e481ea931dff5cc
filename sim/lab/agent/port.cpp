// SPDX-License-Identifier: Apache-2.0
#include "lab/agent/port.hpp"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>

namespace vfpool::lab {

Port::Port(int fd, std::size_t keep) : fd_(fd), keep_(keep) {
  struct stat st{};
  socket_ = ::fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode);
  // virtio_console raises SIGIO when the host end opens or data arrives (drivers/char: port fasync).
  ::fcntl(fd, F_SETOWN, ::getpid());
  ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK | (socket_ ? 0 : O_ASYNC));
  ::fcntl(fd, F_SETFD, FD_CLOEXEC);
  look_again();
}

Port::~Port() { ::close(fd_); }

short Port::poll_events() const { return static_cast<short>(POLLIN | (out_.empty() ? 0 : POLLOUT)); }

bool Port::take_connected() {
  const bool was = newly_connected_;
  newly_connected_ = false;
  return was;
}

void Port::look_again() {
  pollfd p{fd_, POLLIN | POLLOUT, 0};
  if (::poll(&p, 1, 0) < 0) return;
  parked_ = (p.revents & POLLHUP) != 0 && (p.revents & POLLIN) == 0;
  const bool up = (p.revents & POLLHUP) == 0;
  if (up && !connected_) newly_connected_ = true;
  connected_ = up;
}

void Port::handle(short revents, std::string& in) {
  if (revents & (POLLIN | POLLHUP | POLLERR)) read_all(in);
  if (revents & POLLHUP) {
    connected_ = false;
    parked_ = true;
    if (socket_) ended_ = true;
  } else if (!connected_) {
    connected_ = newly_connected_ = true;
  }
  if (revents & POLLOUT) flush();
}

void Port::read_all(std::string& in) {
  std::array<char, 32768> buffer;
  for (;;) {
    const ssize_t n = ::read(fd_, buffer.data(), buffer.size());
    if (n > 0) {
      in.append(buffer.data(), static_cast<std::size_t>(n));
      continue;
    }
    if (n == 0 && socket_) ended_ = true;
    if (n < 0 && errno == EINTR) continue;
    return;
  }
}

void Port::send(const std::string& bytes) {
  out_ += bytes;
  if (!parked_) flush();
  if (keep_ != 0 && out_.size() > keep_) out_.erase(0, out_.size() - keep_);
}

void Port::flush() {
  std::size_t done = 0;
  while (done < out_.size()) {
    const ssize_t n = ::write(fd_, out_.data() + done, out_.size() - done);
    if (n > 0) {
      done += static_cast<std::size_t>(n);
    } else if (n < 0 && errno == EINTR) {
      continue;
    } else {
      if (n < 0 && errno != EAGAIN && socket_) ended_ = true;
      break;
    }
  }
  out_.erase(0, done);
}

}  // namespace vfpool::lab
