// SPDX-License-Identifier: Apache-2.0
#include "wire/tap.hpp"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <spdlog/spdlog.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace vfpool::wire {
namespace {

constexpr std::size_t kBufferSize = 65536;

[[noreturn]] void fail(const std::string& what) { throw std::system_error(errno, std::generic_category(), what); }

// Puts this thread into a network namespace for as long as the object lives. What is opened meanwhile stays there.
class InNamespace {
 public:
  explicit InNamespace(const std::string& netns) {
    if (netns.empty()) return;
    const bool is_path = netns.find('/') != std::string::npos;
    const std::string path = is_path ? netns : "/run/netns/" + netns;
    const Fd target(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!target) fail(fmt::format("network namespace {} ({})", netns, path));
    Fd ours(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!ours) fail("our network namespace");
    if (::setns(target.get(), CLONE_NEWNET) != 0) fail("enter network namespace " + netns);
    ours_ = std::move(ours);
  }
  ~InNamespace() {
    if (ours_ && ::setns(ours_.get(), CLONE_NEWNET) != 0) {
      spdlog::critical("cannot return to our network namespace: {}", std::strerror(errno));
      std::abort();
    }
  }
  InNamespace(const InNamespace&) = delete;
  InNamespace& operator=(const InNamespace&) = delete;

 private:
  Fd ours_;
};

void request(int fd, unsigned long what, ifreq& r, const std::string& text) {
  if (::ioctl(fd, what, &r) != 0) fail(text);
}

}  // namespace

Tap::Tap(Scheduler& scheduler, const TapOptions& options)
    : scheduler_(scheduler), name_(options.name), netns_(options.netns), buffer_(kBufferSize) {
  open_device(options);
  scheduler_.watch(events_fd_.get(), POLLIN, [this](short) { read_link_events(); });
}

Tap::~Tap() {
  if (watched_) scheduler_.unwatch(fd_.get());
  scheduler_.unwatch(events_fd_.get());
}

void Tap::open_device(const TapOptions& options) {
  if (name_.empty() || name_.size() >= IFNAMSIZ || name_.find('/') != std::string::npos) {
    errno = EINVAL;
    fail(fmt::format("TAP device name '{}'", name_));
  }
  const InNamespace inside(netns_);
  Fd fd(::open("/dev/net/tun", O_RDWR | O_NONBLOCK | O_CLOEXEC));
  if (!fd) fail("/dev/net/tun");
  ifreq r{};
  std::memcpy(r.ifr_name, name_.c_str(), name_.size());
  const ifreq named = r;
  r.ifr_flags = IFF_TAP | IFF_NO_PI;
  request(fd.get(), TUNSETIFF, r, fmt::format("TAP device {}", name_));

  const Fd control(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!control) fail("socket");
  r = named;
  request(control.get(), SIOCGIFINDEX, r, "index of " + name_);
  index_ = r.ifr_ifindex;
  r = named;
  r.ifr_mtu = static_cast<int>(options.mtu);
  request(control.get(), SIOCSIFMTU, r, fmt::format("MTU {} of {}", options.mtu, name_));
  r = named;
  r.ifr_qlen = static_cast<int>(options.queue);
  request(control.get(), SIOCSIFTXQLEN, r, "queue length of " + name_);

  // Listen first, then bring the device up: no event is missed.
  Fd events(::socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (!events || ::bind(events.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    fail("rtnetlink");
  r = named;
  request(control.get(), SIOCGIFFLAGS, r, "flags of " + name_);
  r.ifr_flags = static_cast<short>(r.ifr_flags | IFF_UP);
  request(control.get(), SIOCSIFFLAGS, r, "bring up " + name_);
  up_ = true;
  fd_ = std::move(fd);
  events_fd_ = std::move(events);
  set_carrier(false);
}

void Tap::set_carrier(bool on) {
  int value = on ? 1 : 0;
  if (::ioctl(fd_.get(), TUNSETCARRIER, &value) != 0)
    spdlog::warn("tap {}: carrier {}: {}", name_, on ? "on" : "off", std::strerror(errno));
}

void Tap::set_receiver(Receiver receiver) {
  receiver_ = std::move(receiver);
  set_carrier(static_cast<bool>(receiver_));
  watch();
}

void Tap::set_paused(bool paused) {
  paused_ = paused;
  watch();
}

void Tap::set_link_handler(std::function<void(bool up)> handler) { link_handler_ = std::move(handler); }

void Tap::watch() {
  const bool want = receiver_ && !paused_;
  if (want == watched_) return;
  watched_ = want;
  if (want) {
    scheduler_.watch(fd_.get(), POLLIN, [this](short) { read_frames(); });
  } else {
    scheduler_.unwatch(fd_.get());
  }
}

void Tap::send(std::span<const std::uint8_t> frame) {
  if (frame.size() < kMinFrame) {
    ++traffic_.sent_drops;
    return;
  }
  // EIO: the device is down. EAGAIN, ENOBUFS: the host is out of memory. Ethernet loses the frame.
  const ssize_t n = ::write(fd_.get(), frame.data(), frame.size());
  if (n == static_cast<ssize_t>(frame.size())) {
    traffic_.sent(frame.size());
  } else {
    ++traffic_.sent_drops;
  }
}

void Tap::read_frames() {
  for (int i = 0; i < kFramesPerTurn && watched_; ++i) {
    const ssize_t n = ::read(fd_.get(), buffer_.data(), buffer_.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) {
      // EIO while the device is down is reported by poll again and again; its coming up is a link event.
      if (n < 0 && errno != EAGAIN && errno != EIO) spdlog::warn("tap {}: read: {}", name_, std::strerror(errno));
      return;
    }
    const auto size = static_cast<std::size_t>(n);
    if (size < kMinFrame) {
      ++traffic_.received_drops;
      continue;
    }
    traffic_.received(size);
    // A copy: the receiver may replace itself while it runs.
    const Receiver receiver = receiver_;
    receiver(Frame(buffer_.begin(), buffer_.begin() + n));
  }
}

void Tap::read_link_events() {
  alignas(nlmsghdr) std::array<char, 16384> messages;
  bool up = up_;
  for (;;) {
    const ssize_t n = ::recv(events_fd_.get(), messages.data(), messages.size(), 0);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;  // ENOBUFS loses events; the next one carries the state again
    auto left = static_cast<unsigned>(n);
    for (auto* m = reinterpret_cast<nlmsghdr*>(messages.data()); NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
      if (m->nlmsg_type != RTM_NEWLINK && m->nlmsg_type != RTM_DELLINK) continue;
      if (m->nlmsg_len < NLMSG_LENGTH(sizeof(ifinfomsg))) continue;
      const auto* info = static_cast<const ifinfomsg*>(NLMSG_DATA(m));
      if (info->ifi_index == index_) up = m->nlmsg_type == RTM_NEWLINK && (info->ifi_flags & IFF_UP) != 0;
    }
  }
  if (up == up_) return;
  up_ = up;
  if (link_handler_) link_handler_(up);
}

std::string Tap::state() const {
  return fmt::format("tap {}{}: {}{}{}", name_, netns_.empty() ? "" : " in " + netns_, traffic_.text(),
                     up_ ? "" : ", link down", paused_ ? ", paused" : "");
}

}  // namespace vfpool::wire
