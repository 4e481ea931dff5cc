// SPDX-License-Identifier: Apache-2.0
// Measures from inside the guest; one line of JSON on the standard output.
//   load udp-count PORT SECONDS            datagrams of the card's flood (station.hpp) that arrive, until its end,
//                                          silence, or SECONDS
//   load udp-rr ADDRESS PORT SECONDS, load tcp-rr ADDRESS PORT SECONDS
//                                          one byte there and back, percentiles
//   load tcp-send ADDRESS PORT SECONDS, load tcp-echo PORT
//   load tcp-sink PORT SKIP                bytes of a stream and their time, behind the first SKIP bytes, which are
//                                          slow start; a stream that has no more is an error
//   load udp-flood ADDRESS PORT SECONDS SIZE...
//                                          datagrams of these sizes in turn, whether anybody takes them or not
//   load udp-cut ADDRESS PORT BYTES SIZE   BYTES in one call, for the kernel or the card to cut into datagrams of SIZE
//   load udp-take PORT BYTES               as many bytes from IPv4 or IPv6, of udp-cut; the datagrams and those with
//                                          other content
//   load compute FILE                      computes until it is killed, without calls into the kernel; FILE begins with
//                                          how often it was through, 64 bits
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
constexpr std::uint32_t kMagic = 0x666c6f64;  // station.hpp, Mark

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "load: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

sockaddr_in address(const char* ip, const char* port) {
  sockaddr_in a{};
  a.sin_family = AF_INET;
  a.sin_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  if (ip != nullptr && inet_pton(AF_INET, ip, &a.sin_addr) != 1) die("address");
  return a;
}

sockaddr_in6 address6(const char* ip, const char* port) {
  sockaddr_in6 a{};
  a.sin6_family = AF_INET6;
  a.sin6_port = htons(static_cast<std::uint16_t>(std::atoi(port)));
  if (ip != nullptr && inet_pton(AF_INET6, ip, &a.sin6_addr) != 1) die("address");
  return a;
}

int bound(int type, const char* port) {
  const int fd = socket(AF_INET, type, 0);
  const int on = 1;
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const sockaddr_in a = address(nullptr, port);
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a) < 0) die("bind");
  return fd;
}

// A socket is charged for whole pages: the default buffer takes some 50 datagrams of usual size.
void large_buffer(int fd) {
  const int size = 4 << 20;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof size);
}

int connected(int type, const char* ip, const char* port) {
  const bool v6 = std::strchr(ip, ':') != nullptr;
  const int fd = socket(v6 ? AF_INET6 : AF_INET, type, 0), on = 1;
  const sockaddr_in a = v6 ? sockaddr_in{} : address(ip, port);
  const sockaddr_in6 a6 = v6 ? address6(ip, port) : sockaddr_in6{};
  const auto* to = v6 ? reinterpret_cast<const sockaddr*>(&a6) : reinterpret_cast<const sockaddr*>(&a);
  if (fd < 0 || connect(fd, to, v6 ? sizeof a6 : sizeof a) < 0) die("connect");
  if (type == SOCK_STREAM) setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return fd;
}

int accepted(const char* port) {
  const int listening = bound(SOCK_STREAM, port);
  if (listen(listening, 1) < 0) die("listen");
  const int fd = accept(listening, nullptr, nullptr), on = 1;
  if (fd < 0) die("accept");
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  close(listening);
  return fd;
}

double since(Clock::time_point start) { return Seconds(Clock::now() - start).count(); }

void udp_count(const char* port, double limit) {
  const int fd = bound(SOCK_DGRAM, port);
  large_buffer(fd);
  std::vector<std::uint32_t> newest(256);
  unsigned long received = 0, overtaken = 0, sent = 0;
  const auto start = Clock::now();
  Clock::time_point first{}, last{};
  std::array<std::uint32_t, 512> data;
  // The end may overtake datagrams of other flows, so it is waited for a silence after it, and for some more if one is
  // missing: a worker that got no processor may still have it. The end may also be lost: then the silence is longer
  // than any for which this program, or who brings it its datagrams, is kept from a processor.
  constexpr int kMissing = 10, kLost = 33;
  for (int silences = 0; since(start) < limit;) {
    pollfd p{fd, POLLIN, 0};
    if (poll(&p, 1, 300) <= 0) {
      if (received != 0 && ((sent != 0 && received >= sent) || ++silences == (sent != 0 ? kMissing : kLost))) break;
      continue;
    }
    silences = 0;
    for (ssize_t n; (n = recv(fd, data.data(), sizeof data, MSG_DONTWAIT)) >= 16;) {
      if (ntohl(data[0]) != kMagic) continue;
      const std::uint32_t sequence = ntohl(data[1]), flow = ntohl(data[3]) % 256;
      if (data[2] != 0) {  // an end: of this flood if anything of it came
        if (received != 0) sent = ntohl(data[2]);
        continue;
      }
      last = Clock::now();
      if (received++ == 0) first = last;
      if (sequence + 1 <= newest[flow])
        ++overtaken;
      else
        newest[flow] = sequence + 1;
    }
  }
  std::printf("{\"sent\": %lu, \"received\": %lu, \"overtaken\": %lu, \"seconds\": %.4f}\n", sent, received, overtaken,
              Seconds(last - first).count());
}

