// SPDX-License-Identifier: Apache-2.0
// Runs in a guest: prints how many nanoseconds a PTP clock counts while the kernel's own counts a second, after the
// clock was set to SECONDS, and the seconds that it shows then.
//   phc /dev/ptp0 SECONDS
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

namespace {

long long nanoseconds(clockid_t clock) {
  timespec t{};
  if (clock_gettime(clock, &t) != 0) {
    std::perror("clock_gettime");
    std::exit(1);
  }
  return t.tv_sec * 1'000'000'000LL + t.tv_nsec;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) return std::fputs("phc DEVICE SECONDS\n", stderr), 2;
  const int fd = open(argv[1], O_RDWR);
  if (fd < 0) return std::perror(argv[1]), 1;
  const auto clock = static_cast<clockid_t>((~static_cast<unsigned>(fd) << 3) | 3);  // clock_getres(2)
  const timespec wanted{std::atol(argv[2]), 0};
  if (clock_settime(clock, &wanted) != 0) return std::perror("clock_settime"), 1;
  const long long ours = nanoseconds(clock), theirs = nanoseconds(CLOCK_MONOTONIC_RAW);
  while (nanoseconds(CLOCK_MONOTONIC_RAW) - theirs < 1'000'000'000) usleep(10'000);
  const long long passed = nanoseconds(CLOCK_MONOTONIC_RAW) - theirs, now = nanoseconds(clock);
  std::printf("%lld %lld\n", (now - ours) * 1'000'000'000 / passed, now / 1'000'000'000);
}
