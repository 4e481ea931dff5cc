// SPDX-License-Identifier: Apache-2.0
#include "wire/memif.hpp"

#include <fcntl.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <stdexcept>

#include "core/unix_socket.hpp"

namespace vfpool::wire {
namespace {

enum Type : std::uint16_t { kAck = 1, kHello, kInit, kAddRegion, kAddRing, kConnect, kConnected, kDisconnect };

constexpr std::uint16_t kVersion = 2 << 8;
constexpr std::uint32_t kCookie = 0x3E31F20;
constexpr std::size_t kMostRegions = 16, kMostRegion = std::size_t{1} << 32;
constexpr unsigned kMostLog2 = 14;
constexpr std::size_t kMostFrame = 16'384;
// A ring: cookie, flags and head in its first 64 bytes, tail in the next, then descriptors of 16 bytes.
constexpr std::size_t kFlagsAt = 4, kHeadAt = 6, kTailAt = 64, kDescriptorsAt = 128, kDescriptor = 16;
constexpr std::uint16_t kRingFromClient = 1;  // flag of ADD_RING
constexpr std::uint16_t kNoEvents = 1;        // flag of a ring
constexpr std::uint16_t kNext = 1;            // flag of a descriptor: the frame goes on in the following one
// The peer does not say when it has new buffers for us.
constexpr std::chrono::microseconds kLookAgain{100};
// Preamble, gap and FCS (IEEE 802.3, 3.2 and 4.4.2), which frames here are without.
constexpr std::size_t kWireOverhead = 24;

/// What a peer did that the protocol does not allow.
struct Broken : std::runtime_error {
  using std::runtime_error::runtime_error;
};

std::atomic_ref<std::uint16_t> word(std::uint8_t* at) { return std::atomic_ref(*reinterpret_cast<std::uint16_t*>(at)); }

}  // namespace

// Of fixed size, in the machine's byte order; the fields' places are the protocol's.
struct Memif::Message {
  std::array<std::uint8_t, 128> bytes{};

  explicit Message(std::uint16_t type = 0) { set(0, type); }
  template <class T>
  T get(std::size_t at) const {
    T value;
    std::memcpy(&value, &bytes[at], sizeof value);
    return value;
  }
  template <class T>
  void set(std::size_t at, T value) {
    std::memcpy(&bytes[at], &value, sizeof value);
  }
  void text(std::size_t at, const std::string& value, std::size_t room) {
    std::memcpy(&bytes[at], value.data(), std::min(value.size(), room - 1));
  }
};

struct Memif::Descriptor {
  std::uint16_t flags, region;
  std::uint32_t length, offset, metadata;
};

Memif::Region::Region(int fd, std::size_t size) : size_(size) {
  // A file that the peer can make shorter would kill us at the next access.
  const int seals = ::fcntl(fd, F_GET_SEALS);
  if (seals < 0 || (seals & F_SEAL_SHRINK) == 0) throw Broken("a region's file can shrink");
  struct stat file{};
  if (::fstat(fd, &file) != 0 || size == 0 || size > kMostRegion || file.st_size < static_cast<off_t>(size))
    throw Broken(fmt::format("a region of {} bytes in a file of {}", size, file.st_size));
  void* const p = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (p == MAP_FAILED) throw Broken(fmt::format("a region that cannot be mapped: {}", std::strerror(errno)));
  data_ = static_cast<std::uint8_t*>(p);
}

Memif::Region::~Region() {
  if (data_ != nullptr) ::munmap(data_, size_);
}

Memif::Region::Region(Region&& other) noexcept : data_(std::exchange(other.data_, nullptr)), size_(other.size_) {}

Memif::Memif(Scheduler& scheduler, const MemifOptions& options)
    : scheduler_(scheduler), options_(options), listener_(listen_unix(options.socket, SOCK_NONBLOCK, SOCK_SEQPACKET)) {
  scheduler_.watch(listener_.get(), POLLIN, [this](short) { accept_peer(); });
}

Memif::~Memif() {
  link_handler_ = {};
  disconnect("the simulator ends", true);
  scheduler_.unwatch(listener_.get());
  std::error_code ignored;
  std::filesystem::remove(options_.socket, ignored);
}

void Memif::accept_peer() {
  Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!peer) return;
  if (peer_) {
    spdlog::warn("memif {}: a second peer is refused", options_.socket.string());
    return;
  }
  peer_ = std::move(peer);
  scheduler_.watch(peer_.get(), POLLIN, [this](short) { read_messages(); });
  Message hello(kHello);
  hello.text(2, "vfpool", 32);
  hello.set<std::uint16_t>(34, kVersion);
  hello.set<std::uint16_t>(36, kVersion);
  hello.set<std::uint16_t>(38, kMostRegions - 1);
  hello.set<std::uint16_t>(40, 0);  // highest ring from us
  hello.set<std::uint16_t>(42, 0);  // and to us
  hello.set<std::uint8_t>(44, kMostLog2);
  reply(hello);
}

