// SPDX-License-Identifier: Apache-2.0
#include "tags.hpp"

#include <algorithm>

#include "format.hpp"

namespace vfpool::reference {
namespace {

using pcie::CplStatus;
using pcie::Tlp;
using pcie::TlpKind;

constexpr unsigned kBoundary = 64;  // smallest read completion boundary
constexpr SimTime kForgotten =
    std::chrono::milliseconds(58);  // twice CPL_TIMEOUT_MS but for the ticks that it is counted by

std::uint32_t key(const Tlp& t) { return static_cast<std::uint32_t>(t.requester().raw) << 8 | t.tag(); }

}  // namespace

Fit fit(Asked& a, const Tlp& c) {
  const bool data = c.kind() == TlpKind::kCplData;
  if (c.status() != CplStatus::kSuccess) {
    const bool retry = c.status() == CplStatus::kRetry;  // of configuration requests only
    return data || (retry && !is_config(a.sent)) ? Fit::kWrong : Fit::kLast;
  }
  if (data == a.sent.has_data()) return Fit::kWrong;
  if (!data) return Fit::kLast;
  if (c.byte_count() != a.left || c.lower_address() != (a.next & 0x7f)) return Fit::kWrong;
  const unsigned lead = a.next & 3, room = c.length_dw() * 4 - lead;
  if (room < a.left) {
    if ((a.next + room) % kBoundary != 0) return Fit::kWrong;
    a.left -= room;
    a.next += room;
    return Fit::kPart;
  }
  return c.length_dw() == (lead + a.left + 3) / 4 ? Fit::kLast : Fit::kWrong;
}

bool Tags::add(Asked a) {
  const bool memory = a.sent.kind() == TlpKind::kMemRead;
  a.left = memory ? byte_length(a.sent) : 4;
  a.next = memory ? static_cast<unsigned>(first_byte(a.sent) & 0x7f) : 0;
  const std::uint32_t k = key(a.sent);
  if (const auto rests = resting_.find(k); rests != resting_.end()) {
    if (a.at < rests->second) return false;
    resting_.erase(rests);
  }
  // An orphan that was never answered has timed out and rested, and nobody was told.
  if (const auto old = asked_.find(k);
      old != asked_.end() && (old->second.orphan || old->second.mute) && a.at > old->second.at + kForgotten)
    asked_.erase(old);
  return asked_.emplace(k, std::move(a)).second;
}

Asked* Tags::find(const Tlp& completion) {
  // A locked read is never carried, so none waits for that kind (2.3.2).
  if (completion.kind() != TlpKind::kCpl && completion.kind() != TlpKind::kCplData) return nullptr;
  const auto it = asked_.find(key(completion));
  return it == asked_.end() ? nullptr : &it->second;
}

void Tags::orphan(unsigned port, SimTime rests) {
  for (auto& [key, a] : asked_)
    if (a.from == port) a.orphan = true;
  end_forgotten(rests);
}

void Tags::orphan_own() {
  for (auto& [key, a] : asked_)
    if (a.from == Asked::kBridge) a.orphan = true;
}

void Tags::end_forgotten(SimTime rests) {
  std::erase_if(asked_, [&](const auto& e) {
    const Asked& a = e.second;
    const bool ends = a.unheard && a.orphan;
    if (ends) resting_[e.first] = rests;
    return ends;
  });
}

void Tags::orphan(const Asked& a) { asked_.at(key(a.sent)).orphan = true; }

void Tags::unheard(SimTime rests) {
  for (auto& [key, a] : asked_) a.unheard = true;
  end_forgotten(rests);
}

void Tags::hand(const std::function<bool(unsigned from)>& concerned) {
  for (auto& [key, a] : asked_) a.handed |= a.from != Asked::kBridge && concerned(a.from);
}

void Tags::mute(unsigned port) {
  for (auto& [key, a] : asked_) a.mute |= a.from == port;
}

void Tags::bury(SimTime when) {
  std::erase_if(asked_, [when](const auto& e) { return (e.second.orphan || e.second.mute) && e.second.at < when; });
}

void Tags::expire(const Asked& a, SimTime until) {
  resting_[key(a.sent)] = until;
  end(a);
}

void Tags::end(const Asked& a) {
  const std::uint32_t k = key(a.sent);
  asked_.erase(k);
}

}  // namespace vfpool::reference