void round_trips(int fd, double limit) {
  std::vector<double> us;
  unsigned long lost = 0;
  const auto start = Clock::now();
  char byte[64] = {};
  while (since(start) < limit) {
    const auto sent = Clock::now();
    byte[0] = static_cast<char>(us.size());
    if (send(fd, byte, 1, 0) != 1) die("send");
    pollfd p{fd, POLLIN, 0};
    if (poll(&p, 1, 1000) <= 0) {
      ++lost;
      continue;
    }
    if (recv(fd, byte, sizeof byte, 0) < 1) die("recv");
    us.push_back(Seconds(Clock::now() - sent).count() * 1e6);
  }
  std::sort(us.begin(), us.end());
  const auto at = [&us](double share) {
    return us.empty() ? 0.0
                      : us[std::min(us.size() - 1, static_cast<std::size_t>(share * static_cast<double>(us.size())))];
  };
  std::printf("{\"round_trips\": %zu, \"lost\": %lu, \"p50\": %.1f, \"p90\": %.1f, \"p99\": %.1f, \"p999\": %.1f}\n",
              us.size(), lost, at(.5), at(.9), at(.99), at(.999));
}

void tcp_send(int fd, double limit) {
  std::vector<char> data(65536);
  unsigned long bytes = 0;
  const auto start = Clock::now();
  while (since(start) < limit) {
    const ssize_t n = send(fd, data.data(), data.size(), 0);
    if (n <= 0) die("send");
    bytes += static_cast<unsigned long>(n);
  }
  std::printf("{\"bytes\": %lu, \"seconds\": %.4f}\n", bytes, since(start));
}

void tcp_sink(int fd, std::uint64_t skip) {
  std::vector<char> data(262144);
  std::uint64_t bytes = 0, before = 0;
  Clock::time_point start{};
  for (ssize_t n; (n = recv(fd, data.data(), data.size(), 0)) > 0;) {
    bytes += static_cast<std::uint64_t>(n);
    if (before != 0 || bytes < skip) continue;
    before = bytes;
    start = Clock::now();
  }
  if (before == 0 || bytes == before)
    std::printf("{\"error\": \"the stream ended in slow start, after %llu bytes\"}\n",
                static_cast<unsigned long long>(bytes));
  else
    std::printf("{\"bytes\": %llu, \"seconds\": %.4f}\n", static_cast<unsigned long long>(bytes - before),
                since(start));
}

void tcp_echo(int fd) {
  char data[4096];
  for (ssize_t n; (n = recv(fd, data, sizeof data, 0)) > 0;)
    if (send(fd, data, static_cast<std::size_t>(n), 0) != n) die("send");
}

// Interfaces that go down and routes that are missing are no reason to stop.
void udp_flood(int fd, double limit, const std::vector<std::size_t>& sizes) {
  const std::vector<char> data(65536);
  unsigned long sent = 0, failed = 0;
  const auto start = Clock::now();
  while (since(start) < limit)
    for (const std::size_t size : sizes) {
      const bool taken = send(fd, data.data(), std::min(size, data.size()), 0) >= 0;
      ++(taken ? sent : failed);
      if (!taken && errno != ECONNREFUSED) poll(nullptr, 0, 1);
    }
  std::printf("{\"sent\": %lu, \"failed\": %lu}\n", sent, failed);
}

// What udp-cut sends: no two datagrams of usual sizes are alike.
std::vector<char> pattern(std::size_t bytes) {
  std::vector<char> data(bytes);
  for (std::size_t i = 0; i < bytes; ++i) data[i] = static_cast<char>(i % 251);
  return data;
}

