// SPDX-License-Identifier: Apache-2.0
// Runs in a user's server: how long a VF takes to come and to go, by phase, as this server's clock and kernel tell it.
//   move_times SLOT PHYSICAL VF COUNT fast|button
// Prints a JSON line a move: milliseconds from the request (in) and from the release (out) to each step. Needs nothing
// but the module vfpool; the VF's driver is there already.
#include <fcntl.h>
#include <linux/if.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>

#include "vfpool_ioctl.h"

namespace {

using Clock = std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr auto kLimit = 60s;  // for a step that does not come

std::runtime_error failed(const std::string& what) { return std::runtime_error(what + ": " + std::strerror(errno)); }

/// What has happened since start(), and when: events of the pool and of the kernel's devices.
class Steps {
 public:
  explicit Steps(unsigned slot) : slot_(slot) {
    pool_ = open("/dev/vfpool0", O_RDWR | O_NONBLOCK);
    if (pool_ < 0) throw failed("/dev/vfpool0");
    uevents_ = socket(AF_NETLINK, SOCK_DGRAM | SOCK_NONBLOCK, NETLINK_KOBJECT_UEVENT);
    sockaddr_nl address{};
    address.nl_family = AF_NETLINK;
    address.nl_groups = 1;  // of the kernel
    if (uevents_ < 0 || bind(uevents_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
      throw failed("uevents");
  }

  int pool() const { return pool_; }
  const std::string& netdev() const { return netdev_; }

  void start() {
    look(0ms);  // what is left of the move before
    at_.clear();
    begin_ = Clock::now();
  }
  void mark(const std::string& step) {
    at_.emplace(step, std::chrono::duration<double, std::milli>(Clock::now() - begin_).count());
  }
  void wait(const std::string& step) {
    while (!at_.contains(step)) {
      if (Clock::now() - begin_ > kLimit) throw std::runtime_error(step + " has not come");
      if (at_.contains("denied")) throw std::runtime_error("the owner refuses");
      look(100ms);
    }
  }
  std::string json() const {
    std::string out = "{";
    for (const auto& [step, ms] : at_) {
      char text[80];
      std::snprintf(text, sizeof text, "%s\"%s\": %.3f", out.size() > 1 ? ", " : "", step.c_str(), ms);
      out += text;
    }
    return out + "}";
  }

 private:
  void look(std::chrono::milliseconds limit) {
    pollfd both[] = {{.fd = pool_, .events = POLLIN, .revents = 0}, {.fd = uevents_, .events = POLLIN, .revents = 0}};
    if (poll(both, 2, static_cast<int>(limit.count())) <= 0) return;
    for (vfpool_event e; read(pool_, &e, sizeof e) == sizeof e;) {
      if (e.slot != slot_) continue;
      if (e.kind == VFPOOL_EVENT_ASSIGNED) mark("assigned");
      if (e.kind == VFPOOL_EVENT_DENIED) mark("denied");
      if (e.kind == VFPOOL_EVENT_RELEASED) mark("released");
      if (e.kind == VFPOOL_EVENT_POWER) mark(e.reason ? "power_on" : "power_off");
    }
    char text[8192];
    for (ssize_t n; (n = recv(uevents_, text, sizeof text - 1, 0)) > 0;) uevent({text, static_cast<std::size_t>(n)});
  }

  /// "add@/devices/...", then NAME=VALUE; each ends with a zero byte.
  void uevent(std::string_view text) {
    const auto value = [&](std::string_view name) {
      const auto from = text.find(std::string(1, '\0').append(name).append("="));
      if (from == std::string_view::npos) return std::string();
      const auto begin = from + name.size() + 2;
      return std::string(text.substr(begin, text.find('\0', begin) - begin));
    };
    const std::string subsystem = value("SUBSYSTEM"), action = value("ACTION");
    if (subsystem == "net" && action == "add") netdev_ = value("INTERFACE");
    if (subsystem == "pci" || subsystem == "net") mark(subsystem + "_" + action);
  }

  unsigned slot_;
  int pool_, uevents_;
  Clock::time_point begin_;
  std::map<std::string, double> at_;
  std::string netdev_;
};

void up(const std::string& netdev) {
  ifreq r{};
  std::strncpy(r.ifr_name, netdev.c_str(), IFNAMSIZ - 1);
  const int s = socket(AF_INET, SOCK_DGRAM, 0);
  const bool done = ioctl(s, SIOCGIFFLAGS, &r) == 0 && (r.ifr_flags |= IFF_UP, ioctl(s, SIOCSIFFLAGS, &r) == 0);
  close(s);
  if (!done) throw failed(netdev);
}

bool carrier(const std::string& netdev) {
  char c = '0';
  const int f = open(("/sys/class/net/" + netdev + "/carrier").c_str(), O_RDONLY);
  if (f < 0 || read(f, &c, 1) != 1) c = '0';
  close(f);
  return c == '1';
}

std::string in(Steps& steps, unsigned slot, unsigned vf, bool button) {
  vfpool_request request{};
  request.slot = static_cast<__u8>(slot);
  request.vf = static_cast<__u8>(vf);
  request.flags = button ? VFPOOL_BUTTON : 0;
  steps.start();
  if (ioctl(steps.pool(), VFPOOL_IOC_REQUEST, &request) != 0) throw failed("request");
  steps.wait("net_add");
  up(steps.netdev());
  steps.mark("up");
  for (const auto end = Clock::now() + kLimit; !carrier(steps.netdev()); std::this_thread::sleep_for(2ms))
    if (Clock::now() > end) throw std::runtime_error("no link at " + steps.netdev());
  steps.mark("carrier");
  return steps.json();
}

std::string out(Steps& steps, unsigned slot, const std::string& power, bool button) {
  vfpool_release release{};
  release.slot = static_cast<__u8>(slot);
  release.flags = button ? 0 : VFPOOL_QUIET;
  steps.start();
  if (ioctl(steps.pool(), VFPOOL_IOC_RELEASE, &release) != 0) throw failed("release");
  std::thread switch_off([&] {  // the kernel returns a second after it has done it (PCIe Base Spec 2.1, 6.7.1.8)
    if (button) return;
    const int f = open(power.c_str(), O_WRONLY);
    if (write(f, "0", 1) != 1) std::perror(power.c_str());
    close(f);
  });
  steps.wait("released");
  switch_off.join();
  return steps.json();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 6) {
    std::fprintf(stderr, "usage: move_times SLOT PHYSICAL VF COUNT fast|button\n");
    return 2;
  }
  const auto slot = static_cast<unsigned>(std::atoi(argv[1])), vf = static_cast<unsigned>(std::atoi(argv[3]));
  const bool button = std::string_view(argv[5]) == "button";
  try {
    Steps steps(slot);
    for (int i = std::atoi(argv[4]); i > 0; --i) {
      const std::string came = in(steps, slot, vf, button);
      const std::string went = out(steps, slot, std::string("/sys/bus/pci/slots/") + argv[2] + "/power", button);
      std::printf("{\"in\": %s, \"out\": %s}\n", came.c_str(), went.c_str());
      std::fflush(stdout);
      // The bridge shows a slot that was switched off what comes next only after the second that the kernel waits.
      std::this_thread::sleep_for(1500ms);
    }
  } catch (const std::exception& e) {
    std::fprintf(stderr, "move_times: %s\n", e.what());
    return 1;
  }
  return 0;
}