void Memif::read_messages() {
  while (peer_) {
    Message message;
    iovec io{message.bytes.data(), message.bytes.size()};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr header{};
    header.msg_iov = &io;
    header.msg_iovlen = 1;
    header.msg_control = control.data();
    header.msg_controllen = control.size();
    const ssize_t n = ::recvmsg(peer_.get(), &header, MSG_CMSG_CLOEXEC);
    if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
    Fd fd;
    if (const cmsghdr* c = n > 0 ? CMSG_FIRSTHDR(&header) : nullptr; c != nullptr && c->cmsg_level == SOL_SOCKET &&
                                                                     c->cmsg_type == SCM_RIGHTS &&
                                                                     c->cmsg_len == CMSG_LEN(sizeof(int))) {
      int received = -1;
      std::memcpy(&received, CMSG_DATA(c), sizeof received);
      fd.reset(received);
    }
    if (n <= 0) return disconnect("", false);
    try {
      if (n != static_cast<ssize_t>(message.bytes.size())) throw Broken(fmt::format("a message of {} bytes", n));
      handle(message, std::move(fd));
    } catch (const Broken& e) {
      return disconnect(e.what(), true);
    }
  }
}

void Memif::handle(const Message& m, Fd fd) {
  const auto type = m.get<std::uint16_t>(0);
  if (type == kAck) return;
  if (type == kDisconnect) return disconnect("", false);
  // First who the peer is, then its memory and rings, then the connection.
  if (connected_ || introduced_ != (type != kInit)) throw Broken(fmt::format("a message of type {} out of turn", type));
  switch (type) {
    case kInit:
      if (m.get<std::uint16_t>(2) != kVersion) throw Broken(fmt::format("version {:#x}", m.get<std::uint16_t>(2)));
      if (m.get<std::uint32_t>(4) != options_.id)
        throw Broken(fmt::format("id {}, here is {}", m.get<std::uint32_t>(4), options_.id));
      if (m.get<std::uint8_t>(8) != 0) throw Broken("a mode that is not Ethernet");
      introduced_ = true;
      break;
    case kAddRegion: add_region(m, fd); break;
    case kAddRing: add_ring(m, std::move(fd)); break;
    case kConnect: return connect();
    default: throw Broken(fmt::format("a message of type {}", type));
  }
  reply(Message(kAck));
}

void Memif::add_region(const Message& m, const Fd& fd) {
  const auto index = m.get<std::uint16_t>(2);
  if (!fd || index != regions_.size() || index >= kMostRegions)
    throw Broken(fmt::format("region {}{}", index, fd ? "" : " without a file"));
  regions_.emplace_back(fd.get(), m.get<std::uint64_t>(4));
}

void Memif::add_ring(const Message& m, Fd fd) {
  const bool to_us = (m.get<std::uint16_t>(2) & kRingFromClient) != 0;
  const auto index = m.get<std::uint16_t>(4), region = m.get<std::uint16_t>(6);
  const auto offset = m.get<std::uint32_t>(8);
  const unsigned log2 = m.get<std::uint8_t>(12);
  Ring& ring = to_us ? in_ : out_;
  if (!fd || index != 0 || ring.at != nullptr || log2 > kMostLog2 || region >= regions_.size() || offset % 4 != 0 ||
      offset + kDescriptorsAt + (kDescriptor << log2) > regions_[region].size())
    throw Broken(fmt::format("ring {} of 2^{} at {} of region {}", index, log2, offset, region));
  ring.at = regions_[region].data() + offset;
  ring.log2_size = log2;
  ring.event = std::move(fd);
  ::fcntl(ring.event.get(), F_SETFL, O_NONBLOCK);
}

