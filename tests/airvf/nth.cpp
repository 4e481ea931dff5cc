// SPDX-License-Identifier: Apache-2.0
// Lets every allocation of an operation fail in its turn (Documentation/fault-injection, fail-nth), until the operation
// needs no further one. After each failure the opposite operation must work.
//   nth write FILE VALUE BACK              writes VALUE; BACK is what undoes it
//   nth rings|queues|reset|up INTERFACE    ethtool -G, ethtool -L, ethtool -r, ip link set up
//   nth bind DEVICE DRIVER                 probe of a PCI device; a failed one leaves nothing to undo
// Says how many allocations there were, how often the operation failed, and with which errors; status 1 if going back
// did not work or if there was no allocation to fail.
#include <fcntl.h>
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <string>

namespace {

/// For ioctls; made before anything fails.
const int control = socket(AF_INET, SOCK_DGRAM, 0);

/// 0 or errno.
using Operation = std::function<int()>;

int write_file(const char* file, const std::string& value) {
  const int fd = open(file, O_WRONLY);
  if (fd < 0) return errno;
  const int error = write(fd, value.data(), value.size()) < 0 ? errno : 0;
  close(fd);
  return error;
}

int request(unsigned long number, const char* interface, void* data) {
  ifreq r{};
  std::strncpy(r.ifr_name, interface, IFNAMSIZ - 1);
  r.ifr_data = static_cast<char*>(data);
  return ioctl(control, number, &r) < 0 ? errno : 0;
}

Operation rings(const char* interface, unsigned count) {
  return [=] {
    ethtool_ringparam r{};
    r.cmd = ETHTOOL_SRINGPARAM;
    r.rx_pending = r.tx_pending = count;
    return request(SIOCETHTOOL, interface, &r);
  };
}

Operation queues(const char* interface, unsigned count) {
  return [=] {
    ethtool_channels c{};
    c.cmd = ETHTOOL_GCHANNELS;
    if (const int error = request(SIOCETHTOOL, interface, &c); error != 0) return error;
    c.cmd = ETHTOOL_SCHANNELS;
    c.combined_count = count;
    return request(SIOCETHTOOL, interface, &c);
  };
}

Operation reset(const char* interface) {
  return [=] {
    ethtool_value v{};
    v.cmd = ETHTOOL_NWAY_RST;
    return request(SIOCETHTOOL, interface, &v);
  };
}

Operation flags(const char* interface, bool up) {
  return [=] {
    ifreq r{};
    std::strncpy(r.ifr_name, interface, IFNAMSIZ - 1);
    r.ifr_flags = static_cast<short>(up ? IFF_UP : 0);
    return ioctl(control, SIOCSIFFLAGS, &r) < 0 ? errno : 0;
  };
}

/// The nth allocation of `o` fails. `hit`: there was one.
int failing(const Operation& o, int n, bool& hit) {
  static const int fd = open("/proc/self/fail-nth", O_RDWR);
  if (fd < 0) {
    std::perror("nth: /proc/self/fail-nth");
    std::exit(2);
  }
  char text[16] = {};
  const int length = std::snprintf(text, sizeof text, "%d", n);
  if (pwrite(fd, text, static_cast<std::size_t>(length), 0) != length) std::perror("nth: fail-nth");
  const int error = o();
  std::memset(text, 0, sizeof text);
  hit = pread(fd, text, sizeof text - 1, 0) > 0 && std::atoi(text) == 0;
  if (pwrite(fd, "0", 1, 0) != 1) std::perror("nth: fail-nth");
  return error;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  Operation there, back;
  if (what == "write" && argc == 5) {
    there = [&] { return write_file(argv[2], argv[3]); };
    back = [&] { return write_file(argv[2], argv[4]); };
  } else if (argc == 3 && what == "rings") {
    there = rings(argv[2], 256), back = rings(argv[2], 512);
  } else if (argc == 3 && what == "queues") {
    there = queues(argv[2], 2), back = queues(argv[2], 1);
  } else if (argc == 3 && what == "reset") {
    there = back = reset(argv[2]);
  } else if (argc == 3 && what == "up") {
    there = flags(argv[2], true), back = flags(argv[2], false);
  } else if (argc == 4 && what == "bind") {
    const std::string driver = std::string("/sys/bus/pci/drivers/") + argv[3];
    there = [=] { return write_file((driver + "/bind").c_str(), argv[2]); };
    back = [=] { return write_file((driver + "/unbind").c_str(), argv[2]); };
  } else {
    std::fputs("usage: nth write FILE VALUE BACK | rings|queues|reset|up INTERFACE | bind DEVICE DRIVER\n", stderr);
    return 2;
  }
  int n = 0, refused = 0;
  std::map<int, int> errors;
  for (bool hit = true; hit && n < 5000;) {
    const int error = failing(there, ++n, hit);
    if (error != 0) ++refused, ++errors[error];
    // A probe takes long; the next one shows whether it still works.
    if (error != 0 && what == "bind") continue;
    if (const int again = error == 0 ? 0 : there(); again != 0) {
      std::printf("nth: after allocation %d failed (%s) it does not work again: %s\n", n, std::strerror(error),
                  std::strerror(again));
      return 1;
    }
    if (const int undone = back(); undone != 0) {
      std::printf("nth: after allocation %d failed (%s) it cannot be undone: %s\n", n, std::strerror(error),
                  std::strerror(undone));
      return 1;
    }
  }
  std::printf("%d allocations, failing %d of them refused the operation", n - 1, refused);
  for (const auto& [error, times] : errors) std::printf(", %d by %s", times, strerrorname_np(error));
  std::printf("\n");
  return n > 1 ? 0 : 1;
}
