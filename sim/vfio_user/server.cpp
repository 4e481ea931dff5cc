// SPDX-License-Identifier: Apache-2.0
#include "vfio_user/server.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <deque>
#include <nlohmann/json.hpp>
#include <system_error>
#include <vector>

#include "core/unix_socket.hpp"
#include "vfio_user/guest_memory.hpp"
#include "vfio_user/protocol.hpp"

namespace vfpool::vfio_user {
namespace {

constexpr std::uint32_t kMaxTransfer = 1U << 20;
constexpr std::uint32_t kMaxMessage = kMaxTransfer + 4096;
constexpr unsigned kMaxDescriptors = 16;
constexpr std::size_t kMostRequests = 64;        // of the client, read ahead of the one that the device works on
constexpr std::size_t kMostUnread = 64U * 1024;  // bytes for the client, before the device is told to send no more

struct Message {
  Header header{};
  std::vector<std::uint8_t> body;
  std::vector<Fd> fds;

  /// The payload's fixed part, or nothing if the message is too short for it.
  template <class T>
  std::optional<T> as() const {
    if (body.size() < sizeof(T)) return std::nullopt;
    T t;
    std::memcpy(&t, body.data(), sizeof t);
    return t;
  }
};

template <class T>
std::span<const std::uint8_t> bytes_of(const T& t) {
  return {reinterpret_cast<const std::uint8_t*>(&t), sizeof t};
}

}  // namespace

struct Server::Impl : Guest {
  Scheduler& scheduler;
  std::string path;
  Device& device;
  Counters counters;
  Fd listener;
  Fd client;
  std::uint64_t session = 0;  ///< of the current client; answers of the device for an older one are dropped
  bool negotiated = false;
  SimTime changed = scheduler.now();  ///< `negotiated`
  bool busy = false;                  ///< the device works on the head of `requests`
  std::deque<Message> requests;
  std::vector<std::uint8_t> in;
  std::vector<Fd> in_fds;
  std::vector<std::uint8_t> out;
  GuestMemory memory;
  std::vector<Fd> vectors;
  std::uint16_t next_id = 0x8000;
  bool held_back = false;  ///< the client: nothing is read from its socket
  bool in_next = false;
  short watched = 0;  ///< events of the client's socket
  mutable pcie::Refusals refused;

  Impl(Scheduler& s, std::string p, Device& d) : scheduler(s), path(std::move(p)), device(d) {
    vectors.resize(device.msix_vectors());
    listener = listen_unix(path, SOCK_NONBLOCK);
    scheduler.watch(listener.get(), POLLIN, [this](short) { accept_client(); });
  }

  ~Impl() override {
    if (client) drop("server stops");
    scheduler.unwatch(listener.get());
    unlink(path.c_str());
  }

  void accept_client() {
    Fd fd(accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) return;
    if (client) {
      ++counters.refused;
      spdlog::warn("{}: a second client was turned away, one is attached", path);
      return;
    }
    ++counters.clients;
    ++session;
    client = std::move(fd);
    watch();
  }

  void watch() {
    const auto events = static_cast<short>((held_back ? 0 : POLLIN) | (out.empty() ? 0 : POLLOUT));
    if (events == watched) return;
    watched = events;
    scheduler.watch(client.get(), events, [this](short revents) { on_socket(revents); });
  }

  void drop(const std::string& why) {
    spdlog::info("{}: client gone ({})", path, why);
    scheduler.unwatch(client.get());
    client.reset();
    watched = 0;
    held_back = false;
    ++session;
    const bool was_negotiated = std::exchange(negotiated, false);
    busy = false;
    requests.clear();
    in.clear();
    in_fds.clear();
    out.clear();
    for (Fd& v : vectors) v.reset();
    if (was_negotiated) {
      changed = scheduler.now();
      device.attach(nullptr);
    }
    memory.clear();
  }

  void protocol_error(const std::string& what) {
    ++counters.protocol_errors;
    spdlog::warn("{}: {}", path, what);
    drop("protocol error");
  }

  void on_socket(short revents) {
    const std::uint64_t mine = session;
    if (revents & POLLOUT) flush();
    if (session != mine) return;
    if (held_back && revents & (POLLHUP | POLLERR)) return drop("disconnected");
    if (revents & (POLLIN | POLLHUP | POLLERR)) receive();
  }

