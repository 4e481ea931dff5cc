// SPDX-License-Identifier: Apache-2.0
// airvf-xsk INTERFACE CHUNK zero|any echo|send [SIZE COUNT]: an AF_XDP socket on queue 0, with chunks of CHUNK bytes.
// zero insists on no copies, any takes what the driver offers; says which it became. echo sends each UDP datagram back
// where it came from until it is killed, and leaves all else to the stack. send sends COUNT frames of SIZE bytes and
// waits until all of them are its own again.
#include <linux/if_ether.h>
#include <linux/if_xdp.h>
#include <net/if.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <string>

#include "bpf.hpp"

namespace {

using namespace bpf;

constexpr std::uint32_t kEntries = 512;  // of each ring, and chunks

[[noreturn]] void die(const char* what) {
  std::fprintf(stderr, "xsk: %s: %s\n", what, std::strerror(errno));
  std::exit(1);
}

/// One of the four rings between socket and kernel, as either end of it.
template <typename Entry>
class Ring {
 public:
  Ring(int fd, off_t page, const xdp_ring_offset& at) {
    const auto size = static_cast<std::size_t>(at.desc) + kEntries * sizeof(Entry);
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, fd, page);
    if (memory == MAP_FAILED) die("ring");
    char* base = static_cast<char*>(memory);
    producer_ = reinterpret_cast<std::atomic<std::uint32_t>*>(base + at.producer);
    consumer_ = reinterpret_cast<std::atomic<std::uint32_t>*>(base + at.consumer);
    flags_ = reinterpret_cast<std::atomic<std::uint32_t>*>(base + at.flags);
    entries_ = reinterpret_cast<Entry*>(base + at.desc);
  }
  void put(const Entry& entry) {
    const std::uint32_t at = producer_->load(std::memory_order_relaxed);
    entries_[at % kEntries] = entry;
    producer_->store(at + 1, std::memory_order_release);
  }
  bool take(Entry& entry) {
    const std::uint32_t at = consumer_->load(std::memory_order_relaxed);
    if (at == producer_->load(std::memory_order_acquire)) return false;
    entry = entries_[at % kEntries];
    consumer_->store(at + 1, std::memory_order_release);
    return true;
  }
  bool wants_call() const { return (flags_->load() & XDP_RING_NEED_WAKEUP) != 0; }

 private:
  std::atomic<std::uint32_t>*producer_, *consumer_, *flags_;
  Entry* entries_;
};

/// Redirects UDP over IPv4 to the sockets in the map, and passes the rest.
std::vector<bpf_insn> program(int map) {
  return {insn(BPF_ALU64 | BPF_MOV | BPF_X, 6, 1, 0, 0),
          load(BPF_W, 2, 1, 0),  // data
          load(BPF_W, 3, 1, 4),  // data_end
          insn(BPF_ALU64 | BPF_MOV | BPF_X, 4, 2, 0, 0),
          insn(BPF_ALU64 | BPF_ADD | BPF_K, 4, 0, 0, 42),
          insn(BPF_JMP | BPF_JGT | BPF_X, 4, 3, 10, 0),
          load(BPF_H, 5, 2, 12),
          insn(BPF_JMP | BPF_JNE | BPF_K, 5, 0, 8, 0x0008),  // IPv4 as memory has it
          load(BPF_B, 5, 2, 23),
          insn(BPF_JMP | BPF_JNE | BPF_K, 5, 0, 6, 17),
          insn(BPF_LD | BPF_IMM | BPF_DW, 1, BPF_PSEUDO_MAP_FD, 0, map),
          insn(0, 0, 0, 0, 0),
          load(BPF_W, 2, 6, 16),  // the queue
          set(3, XDP_PASS),
          insn(BPF_JMP | BPF_CALL, 0, 0, 0, BPF_FUNC_redirect_map),
          leave(),
          set(0, XDP_PASS),
          leave()};
}

int socket_map() {
  bpf_attr attr{};
  attr.map_type = BPF_MAP_TYPE_XSKMAP;
  attr.key_size = 4;
  attr.value_size = 4;
  attr.max_entries = 1;
  const int map = call(BPF_MAP_CREATE, attr);
  if (map < 0) die("map");
  return map;
}

void enter_socket(int map, int fd) {
  const std::uint32_t key = 0;
  bpf_attr attr{};
  attr.map_fd = static_cast<std::uint32_t>(map);
  attr.key = reinterpret_cast<std::uintptr_t>(&key);
  attr.value = reinterpret_cast<std::uintptr_t>(&fd);
  if (call(BPF_MAP_UPDATE_ELEM, attr) < 0) die("map entry");
}

void swap(char* a, char* b, std::size_t n) { std::swap_ranges(a, a + n, b); }

