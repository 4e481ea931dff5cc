// SPDX-License-Identifier: Apache-2.0
#include "ip/ping.hpp"

#include <lwip/icmp.h>
#include <lwip/inet_chksum.h>
#include <lwip/raw.h>

#include <cstring>

#include "ip/lwip.hpp"

namespace vfpool::ip {
namespace {

constexpr u16_t kIpHeader = 20;  // lwIP sends no options
constexpr u16_t kIdentifier = 0x8259;

}  // namespace

struct Ping::Impl {
  Scheduler& scheduler;
  ip_addr_t to;
  raw_pcb* pcb = nullptr;
  u16_t sequence = 0;
  SimTime sent{0};
  std::optional<SimTime> took = {};

  // True: the packet is ours, and freed.
  bool take(pbuf* p) {
    icmp_echo_hdr reply;
    if (pbuf_copy_partial(p, &reply, sizeof reply, kIpHeader) != sizeof reply) return false;
    if (reply.type != ICMP_ER || lwip_ntohs(reply.id) != kIdentifier || lwip_ntohs(reply.seqno) != sequence)
      return false;
    took = scheduler.now() - sent;
    pbuf_free(p);
    return true;
  }
};

Ping::Ping(Interface& from, Interface& to)
    : impl_(std::make_unique<Impl>(Impl{.scheduler = from.stack().scheduler(), .to = to.impl().address()})) {
  impl_->pcb = raw_new(IP_PROTO_ICMP);
  raw_bind_netif(impl_->pcb, &from.impl().link);
  raw_recv(
      impl_->pcb,
      [](void* self, raw_pcb*, pbuf* p, const ip_addr_t*) -> u8_t { return static_cast<Impl*>(self)->take(p) ? 1 : 0; },
      impl_.get());
}

Ping::~Ping() { raw_remove(impl_->pcb); }

void Ping::send(unsigned bytes) {
  Impl& i = *impl_;
  icmp_echo_hdr request{};
  request.type = ICMP_ECHO;
  request.id = lwip_htons(kIdentifier);
  request.seqno = lwip_htons(++i.sequence);
  std::vector<std::uint8_t> packet(sizeof request + bytes);
  std::memcpy(packet.data(), &request, sizeof request);
  request.chksum = inet_chksum(packet.data(), static_cast<u16_t>(packet.size()));
  std::memcpy(packet.data(), &request, sizeof request);
  pbuf* p = pbuf_alloc(PBUF_IP, static_cast<u16_t>(packet.size()), PBUF_RAM);
  if (p == nullptr) throw std::runtime_error("lwIP: no memory for a request");
  pbuf_take(p, packet.data(), static_cast<u16_t>(packet.size()));
  i.took.reset();
  i.sent = i.scheduler.now();
  const err_t status = raw_sendto(i.pcb, p, &i.to);
  pbuf_free(p);
  check(status, "ping");
}

std::optional<SimTime> Ping::time() const { return impl_->took; }

}  // namespace vfpool::ip