  void receive() {
    for (;;) {
      std::array<std::uint8_t, 65536> buffer;
      alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int) * kMaxDescriptors)> control;
      iovec io{buffer.data(), buffer.size()};
      msghdr msg{};
      msg.msg_iov = &io;
      msg.msg_iovlen = 1;
      msg.msg_control = control.data();
      msg.msg_controllen = control.size();
      const ssize_t n = recvmsg(client.get(), &msg, MSG_CMSG_CLOEXEC);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return;
      if (n <= 0) return drop(n == 0 ? "disconnected" : std::strerror(errno));
      for (cmsghdr* c = CMSG_FIRSTHDR(&msg); c != nullptr; c = CMSG_NXTHDR(&msg, c)) {
        if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
        const std::size_t count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
        for (std::size_t i = 0; i < count; ++i) {
          int fd;
          std::memcpy(&fd, CMSG_DATA(c) + i * sizeof(int), sizeof fd);
          in_fds.emplace_back(fd);
        }
      }
      in.insert(in.end(), buffer.begin(), buffer.begin() + n);
      const std::uint64_t mine = session;
      split();
      if (session != mine || held_back || static_cast<std::size_t>(n) < buffer.size()) return;
    }
  }

  // Cuts `in` into messages. Descriptors belong to the message whose bytes they came with; a client sends them with
  // the first byte, and waits for the reply, so they belong to the last message that has started.
  void split() {
    std::size_t at = 0;
    while (in.size() - at >= sizeof(Header)) {
      Message m;
      std::memcpy(&m.header, in.data() + at, sizeof(Header));
      if (m.header.size < sizeof(Header) || m.header.size > kMaxMessage)
        return protocol_error(fmt::format("message of {} bytes, command {}", m.header.size, m.header.command));
      if (in.size() - at < m.header.size) break;
      m.body.assign(in.begin() + static_cast<std::ptrdiff_t>(at + sizeof(Header)),
                    in.begin() + static_cast<std::ptrdiff_t>(at + m.header.size));
      at += m.header.size;
      const bool last = in.size() == at;
      if (last) m.fds = std::exchange(in_fds, {});
      if (m.header.flags & Header::kFlagReply) continue;  // to one of our DMA writes; nothing waits for it
      requests.push_back(std::move(m));
    }
    in.erase(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(at));
    next();
  }

  // Carries out what has been read, until the device keeps a request for later. Not nested: a device that is done at
  // once comes back here from inside.
  void next() {
    if (in_next) return;
    in_next = true;
    const std::uint64_t mine = session;
    while (session == mine && !busy && !requests.empty()) {
      busy = true;
      Message m = std::move(requests.front());
      requests.pop_front();
      ++counters.requests;
      carry_out(std::move(m));
    }
    in_next = false;
    if (session != mine) return;
    held_back = held_back ? requests.size() > kMostRequests / 2 : requests.size() >= kMostRequests;
    watch();
  }

  void reply(const Header& request, std::span<const std::uint8_t> body, std::span<const std::uint8_t> more = {},
             int error = 0) {
    busy = false;
    if (!(request.flags & Header::kFlagNoReply)) {
      const Header h{request.id, request.command,
                     static_cast<std::uint32_t>(sizeof(Header) + body.size() + more.size()),
                     Header::kFlagReply | (error != 0 ? Header::kFlagError : 0), static_cast<std::uint32_t>(error)};
      enqueue({bytes_of(h), body, more});
    }
  }

  void refuse(const Message& m, int error, const std::string& why) {
    ++counters.protocol_errors;
    spdlog::warn("{}: command {} refused: {}", path, m.header.command, why);
    reply(m.header, {}, {}, error);
  }

  void enqueue(std::initializer_list<std::span<const std::uint8_t>> parts) {
    if (!client) return;
    const bool was_empty = out.empty();
    for (auto part : parts) out.insert(out.end(), part.begin(), part.end());
    if (was_empty) flush();
  }

  void flush() {
    std::size_t sent = 0;
    while (sent < out.size()) {
      const ssize_t n = send(client.get(), out.data() + sent, out.size() - sent, MSG_NOSIGNAL);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) break;
      if (n < 0) {
        out.clear();  // the hang-up is seen, and handled, by the watch
        return;
      }
      sent += static_cast<std::size_t>(n);
    }
    out.erase(out.begin(), out.begin() + static_cast<std::ptrdiff_t>(sent));
    watch();
    if (refused.end_if([this](pcie::FlowClass) { return out.size() <= kMostUnread / 2; })) room_is_back();
  }

  void carry_out(Message m) {
    const auto command = static_cast<Command>(m.header.command);
    if (!negotiated && command != Command::kVersion)
      return protocol_error(fmt::format("command {} before the version was agreed", m.header.command));
    switch (command) {
      case Command::kVersion: return version(m);
      case Command::kDmaMap: return dma_map(m);
      case Command::kDmaUnmap: return dma_unmap(m);
      case Command::kDeviceGetInfo:
        return reply(m.header,
                     bytes_of(DeviceInfo{sizeof(DeviceInfo), DeviceInfo::kReset | DeviceInfo::kPci, kRegions, kIrqs}));
      case Command::kDeviceGetRegionInfo: return region_info(m);
      case Command::kDeviceGetIrqInfo: return irq_info(m);
      case Command::kDeviceSetIrqs: return set_irqs(m);
      case Command::kRegionRead: return region_read(m);
      case Command::kRegionWrite: return region_write(std::move(m));
      case Command::kDeviceReset: device.reset(); return reply(m.header, {});
      default: return refuse(m, ENOTSUP, "not offered by this server");
    }
  }

  void version(const Message& m) {
    const auto v = m.as<Version>();
    if (!v || negotiated) return protocol_error("unexpected or short version message");
    if (v->major != 0)
      return protocol_error(fmt::format("client speaks version {}.{}, this server 0.1", v->major, v->minor));
    const std::string json =
        nlohmann::json{{"capabilities", {{"max_msg_fds", kMaxDescriptors}, {"max_data_xfer_size", kMaxTransfer}}}}
            .dump();
    const Version mine{0, std::min<std::uint16_t>(v->minor, 1)};
    negotiated = true;
    changed = scheduler.now();
    spdlog::info("{}: client attached", path);
    device.attach(this);
    reply(m.header, bytes_of(mine), {reinterpret_cast<const std::uint8_t*>(json.c_str()), json.size() + 1});
  }

  void dma_map(const Message& m) {
    const auto d = m.as<DmaMap>();
    if (!d) return refuse(m, EINVAL, "short");
    const int fd = m.fds.empty() ? -1 : m.fds.front().get();
    if (auto why =
            memory.map(d->address, d->size, fd, d->offset, d->flags & DmaMap::kReadable, d->flags & DmaMap::kWritable))
      return refuse(m, EINVAL, *why);
    reply(m.header, {});
  }

  void dma_unmap(const Message& m) {
    const auto d = m.as<DmaUnmap>();
    if (!d) return refuse(m, EINVAL, "short");
    if (d->flags & DmaUnmap::kAll)
      memory.clear();
    else if (!memory.unmap(d->address, d->size))
      return refuse(m, ENOENT, fmt::format("no whole map in 0x{:x}+0x{:x}", d->address, d->size));
    reply(m.header, bytes_of(*d));
  }

  std::uint64_t region_size(std::uint32_t region) const {
    if (region == Device::kConfigRegion) return 4096;
    return region < Device::kBars ? device.bar_sizes()[region] : 0;
  }

  void region_info(const Message& m) {
    const auto r = m.as<RegionInfo>();
    if (!r || r->index >= kRegions) return refuse(m, EINVAL, "no such region");
    const std::uint64_t size = region_size(r->index);
    reply(m.header, bytes_of(RegionInfo{sizeof(RegionInfo), size != 0 ? RegionInfo::kRead | RegionInfo::kWrite : 0,
                                        r->index, 0, size, 0}));
  }

  void irq_info(const Message& m) {
    const auto i = m.as<IrqInfo>();
    if (!i || i->index >= kIrqs) return refuse(m, EINVAL, "no such interrupt");
    const std::uint32_t count = i->index == kIrqMsix ? device.msix_vectors() : 0;
    reply(m.header, bytes_of(IrqInfo{sizeof(IrqInfo), IrqInfo::kEventfd | IrqInfo::kNoResize, i->index, count}));
  }

  void set_irqs(Message& m) {
    const auto s = m.as<IrqSet>();
    if (!s) return refuse(m, EINVAL, "short");
    if (s->index != kIrqMsix) {
      if (s->count == 0 || s->flags & IrqSet::kDataNone) return reply(m.header, {});
      return refuse(m, EINVAL, fmt::format("interrupt index {} is not offered", s->index));
    }
    if (s->flags & IrqSet::kDataNone && s->count == 0) {  // disable all
      for (Fd& v : vectors) v.reset();
      return reply(m.header, {});
    }
    if (s->count > vectors.size() || s->start > vectors.size() - s->count)
      return refuse(m, EINVAL, fmt::format("vectors {}+{} of {}", s->start, s->count, vectors.size()));
    if (s->flags & IrqSet::kDataEventfd && s->flags & IrqSet::kActionTrigger) {
      for (std::uint32_t i = 0; i < s->count; ++i)
        vectors[s->start + i] = i < m.fds.size() ? std::move(m.fds[i]) : Fd();
      return reply(m.header, {});
    }
    refuse(m, ENOTSUP, fmt::format("flags 0x{:x}", s->flags));
  }

  bool access_ok(const Message& m, const std::optional<RegionAccess>& a, bool write) {
    const std::uint64_t size = a ? region_size(a->region) : 0;
    if (!a || a->count == 0 || a->count > kMaxTransfer || a->count > size || a->offset > size - a->count ||
        (write && m.body.size() < sizeof(RegionAccess) + a->count)) {
      refuse(m, EINVAL, a ? fmt::format("region {} 0x{:x}+{}", a->region, a->offset, a->count) : "short");
      return false;
    }
    return true;
  }

  void region_read(const Message& m) {
    const auto a = m.as<RegionAccess>();
    if (!access_ok(m, a, false)) return;
    device.read(a->region, a->offset, a->count,
                [this, mine = session, h = m.header, access = *a](std::span<const std::uint8_t> data) {
                  if (session != mine) return;
                  reply(h, bytes_of(access), data);
                  next();
                });
  }

  void region_write(Message m) {
    const auto a = m.as<RegionAccess>();
    if (!access_ok(m, a, true)) return;
    device.write(a->region, a->offset, std::span(m.body).subspan(sizeof(RegionAccess), a->count),
                 [this, mine = session, h = m.header, access = *a] {
                   if (session != mine) return;
                   reply(h, bytes_of(access));
                   next();
                 });
  }

  // Guest.
  bool room(pcie::FlowClass cls) const override {
    return cls != pcie::FlowClass::kPosted || out.size() < kMostUnread || refused.add(cls);
  }
  bool read(std::uint64_t address, std::span<std::uint8_t> to) override { return memory.read(address, to); }
  bool write(std::uint64_t address, std::span<const std::uint8_t> data) override { return memory.write(address, data); }
  void send_dma_write(std::uint64_t address, std::span<const std::uint8_t> data) override {
    const DmaAccess a{address, data.size()};
    const Header h{next_id++, static_cast<std::uint16_t>(Command::kDmaWrite),
                   static_cast<std::uint32_t>(sizeof(Header) + sizeof a + data.size()), 0, 0};
    enqueue({bytes_of(h), bytes_of(a), data});
  }
  bool signal_msix(unsigned vector) override {
    if (vector >= vectors.size() || !vectors[vector]) return false;
    const std::uint64_t one = 1;
    return ::write(vectors[vector].get(), &one, sizeof one) == sizeof one;
  }
};

Server::Server(Scheduler& scheduler, std::string path, Device& device)
    : impl_(std::make_unique<Impl>(scheduler, std::move(path), device)) {}
Server::~Server() = default;

const std::string& Server::path() const { return impl_->path; }
bool Server::connected() const { return impl_->negotiated; }
SimTime Server::changed() const { return impl_->changed; }
const Server::Counters& Server::counters() const { return impl_->counters; }

std::vector<std::string> Server::waits_for() const {
  const Impl& i = *impl_;
  std::vector<std::string> out;
  if (i.busy)
    out.push_back(fmt::format("an access of the server is at the device, {} wait behind it", i.requests.size()));
  if (!i.out.empty()) out.push_back(fmt::format("{} bytes that the server does not read", i.out.size()));
  return out;
}

std::string Server::state() const {
  const Impl& i = *impl_;
  return fmt::format("{}: {}, {} requests ({} waiting{}), {} memory maps, {} B to send\n", i.path,
                     i.negotiated ? "client attached" : "no client", i.counters.requests, i.requests.size(),
                     i.busy ? ", one at the device" : "", i.memory.maps(), i.out.size());
}

}  // namespace vfpool::vfio_user
