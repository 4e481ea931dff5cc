// SPDX-License-Identifier: Apache-2.0
#include "testbed/web_clients.hpp"

namespace vfpool::testbed {
namespace {

constexpr std::uint32_t kAck = UINT32_MAX;
constexpr std::uint32_t kRequestBytes = 200;
constexpr std::uint32_t kHeaders = 66;

}  // namespace

WebClients::WebClients(Events& events, Port& port, const WebSpec& spec, std::uint64_t seed)
    : events_(events), port_(port), spec_(spec), random_(seed), clients_(spec.clients) {}

// Not all in one instant: evenly over the first 10 ms.
void WebClients::start(Time when) {
  std::uniform_int_distribution<Time> at(when, when + 10 * kMillisecond);
  for (std::size_t i = 0; i < clients_.size(); ++i) events_.at(at(random_), *this, i);
}

void WebClients::act(std::uint64_t client) {
  Client& c = clients_[client];
  if (c.refusals == 0) {
    if (spec_.requests != 0 && asked_ == spec_.requests) return;
    ++asked_;
    c.asked = events_.now();
  }
  queue_.push_back(static_cast<std::uint32_t>(client));
  port_.offer(*this);
}

Packet WebClients::take() {
  const std::uint32_t client = queue_.front();
  queue_.pop_front();
  ++sent_;
  const bool ack = client == kAck;
  return {.source = this,
          .to = spec_.to,
          .payload = ack ? 0 : kRequestBytes,
          .frame = kHeaders + (ack ? 0 : kRequestBytes),
          .flow = client,
          .work = ack ? 0 : spec_.work,
          .sent = events_.now()};
}

void WebClients::send_acks() {
  for (unsigned i = 0; i < spec_.acks; ++i) queue_.push_back(kAck);
  if (spec_.acks > 0) port_.offer(*this);
}

void WebClients::ended(const Packet& packet, Fate fate) {
  if (packet.flow == kAck) return;
  Client& c = clients_[packet.flow];
  if (fate != Fate::kConsumed) {
    if (++c.refusals < spec_.tries) {
      events_.after(spec_.retry << (c.refusals - 1), *this, packet.flow);
      return;
    }
    ++failed_;
  } else {
    ++answered_;
  }
  c.refusals = 0;
  if (++all_answered_ == spec_.requests) done_ = events_.now();
  send_acks();
  events_.after(spec_.pause, *this, packet.flow);
}

}  // namespace vfpool::testbed