void udp_cut(int fd, std::size_t bytes, int size) {
  if (setsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, sizeof size) < 0) die("UDP_SEGMENT");
  const std::vector<char> data = pattern(bytes);
  if (send(fd, data.data(), bytes, 0) != static_cast<ssize_t>(bytes)) die("send");
}

void udp_take(const char* port, std::size_t bytes) {
  const int fd = socket(AF_INET6, SOCK_DGRAM, 0);
  const sockaddr_in6 a = address6(nullptr, port);
  if (fd < 0 || bind(fd, reinterpret_cast<const sockaddr*>(&a), sizeof a) < 0) die("bind");
  large_buffer(fd);
  const std::vector<char> expected = pattern(bytes);
  std::vector<char> data(65536);
  unsigned long datagrams = 0, wrong = 0;
  std::size_t taken = 0;
  pollfd p{fd, POLLIN, 0};
  while (taken < bytes && poll(&p, 1, 10000) > 0) {
    const ssize_t n = recv(fd, data.data(), data.size(), 0);
    if (n < 0) die("recv");
    const auto length = static_cast<std::size_t>(n);
    ++datagrams;
    wrong += length > bytes - taken ||
             !std::equal(data.begin(), data.begin() + n, expected.begin() + static_cast<ssize_t>(taken));
    taken += length;
  }
  std::printf("{\"datagrams\": %lu, \"bytes\": %zu, \"wrong\": %lu}\n", datagrams, taken, wrong);
}

// Steps of xorshift (Marsaglia 2003), each of which needs the one before.
[[noreturn]] void compute(const char* file) {
  constexpr unsigned kSteps = 1000;
  struct Page {
    std::uint64_t done, value;
  };
  const int fd = open(file, O_RDWR | O_CREAT | O_TRUNC, 0644);
  if (fd < 0 || ftruncate(fd, sizeof(Page)) < 0) die(file);
  volatile auto* page = static_cast<Page*>(mmap(nullptr, sizeof(Page), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
  if (page == MAP_FAILED) die("mmap");
  for (std::uint64_t x = 88172645463325252, done = 1;; ++done) {
    for (unsigned i = 0; i < kSteps; ++i) {
      x ^= x << 13;
      x ^= x >> 7;
      x ^= x << 17;
    }
    page->value = x;
    page->done = done;
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc > 1 ? argv[1] : "";
  if (what == "udp-count" && argc == 4)
    udp_count(argv[2], std::atof(argv[3]));
  else if (what == "udp-rr" && argc == 5)
    round_trips(connected(SOCK_DGRAM, argv[2], argv[3]), std::atof(argv[4]));
  else if (what == "tcp-rr" && argc == 5)
    round_trips(connected(SOCK_STREAM, argv[2], argv[3]), std::atof(argv[4]));
  else if (what == "tcp-send" && argc == 5)
    tcp_send(connected(SOCK_STREAM, argv[2], argv[3]), std::atof(argv[4]));
  else if (what == "tcp-sink" && argc == 4)
    tcp_sink(accepted(argv[2]), std::strtoull(argv[3], nullptr, 10));
  else if (what == "tcp-echo" && argc == 3)
    tcp_echo(accepted(argv[2]));
  else if (what == "udp-flood" && argc > 5) {
    std::vector<std::size_t> sizes;
    for (int i = 5; i < argc; ++i) sizes.push_back(std::strtoul(argv[i], nullptr, 10));
    udp_flood(connected(SOCK_DGRAM, argv[2], argv[3]), std::atof(argv[4]), sizes);
  } else if (what == "udp-cut" && argc == 6)
    udp_cut(connected(SOCK_DGRAM, argv[2], argv[3]), std::strtoul(argv[4], nullptr, 10), std::atoi(argv[5]));
  else if (what == "udp-take" && argc == 4)
    udp_take(argv[2], std::strtoul(argv[3], nullptr, 10));
  else if (what == "compute" && argc == 3)
    compute(argv[2]);
  else {
    std::fputs(
        "usage: load udp-count PORT SECONDS | udp-rr|tcp-rr|tcp-send ADDRESS PORT SECONDS | tcp-sink PORT SKIP | "
        "tcp-echo PORT\n"
        "       load udp-flood ADDRESS PORT SECONDS SIZE... | udp-cut ADDRESS PORT BYTES SIZE | udp-take PORT BYTES\n"
        "       load compute FILE\n",
        stderr);
    return 2;
  }
}
