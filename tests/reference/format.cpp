// SPDX-License-Identifier: Apache-2.0
#include "format.hpp"

namespace vfpool::reference {
namespace {

using pcie::Tlp;
using pcie::TlpKind;

constexpr unsigned kMaxPayload = 128, kBeat = 16, kPage = 4096;

bool config_rules(const Tlp& t) {  // 2.2.7
  return t.length_dw() == 1 && t.last_be() == 0 && t.traffic_class() == 0 && (t.hdr[0] >> 12 & 3) == 0;
}

bool memory_rules(const Tlp& t) {  // 2.2.5, 2.2.7
  const unsigned dws = t.length_dw();
  if (dws == 1 ? t.last_be() != 0 : t.first_be() == 0 || t.last_be() == 0) return false;
  return (t.address() & (kPage - 1)) + dws * 4 <= kPage;
}

// Operands of 4 or 8 bytes, compare-and-swap two of 4, 8 or 16, each where its size says (2.2.7).
bool atomic_rules(const Tlp& t) {
  const bool two = (t.hdr[0] >> 24 & 0x1f) == 0x0e;
  const unsigned operand = t.length_dw() * 4 / (two ? 2 : 1);
  if (two && t.length_dw() % 2 != 0) return false;
  return (operand == 4 || operand == 8 || (two && operand == 16)) && t.address() % operand == 0;
}

}  // namespace

bool is_memory(const Tlp& t) { return t.kind() == TlpKind::kMemRead || t.kind() == TlpKind::kMemWrite; }
bool is_config(const Tlp& t) {
  const TlpKind k = t.kind();
  return k == TlpKind::kCfgRead0 || k == TlpKind::kCfgWrite0 || k == TlpKind::kCfgRead1 || k == TlpKind::kCfgWrite1;
}
bool is_completion(const Tlp& t) { return t.flow_class() == pcie::FlowClass::kCompletion; }
bool is_message(const Tlp& t) { return t.kind() == TlpKind::kMsg || t.kind() == TlpKind::kMsgData; }
bool non_posted(const Tlp& t) { return t.flow_class() == pcie::FlowClass::kNonPosted; }

Drop unfit(const Tlp& t) {
  if (t.kind() == TlpKind::kUnknown) return Drop::kMalformed;
  const unsigned payload = t.has_data() ? t.length_dw() * 4 : 0;
  if (payload > kMaxPayload) return Drop::kMalformed;
  // The port counts beats, not bytes; a packet without payload is a beat, too.
  const auto beats = [](std::size_t bytes) { return bytes == 0 ? 1 : (bytes + kBeat - 1) / kBeat; };
  if (beats(t.data.size()) != beats(payload + (t.digest() ? 4 : 0))) return Drop::kMalformed;
  if (is_config(t) && !config_rules(t)) return Drop::kMalformed;
  if ((t.kind() == TlpKind::kIoRead || t.kind() == TlpKind::kIoWrite) && !config_rules(t)) return Drop::kMalformed;
  if (is_memory(t) || t.kind() == TlpKind::kMemReadLocked) {
    if (!memory_rules(t)) return Drop::kMalformed;
    if (t.hdr[0] >> 10 & 3) return Drop::kUnsupported;  // AT: no translated addresses (ATS 1.1, 2.1)
    return t.kind() == TlpKind::kMemReadLocked ? Drop::kUnsupported : Drop::kNone;
  }
  if (t.kind() == TlpKind::kAtomic && !atomic_rules(t)) return Drop::kMalformed;
  if (t.kind() == TlpKind::kIoRead || t.kind() == TlpKind::kIoWrite || t.kind() == TlpKind::kAtomic)
    return Drop::kUnsupported;
  return Drop::kNone;
}

}  // namespace vfpool::reference