class Socket {
 public:
  Socket(unsigned ifindex, std::uint32_t chunk, bool zero)
      : fd_(make(chunk)),
        offsets_(offsets()),
        fill_(fd_, XDP_UMEM_PGOFF_FILL_RING, offsets_.fr),
        done_(fd_, XDP_UMEM_PGOFF_COMPLETION_RING, offsets_.cr),
        rx_(fd_, XDP_PGOFF_RX_RING, offsets_.rx),
        tx_(fd_, XDP_PGOFF_TX_RING, offsets_.tx),
        chunk_(chunk) {
    sockaddr_xdp a{};
    a.sxdp_family = AF_XDP;
    a.sxdp_flags = static_cast<std::uint16_t>(XDP_USE_NEED_WAKEUP | (zero ? XDP_ZEROCOPY : 0));
    a.sxdp_ifindex = ifindex;
    if (bind(fd_, reinterpret_cast<const sockaddr*>(&a), sizeof a) < 0) die("bind");
    xdp_options options{};
    socklen_t size = sizeof options;
    if (getsockopt(fd_, SOL_XDP, XDP_OPTIONS, &options, &size) < 0) die("options");
    std::puts((options.flags & XDP_OPTIONS_ZEROCOPY) != 0 ? "without copies" : "with copies");
    std::fflush(stdout);
  }
  int fd() const { return fd_; }

  [[noreturn]] void echo() {
    for (std::uint32_t i = 0; i < kEntries / 2; ++i) fill_.put(std::uint64_t{i} * chunk_);
    for (;;) {
      std::uint64_t address;
      while (done_.take(address)) fill_.put(address / chunk_ * chunk_);
      for (xdp_desc d; rx_.take(d);) {
        char* frame = memory_ + d.addr;
        swap(frame, frame + ETH_ALEN, ETH_ALEN);
        swap(frame + 26, frame + 30, 4);  // IPv4 without options
        swap(frame + 34, frame + 36, 2);
        tx_.put({.addr = d.addr, .len = d.len, .options = 0});
      }
      wait();
    }
  }

  void send(std::uint32_t size, std::uint32_t count) {
    std::uint32_t sent = 0, back = 0;
    for (std::uint32_t i = 0; i < kEntries; ++i) {
      char* frame = memory_ + std::uint64_t{i} * chunk_;
      std::memset(frame, 0xff, ETH_ALEN);
      std::memset(frame + ETH_ALEN, 2, ETH_ALEN);
      frame[12] = static_cast<char>(0x88);  // experimental, 88b5
      frame[13] = static_cast<char>(0xb5);
    }
    while (back < count) {
      for (; sent < count && sent - back < kEntries; ++sent)
        tx_.put({.addr = std::uint64_t{sent % kEntries} * chunk_, .len = size, .options = 0});
      for (std::uint64_t address; done_.take(address);) ++back;
      if (back < count) wait();
    }
    std::printf("sent %u\n", back);
  }

 private:
  int make(std::uint32_t chunk) {
    const int fd = socket(AF_XDP, SOCK_RAW, 0);
    if (fd < 0) die("socket");
    const std::size_t size = std::size_t{kEntries} * chunk;
    void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
    if (memory == MAP_FAILED) die("memory");
    memory_ = static_cast<char*>(memory);
    xdp_umem_reg reg{};
    reg.addr = reinterpret_cast<std::uintptr_t>(memory);
    reg.len = size;
    reg.chunk_size = chunk;
    if (setsockopt(fd, SOL_XDP, XDP_UMEM_REG, &reg, sizeof reg) < 0) die("memory of the socket");
    for (const int ring : {XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING, XDP_TX_RING})
      if (setsockopt(fd, SOL_XDP, ring, &kEntries, sizeof kEntries) < 0) die("size of a ring");
    return fd;
  }
  xdp_mmap_offsets offsets() const {
    xdp_mmap_offsets o{};
    socklen_t size = sizeof o;
    if (getsockopt(fd_, SOL_XDP, XDP_MMAP_OFFSETS, &o, &size) < 0) die("offsets");
    return o;
  }
  void wait() {
    // The interface may be down for a moment: then the next call is heard.
    if (tx_.wants_call()) sendto(fd_, nullptr, 0, MSG_DONTWAIT, nullptr, 0);
    pollfd p{.fd = fd_, .events = POLLIN, .revents = 0};
    poll(&p, 1, 20);
  }

  char* memory_ = nullptr;
  int fd_;
  xdp_mmap_offsets offsets_;
  Ring<std::uint64_t> fill_, done_;
  Ring<xdp_desc> rx_, tx_;
  std::uint32_t chunk_;
};

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 3 ? argv[3] : "", what = argc > 4 ? argv[4] : "";
  const bool send = what == "send" && argc == 7;
  if ((mode != "zero" && mode != "any") || !(send || (what == "echo" && argc == 5))) {
    std::fprintf(stderr, "usage: airvf-xsk INTERFACE CHUNK zero|any echo|send [SIZE COUNT]\n");
    return 2;
  }
  const unsigned ifindex = if_nametoindex(argv[1]);
  const int map = socket_map();
  if (!put_on(ifindex, program(map), 0)) return 1;
  Socket s(ifindex, static_cast<std::uint32_t>(std::atoi(argv[2])), mode == "zero");
  enter_socket(map, s.fd());
  if (!send) s.echo();
  s.send(static_cast<std::uint32_t>(std::atoi(argv[5])), static_cast<std::uint32_t>(std::atoi(argv[6])));
}