void Memif::connect() {
  for (const Ring* ring : {&in_, &out_}) {
    if (ring->at == nullptr) throw Broken("a connection without rings both ways");
    std::uint32_t cookie;
    std::memcpy(&cookie, ring->at, sizeof cookie);
    if (cookie != kCookie) throw Broken("a ring without its cookie");
  }
  if (in_.at == out_.at) throw Broken("one ring for both directions");
  word(in_.at + kFlagsAt).store(0, std::memory_order_relaxed);  // we want to be woken
  in_.ours = word(in_.at + kTailAt).load(std::memory_order_acquire);
  out_.ours = word(out_.at + kTailAt).load(std::memory_order_acquire);
  Message connected(kConnected);
  connected.text(2, "vfpool", 32);
  reply(connected);
  if (!peer_) return;
  connected_ = true;
  spdlog::info("memif {}: connected", options_.socket.string());
  if (link_handler_) link_handler_(true);
  schedule();
}

void Memif::reply(const Message& message) {
  const ssize_t n = ::send(peer_.get(), message.bytes.data(), message.bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  if (n != static_cast<ssize_t>(message.bytes.size())) disconnect("", false);
}

void Memif::disconnect(const std::string& reason, bool tell) {
  if (!peer_) return;
  if (!reason.empty()) spdlog::warn("memif {}: disconnected: {}", options_.socket.string(), reason);
  if (tell) {
    Message message(kDisconnect);
    message.text(6, reason, 96);
    ::send(peer_.get(), message.bytes.data(), message.bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  }
  watch_event(false);
  scheduler_.cancel(std::exchange(take_timer_, 0));
  scheduler_.cancel(std::exchange(put_timer_, 0));
  scheduler_.unwatch(peer_.get());
  peer_.reset();
  in_ = {};
  out_ = {};
  regions_.clear();
  traffic_.sent_drops += held_.size();
  held_.clear();
  introduced_ = false;
  if (std::exchange(connected_, false) && link_handler_) link_handler_(false);
}

// Descriptors that the peer has filled and we have not used.
unsigned Memif::available(const Ring& ring) const {
  const auto n = static_cast<std::uint16_t>(word(ring.at + kHeadAt).load(std::memory_order_acquire) - ring.ours);
  if (n > 1U << ring.log2_size) throw Broken(fmt::format("{} descriptors in a ring of {}", n, 1U << ring.log2_size));
  return n;
}

// A copy: the peer may write to the original between our look and our use.
Memif::Descriptor Memif::descriptor(const Ring& ring, std::uint16_t index) const {
  static_assert(sizeof(Descriptor) == kDescriptor);
  Descriptor d;
  std::memcpy(&d, ring.at + kDescriptorsAt + kDescriptor * (index & ((1U << ring.log2_size) - 1)), sizeof d);
  // The compiler is not to read the shared memory again in place of the copy.
  asm volatile("" : "+m"(d));
  return d;
}

std::uint8_t* Memif::buffer(const Descriptor& d) const {
  if (d.region >= regions_.size() || std::uint64_t{d.offset} + d.length > regions_[d.region].size())
    throw Broken(fmt::format("a buffer of {} bytes at {} of region {}", d.length, d.offset, d.region));
  return regions_[d.region].data() + d.offset;
}

bool Memif::take_frame(Frame& frame) {
  const unsigned filled = available(in_);
  frame.clear();
  for (unsigned i = 0; i < filled; ++i) {
    const Descriptor d = descriptor(in_, static_cast<std::uint16_t>(in_.ours + i));
    const std::uint8_t* const from = buffer(d);
    if (frame.size() + d.length > kMostFrame) throw Broken(fmt::format("a frame of more than {} bytes", kMostFrame));
    frame.insert(frame.end(), from, from + d.length);
    if ((d.flags & kNext) != 0) continue;
    in_.ours = static_cast<std::uint16_t>(in_.ours + i + 1);
    word(in_.at + kTailAt).store(in_.ours, std::memory_order_release);
    return true;
  }
  if (filled != 0) throw Broken("a frame without an end");
  return false;
}

void Memif::take_due() {
  try {
    Frame frame;
    for (int n = 0; n < kFramesPerTurn && connected_ && receiver_ && !paused_ && next_ <= scheduler_.now(); ++n) {
      if (!take_frame(frame)) {
        // What came before our look at the event is seen now; what comes later wakes us.
        std::uint64_t count;
        [[maybe_unused]] const ssize_t read = ::read(in_.event.get(), &count, sizeof count);
        if (available(in_) == 0) return watch_event(true);
        continue;
      }
      const std::size_t bytes = std::max<std::size_t>(frame.size(), 60) + kWireOverhead;
      const auto carried = SimTime(static_cast<std::int64_t>(bytes * 8'000'000 / options_.link_mbps));
      // A link that was idle has not saved up time.
      next_ = std::max(next_, scheduler_.now() - carried * kFramesPerTurn) + carried;
      if (frame.size() < kMinFrame) {
        ++traffic_.received_drops;
        continue;
      }
      traffic_.received(frame.size());
      const Receiver receiver = receiver_;
      receiver(std::move(frame));
    }
  } catch (const Broken& e) {
    return disconnect(e.what(), true);
  }
  schedule();
}

void Memif::schedule() {
  const bool want = connected_ && receiver_ && !paused_;
  if (!want) watch_event(false);
  if (!want || watching_ || take_timer_ != 0) return;
  take_timer_ = scheduler_.at(std::max(next_, scheduler_.now()), [this] {
    take_timer_ = 0;
    take_due();
  });
}

void Memif::watch_event(bool want) {
  if (want == watching_) return;
  watching_ = want;
  if (!want) return scheduler_.unwatch(in_.event.get());
  scheduler_.watch(in_.event.get(), POLLIN, [this](short) {
    watch_event(false);
    schedule();
  });
}

void Memif::send(std::span<const std::uint8_t> frame) {
  if (frame.size() < kMinFrame || !connected_ || held_.size() >= kMaxHeld) {
    ++traffic_.sent_drops;
    return;
  }
  held_.emplace_back(frame.begin(), frame.end());
  put_held();
}

bool Memif::put_frame(const Frame& frame) {
  const unsigned filled = available(out_);
  std::size_t done = 0;
  for (unsigned i = 0; i < filled; ++i) {
    const auto index = static_cast<std::uint16_t>(out_.ours + i);
    Descriptor d = descriptor(out_, index);
    std::uint8_t* const to = buffer(d);
    const std::size_t n = std::min<std::size_t>(d.length, frame.size() - done);
    if (n == 0) throw Broken("a buffer of no bytes");
    std::memcpy(to, frame.data() + done, n);
    done += n;
    d.length = static_cast<std::uint32_t>(n);
    d.flags = done < frame.size() ? kNext : 0;
    std::memcpy(out_.at + kDescriptorsAt + kDescriptor * (index & ((1U << out_.log2_size) - 1)), &d, sizeof d);
    if (done < frame.size()) continue;
    out_.ours = static_cast<std::uint16_t>(out_.ours + i + 1);
    word(out_.at + kTailAt).store(out_.ours, std::memory_order_release);
    return true;
  }
  // All that the peer can offer is not enough: it never will be.
  if (filled == 1U << out_.log2_size) throw Broken(fmt::format("no buffers for a frame of {} bytes", frame.size()));
  return false;
}

void Memif::put_held() {
  try {
    bool any = false;
    while (!held_.empty() && put_frame(held_.front())) {
      traffic_.sent(held_.front().size());
      held_.pop_front();
      any = true;
    }
    if (any && (word(out_.at + kFlagsAt).load(std::memory_order_relaxed) & kNoEvents) == 0) {
      const std::uint64_t one = 1;
      [[maybe_unused]] const ssize_t n = ::write(out_.event.get(), &one, sizeof one);
    }
  } catch (const Broken& e) {
    return disconnect(e.what(), true);
  }
  if (held_.empty() || put_timer_ != 0) return;
  put_timer_ = scheduler_.after(kLookAgain, [this] {
    put_timer_ = 0;
    put_held();
  });
}

void Memif::set_receiver(Receiver receiver) {
  receiver_ = std::move(receiver);
  schedule();
}

void Memif::set_paused(bool paused) {
  paused_ = paused;
  schedule();
}

std::string Memif::state() const {
  return fmt::format("memif {}: {}{}{}", options_.socket.string(), traffic_.text(), connected_ ? "" : ", no peer",
                     paused_ ? ", paused" : "");
}

}  // namespace vfpool::wire
