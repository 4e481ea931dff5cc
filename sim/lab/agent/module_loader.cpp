// SPDX-License-Identifier: Apache-2.0
#include "lab/agent/module_loader.hpp"

#include <linux/netlink.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string_view>

namespace vfpool::lab {
namespace {

constexpr unsigned kKernelGroup = 1;
/// A card that gets 63 VFs makes some thousand events.
constexpr int kReceiveBuffer = 4 << 20;

// Aliases of every PCI device there is, for when events were lost.
constexpr const char* kLoadAll = "cat /sys/bus/pci/devices/*/modalias | sort -u | xargs -r modprobe -abq";

}  // namespace

std::string added_modalias(const std::string& event) {
  static constexpr std::string_view kAlias = "MODALIAS=";
  bool added = false;
  std::string alias;
  for (std::size_t at = 0; at < event.size();) {
    const std::size_t end = std::min(event.find('\0', at), event.size());
    const std::string_view field(event.data() + at, end - at);
    if (field == "ACTION=add") added = true;
    if (field.starts_with(kAlias)) alias = field.substr(kAlias.size());
    at = end + 1;
  }
  return added ? alias : std::string();
}

ModuleLoader::ModuleLoader()
    : fd_(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT)) {
  if (fd_ < 0) return;
  ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUFFORCE, &kReceiveBuffer, sizeof kReceiveBuffer);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = kKernelGroup;
  if (::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0) {
    // A card in a slot may have come after the drivers of boot were loaded and before we listened.
    missed_events_ = true;
    return;
  }
  ::close(fd_);
  fd_ = -1;
}

ModuleLoader::~ModuleLoader() {
  if (fd_ >= 0) ::close(fd_);
}

void ModuleLoader::add_poll(std::vector<pollfd>& fds) const {
  if (fd_ >= 0) fds.push_back({fd_, POLLIN, 0});
  if (modprobe_) modprobe_->add_poll(fds);
}

void ModuleLoader::read_events() {
  std::array<char, 8192> buffer;
  for (;;) {
    sockaddr_nl from{};
    socklen_t size = sizeof from;
    const ssize_t n = ::recvfrom(fd_, buffer.data(), buffer.size(), 0, reinterpret_cast<sockaddr*>(&from), &size);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == ENOBUFS) {
      missed_events_ = true;
      continue;
    }
    if (n <= 0) return;
    if (from.nl_pid != 0) continue;  // not the kernel
    const std::string alias = added_modalias(std::string(buffer.data(), static_cast<std::size_t>(n)));
    if (!alias.empty()) waiting_.insert(alias);
  }
}

void ModuleLoader::handle() {
  if (fd_ >= 0) read_events();
  if (modprobe_) {
    modprobe_->pump();
    if (!modprobe_->reap()) return;
    modprobe_.reset();
  }
  if (waiting_.empty() && !missed_events_) return;
  Command::Spec spec;
  if (missed_events_) {
    spec.argv = {"/bin/sh", "-c", kLoadAll};
  } else {
    spec.argv = {"modprobe", "-abq"};
    spec.argv.insert(spec.argv.end(), waiting_.begin(), waiting_.end());
  }
  waiting_.clear();
  missed_events_ = false;
  modprobe_ = std::make_unique<Command>(std::move(spec));
}

}  // namespace vfpool::lab
