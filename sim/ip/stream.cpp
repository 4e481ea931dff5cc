// SPDX-License-Identifier: Apache-2.0
#include "ip/stream.hpp"

#include <lwip/tcp.h>

#include <cstring>
#include <random>

#include "ip/lwip.hpp"

namespace vfpool::ip {
namespace {

constexpr u16_t kPort = 5001;
constexpr std::size_t kPeriod = 64 * 1024 + 1;  // so that no segment looks like the one before

// What is sent, twice in a row: any period of it lies in one piece.
const std::vector<std::uint8_t>& pattern() {
  static const std::vector<std::uint8_t> bytes = [] {
    std::mt19937 random(1);
    std::vector<std::uint8_t> b(2 * kPeriod);
    for (std::size_t i = 0; i < b.size(); ++i)
      b[i] = i < kPeriod ? static_cast<std::uint8_t>(random()) : b[i - kPeriod];
    return b;
  }();
  return bytes;
}

}  // namespace

struct Stream::Impl {
  unsigned window;
  tcp_pcb *listener = nullptr, *sender = nullptr, *receiver = nullptr;
  std::uint64_t written = 0, acknowledged = 0, received = 0;
  const char* failure = nullptr;

  static Impl& of(void* self) { return *static_cast<Impl*>(self); }

  void listen(const Interface::Impl& at) {
    tcp_pcb* pcb = tcp_new();
    tcp_bind_netif(pcb, &at.link);
    const ip_addr_t address = at.address();
    check(tcp_bind(pcb, &address, kPort), "bind");
    listener = tcp_listen(pcb);
    tcp_arg(listener, this);
    tcp_accept(listener, [](void* self, tcp_pcb* fresh, err_t) -> err_t {
      Impl& i = of(self);
      i.receiver = fresh;
      tcp_recv(fresh, [](void* me, tcp_pcb* from, pbuf* p, err_t) { return of(me).take(from, p); });
      tcp_err(fresh, [](void* me, err_t) {
        of(me).receiver = nullptr;
        of(me).failure = "the receiver's connection was lost";
      });
      return ERR_OK;
    });
  }

  void connect(const Interface::Impl& from, const Interface::Impl& to) {
    sender = tcp_new();
    tcp_bind_netif(sender, &from.link);
    const ip_addr_t source = from.address(), destination = to.address();
    check(tcp_bind(sender, &source, 0), "bind");
    tcp_arg(sender, this);
    tcp_nagle_disable(sender);
    tcp_sent(sender, [](void* self, tcp_pcb*, u16_t bytes) -> err_t {
      of(self).acknowledged += bytes;
      of(self).write();
      return ERR_OK;
    });
    tcp_err(sender, [](void* self, err_t) {
      of(self).sender = nullptr;
      of(self).failure = "the sender's connection was lost";
    });
    check(tcp_connect(sender, &destination, kPort,
                      [](void* self, tcp_pcb*, err_t) -> err_t {
                        of(self).write();
                        return ERR_OK;
                      }),
          "connect");
  }

  void write() {
    while (written + kSegment <= acknowledged + window && tcp_sndbuf(sender) >= kSegment) {
      const std::uint8_t* bytes = pattern().data() + written % kPeriod;
      if (tcp_write(sender, bytes, kSegment, TCP_WRITE_FLAG_COPY) != ERR_OK) break;
      written += kSegment;
    }
    tcp_output(sender);
  }

  err_t take(tcp_pcb* pcb, pbuf* p) {
    if (p == nullptr) return ERR_OK;  // the other side has closed
    for (const pbuf* part = p; part != nullptr; part = part->next) {
      if (std::memcmp(part->payload, pattern().data() + received % kPeriod, part->len) != 0)
        failure = "bytes arrived that were not sent";
      received += part->len;
    }
    tcp_recved(pcb, p->tot_len);
    pbuf_free(p);
    return ERR_OK;
  }

  static void end(tcp_pcb* pcb) {
    if (pcb == nullptr) return;
    tcp_err(pcb, nullptr);
    tcp_abort(pcb);
  }
};

Stream::Stream(Interface& from, Interface& to, unsigned window) : impl_(std::make_unique<Impl>()) {
  if (window == 0 || window > kMostWindow || window % kSegment != 0)
    throw std::invalid_argument(fmt::format("a window of {} bytes", window));
  impl_->window = window;
  impl_->listen(to.impl());
  impl_->connect(from.impl(), to.impl());
}

Stream::~Stream() {
  Impl::end(impl_->sender);
  Impl::end(impl_->receiver);
  tcp_close(impl_->listener);
}

std::uint64_t Stream::received() const {
  if (impl_->failure != nullptr) throw std::runtime_error(impl_->failure);
  return impl_->received;
}

}  // namespace vfpool::ip
