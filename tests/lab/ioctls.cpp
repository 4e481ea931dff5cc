// SPDX-License-Identifier: Apache-2.0
// Runs in a guest: a program that means no good to the driver vfpool, through /dev/vfpool0.
//   ioctls refused              what is malformed is refused as drivers/include/vfpool_ioctl.h says; prints what is not
//   ioctls random SEED COUNT    numbers, sizes and bytes at random, from several threads, files opened and closed
//   ioctls gone                 meanwhile holds a file until the driver has lost the bridge, and looks at what is left
//   of it ioctls uevent WORD...       says "listens", and waits for one of the driver's uevents that has all these
//   (NAME=VALUE)
// Nothing of it may move a VF: `refused` and `random` never use what releases or assigns with arguments that mean
// something.
#include <fcntl.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <random>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include "vfpool_ioctl.h"

namespace {

constexpr const char* kDevice = "/dev/vfpool0";
int wrong = 0;

void expect(int fd, unsigned long request, void* argument, int error, const char* what) {
  errno = 0;
  const int rc = ioctl(fd, request, argument);
  const int got = rc == 0 ? 0 : errno;
  if (got == error) return;
  std::printf("%s: %s, not %s\n", what, got ? std::strerror(got) : "accepted",
              error ? std::strerror(error) : "accepted");
  ++wrong;
}

/// The same request for a structure of another size.
unsigned long resized(unsigned long request, unsigned size) {
  return _IOC(_IOC_DIR(request), _IOC_TYPE(request), _IOC_NR(request), size);
}

void sizes(int fd) {
  struct {
    vfpool_slot_info known;
    unsigned char rest[64];
  } longer{};
  longer.known.user = 1;
  expect(fd, resized(VFPOOL_IOC_SLOT, sizeof longer), &longer, 0, "longer, the rest zero");
  longer.rest[40] = 1;
  expect(fd, resized(VFPOOL_IOC_SLOT, sizeof longer), &longer, E2BIG, "longer, the rest not zero");
  expect(fd, resized(VFPOOL_IOC_SLOT, sizeof(vfpool_slot_info) - 1), &longer, ENOTTY, "shorter than the first form");
  expect(fd, resized(VFPOOL_IOC_SLOT, 0), &longer, ENOTTY, "no size");
  expect(fd, _IO('V', 0x40), nullptr, ENOTTY, "another direction");
  expect(fd, _IOR('V', 0x7f, vfpool_info), &longer, ENOTTY, "an unknown number");
  expect(fd, _IOR('W', 0x40, vfpool_info), &longer, ENOTTY, "another driver's letter");
  expect(fd, VFPOOL_IOC_INFO, nullptr, EFAULT, "no memory to write to");
  expect(fd, VFPOOL_IOC_SLOT, nullptr, EFAULT, "no memory to read from");
  // A structure whose second half is not there.
  const long page = sysconf(_SC_PAGESIZE);
  auto* memory = static_cast<char*>(
      mmap(nullptr, static_cast<std::size_t>(2 * page), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
  munmap(memory + page, static_cast<std::size_t>(page));
  expect(fd, VFPOOL_IOC_SLOT, memory + page - 8, EFAULT, "half of a structure");
}

void both_roles(int fd, const vfpool_info& info) {
  vfpool_slot_info slot{};
  slot.user = static_cast<__u8>(info.role == VFPOOL_OWNER ? 1 : 0);
  slot.slot = info.slots;
  expect(fd, VFPOOL_IOC_SLOT, &slot, EINVAL, "a slot that is not there");
  vfpool_release release{};
  release.user = static_cast<__u8>(info.role == VFPOOL_OWNER ? 1 : 0);
  release.slot = 0;
  release.flags = VFPOOL_FORCE | VFPOOL_QUIET;
  expect(fd, VFPOOL_IOC_RELEASE, &release, EINVAL, "two ways of release at once");
  release.flags = 0x80000000;
  expect(fd, VFPOOL_IOC_RELEASE, &release, EINVAL, "an unknown flag of release");
  release.flags = 0;
  release.reserved[1] = 1;
  expect(fd, VFPOOL_IOC_RELEASE, &release, EINVAL, "a reserved byte of release");
  char event[sizeof(vfpool_event) - 1];
  if (read(fd, event, sizeof event) != -1 || errno != EINVAL) {
    std::printf("a read of less than an event: not refused\n");
    ++wrong;
  }
}

/// What each request says of a VF whose card the bridge does not have, or that is none.
void no_such_vf(int fd, unsigned name, const std::string& what) {
  const auto refused = [&](unsigned long request, auto argument, const char* by) {
    argument.vf = static_cast<__u8>(name);
    expect(fd, request, &argument, EINVAL, (what + ", " + by).c_str());
  };
  refused(VFPOOL_IOC_VF, vfpool_vf_info{}, "state");
  refused(VFPOOL_IOC_ASSIGN, vfpool_assign{.vf = 0, .user = 1, .slot = 0, .function = 0, .flags = 0}, "assign");
  refused(VFPOOL_IOC_RESERVE, vfpool_reserve{}, "reserve");
  refused(VFPOOL_IOC_RESET, vfpool_reset{}, "reset");
  refused(VFPOOL_IOC_GET_PROFILE, vfpool_profile{}, "profile");
  refused(VFPOOL_IOC_SET_PROFILE, vfpool_profile{}, "set profile");
  refused(VFPOOL_IOC_VF_COUNTERS, vfpool_vf_counters{}, "counters");
}

void as_owner(int fd, const vfpool_info& info) {
  const unsigned names = info.cards * VFPOOL_CARD_VFS;
  no_such_vf(fd, VFPOOL_ANY, "no VF");
  if (names < VFPOOL_ANY) no_such_vf(fd, names, "a VF of a card that is not there");
  for (const unsigned card : {unsigned{info.cards}, 255U}) {
    vfpool_card_info c{};
    c.card = static_cast<__u8>(card);
    expect(fd, VFPOOL_IOC_CARD, &c, EINVAL, "a card that is not there");
  }
  for (unsigned card = 0; card < info.cards; ++card) {
    vfpool_card_info c{};
    c.card = static_cast<__u8>(card);
    expect(fd, VFPOOL_IOC_CARD, &c, 0, "a card");
    vfpool_port_counters its_port{};
    its_port.port = c.port;
    expect(fd, VFPOOL_IOC_PORT_COUNTERS, &its_port, 0, "counters of a card's port");
  }
  vfpool_slot_info slot{};
  expect(fd, VFPOOL_IOC_SLOT, &slot, EINVAL, "user 0 on the owner");
  slot.user = static_cast<__u8>(info.users + 1);
  expect(fd, VFPOOL_IOC_SLOT, &slot, EINVAL, "a user that is not there");
  const auto assign = [&](vfpool_assign a, const char* what) { expect(fd, VFPOOL_IOC_ASSIGN, &a, EINVAL, what); };
  assign({.vf = 0, .user = 0, .slot = 0, .function = 0, .flags = 0}, "assign to the owner");
  assign({.vf = 0, .user = 1, .slot = info.slots, .function = 0, .flags = 0}, "assign to no slot");
  assign({.vf = 0, .user = 1, .slot = 0, .function = info.functions, .flags = 0}, "assign as no function");
  assign({.vf = 0, .user = 1, .slot = 0, .function = 0, .flags = VFPOOL_QUIET}, "assign with a flag of release");
  vfpool_request request{};
  expect(fd, VFPOOL_IOC_REQUEST, &request, EPERM, "the owner asks itself");
  vfpool_user_info user{.user = 1, .quota = 0, .weight = 0xff, .held = 0, .payload = 0, .reserved = {}};
  if (names < VFPOOL_ANY - 1) {
    user.quota = static_cast<__u8>(names + 1);
    expect(fd, VFPOOL_IOC_USER, &user, EINVAL, "a quota of more VFs than there can be");
  }
  user = {.user = 1, .quota = 0xff, .weight = 0, .held = 0, .payload = 0, .reserved = {}};
  expect(fd, VFPOOL_IOC_USER, &user, EINVAL, "weight 0");
  user = {.user = 1, .quota = 0xff, .weight = VFPOOL_MOST_WEIGHT + 1, .held = 0, .payload = 0, .reserved = {}};
  expect(fd, VFPOOL_IOC_USER, &user, EINVAL, "a weight beyond the register's field");
  user = {.user = 1, .quota = 0xff, .weight = 0xff, .held = 0, .payload = 0, .reserved = {0, 1}};
  expect(fd, VFPOOL_IOC_USER, &user, EINVAL, "a reserved byte of a user");
  const auto reset = [&](vfpool_reset r, int error, const char* what) {
    expect(fd, VFPOOL_IOC_RESET, &r, error, what);
  };
  reset({.vf = 0, .reserved = {1}}, EINVAL, "a reserved byte of reset");
  reset({.vf = 0, .reserved = {}}, EALREADY, "reset of a VF that is not broken");
  vfpool_reserve reserve{};
  reserve.user = static_cast<__u8>(info.users + 1);
  expect(fd, VFPOOL_IOC_RESERVE, &reserve, EINVAL, "reserved for nobody");
  const auto profile = [&](auto change, const char* what) {
    vfpool_profile p{};
    p.spoof_check = 1;
    change(p);
    expect(fd, VFPOOL_IOC_SET_PROFILE, &p, EINVAL, what);
  };
  profile([](auto& p) { p.mac[0] = 1; }, "a multicast address");
  profile([](auto& p) { p.vlan = 4095; }, "VLAN 4095");
  profile([](auto& p) { p.qos = 3; }, "a priority without VLAN");
  profile([](auto& p) { p.trust = 2; }, "trust 2");
  profile([](auto& p) { p.min_rate = 2, p.max_rate = 1; }, "rates the wrong way round");
  profile([](auto& p) { p.mtu = 67; }, "an MTU of 67");
  profile([](auto& p) { p.reserved[1] = 1; }, "a reserved word of a profile");
  vfpool_port_counters port{};
  port.port = static_cast<__u8>(1 + info.users + info.cards);
  expect(fd, VFPOOL_IOC_PORT_COUNTERS, &port, EINVAL, "counters of no port");
}

void as_user(int fd, const vfpool_info& info) {
  const auto other = static_cast<__u8>(info.port == 1 ? 2 : 1);
  vfpool_slot_info slot{};
  slot.user = other;
  expect(fd, VFPOOL_IOC_SLOT, &slot, EPERM, "another user's slot");
  vfpool_release release{};
  release.user = other;
  expect(fd, VFPOOL_IOC_RELEASE, &release, EPERM, "release of another user's slot");
  release.user = 0;
  release.flags = VFPOOL_FORCE;
  expect(fd, VFPOOL_IOC_RELEASE, &release, EPERM, "a user's surprise removal");
  vfpool_request request{};
  request.slot = info.slots;
  request.vf = VFPOOL_ANY;
  expect(fd, VFPOOL_IOC_REQUEST, &request, EINVAL, "a request for no slot");
  if (info.cards < VFPOOL_CARDS) {
    request = {.slot = 0, .vf = static_cast<__u8>(info.cards * VFPOOL_CARD_VFS), .reserved = {}, .flags = 0};
    expect(fd, VFPOOL_IOC_REQUEST, &request, EINVAL, "a request of a VF of a card that is not there");
  }
  request = {.slot = 0, .vf = 0, .reserved = {0, 1}, .flags = 0};
  expect(fd, VFPOOL_IOC_REQUEST, &request, EINVAL, "a reserved byte of a request");
  request = {.slot = 0, .vf = 0, .reserved = {}, .flags = VFPOOL_FORCE};
  expect(fd, VFPOOL_IOC_REQUEST, &request, EINVAL, "a request with a flag of release");
  char bytes[256] = {};
  for (const unsigned long owners :
       {VFPOOL_IOC_VF, VFPOOL_IOC_ASSIGN, VFPOOL_IOC_USER, VFPOOL_IOC_RESERVE, VFPOOL_IOC_GET_PROFILE,
        VFPOOL_IOC_SET_PROFILE, VFPOOL_IOC_PORT_COUNTERS, VFPOOL_IOC_VF_COUNTERS, VFPOOL_IOC_DROPS, VFPOOL_IOC_CARD})
    expect(fd, owners, bytes, EPERM, "what only the owner may");
}

int refused() {
  const int fd = open(kDevice, O_RDWR | O_NONBLOCK);
  vfpool_info info{};
  if (fd < 0 || ioctl(fd, VFPOOL_IOC_INFO, &info) != 0) {
    std::perror(kDevice);
    return 1;
  }
  sizes(fd);
  both_roles(fd, info);
  info.role == VFPOOL_OWNER ? as_owner(fd, info) : as_user(fd, info);
  close(fd);
  return wrong ? 1 : 0;
}

/// One thread's part: its own files, and one that all use and close under each other.
void at_random(unsigned seed, unsigned long count, std::vector<std::atomic<int>>& shared) {
  std::mt19937 rng(seed);
  for (unsigned long i = 0; i < count; ++i) {
    const auto place = rng() % shared.size();
    if (rng() % 8 == 0) close(shared[place].exchange(open(kDevice, O_RDWR | O_NONBLOCK)));
    unsigned char bytes[512];
    // Reading requests with anything; those that change something with reserved bytes, so that they must be refused.
    for (auto& b : bytes) b = static_cast<unsigned char>(rng());
    static constexpr unsigned long kReading[] = {VFPOOL_IOC_INFO,        VFPOOL_IOC_SLOT,          VFPOOL_IOC_VF,
                                                 VFPOOL_IOC_GET_PROFILE, VFPOOL_IOC_PORT_COUNTERS, VFPOOL_IOC_DROPS,
                                                 VFPOOL_IOC_VF_COUNTERS, VFPOOL_IOC_CARD};
    static constexpr unsigned long kChanging[] = {VFPOOL_IOC_REQUEST, VFPOOL_IOC_RELEASE,     VFPOOL_IOC_ASSIGN,
                                                  VFPOOL_IOC_RESERVE, VFPOOL_IOC_SET_PROFILE, VFPOOL_IOC_USER};
    unsigned long request = kReading[rng() % std::size(kReading)];
    if (rng() % 2) {
      request = kChanging[rng() % std::size(kChanging)];
      std::memset(bytes, 0xfe, 64);
    }
    if (rng() % 4 == 0) request = resized(request, static_cast<unsigned>(rng() % 300));
    const int fd = shared[place];
    ioctl(fd, request, bytes);
    pollfd ready{.fd = fd, .events = POLLIN, .revents = 0};
    poll(&ready, 1, 0);
    (void)!read(fd, bytes, rng() % sizeof bytes);
  }
}

int random_calls(unsigned seed, unsigned long count) {
  std::vector<std::atomic<int>> shared(4);
  for (auto& fd : shared) fd = open(kDevice, O_RDWR | O_NONBLOCK);
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 4; ++i) threads.emplace_back(at_random, seed + i, count, std::ref(shared));
  for (auto& t : threads) t.join();
  return 0;
}

/// Holds a file open until the bridge is taken away from it.
int gone() {
  const int fd = open(kDevice, O_RDWR);
  pollfd p{.fd = fd, .events = POLLIN, .revents = 0};
  while (poll(&p, 1, 30000) == 1 && !(p.revents & POLLHUP)) {
    vfpool_event event;
    (void)!read(fd, &event, sizeof event);
  }
  if (!(p.revents & POLLHUP)) {
    std::printf("the file does not say that the bridge is gone\n");
    return 1;
  }
  vfpool_info info{};
  expect(fd, VFPOOL_IOC_INFO, &info, ENODEV, "a bridge that is gone");
  vfpool_event event;
  ssize_t n;
  while ((n = read(fd, &event, sizeof event)) > 0) continue;
  if (n != 0) {
    std::printf("read: %s, not the end\n", std::strerror(errno));
    ++wrong;
  }
  close(fd);
  return wrong ? 1 : 0;
}

/// The kernel's own uevents: words, each ended by a zero byte.
int uevent(const std::vector<std::string>& words) {
  const int fd = socket(AF_NETLINK, SOCK_DGRAM, NETLINK_KOBJECT_UEVENT);
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = 1;
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    std::perror("uevents");
    return 1;
  }
  std::printf("listens\n");
  std::fflush(stdout);
  pollfd p{.fd = fd, .events = POLLIN, .revents = 0};
  while (poll(&p, 1, 30000) == 1) {
    char text[8192];
    const ssize_t n = recv(fd, text, sizeof text, 0);
    if (n <= 0) continue;
    std::istringstream in(std::string(text, static_cast<std::size_t>(n)));
    std::set<std::string> said;
    for (std::string word; std::getline(in, word, '\0');) said.insert(word);
    if (std::all_of(words.begin(), words.end(), [&](const auto& word) { return said.contains(word); })) return 0;
  }
  std::printf("no such uevent\n");
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "refused" && argc == 2) return refused();
  if (what == "gone" && argc == 2) return gone();
  if (what == "uevent" && argc > 2) return uevent({argv + 2, argv + argc});
  if (what == "random" && argc == 4)
    return random_calls(static_cast<unsigned>(std::strtoul(argv[2], nullptr, 0)), std::strtoul(argv[3], nullptr, 0));
  std::fprintf(stderr, "usage: ioctls refused | gone | random SEED COUNT | uevent WORD...\n");
  return 2;
}
