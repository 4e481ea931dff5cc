// SPDX-License-Identifier: Apache-2.0
#include "record/timeline.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <istream>
#include <limits>
#include <nlohmann/json.hpp>
#include <ostream>
#include <regex>
#include <stdexcept>
#include <vector>

#include "record/pcapng.hpp"
#include "record/tlp_record.hpp"

namespace vfpool::record {
namespace {

using nlohmann::json;
using pcie::TlpKind;

// pcapng, draft-ietf-opsawg-pcapng: block types and the options that are of interest here.
constexpr std::uint32_t kSection = 0x0a0d0d0a, kInterface = 1, kPacket = 6, kByteOrder = 0x1a2b3c4d;
constexpr std::uint16_t kName = 2, kFlags = 2, kResolution = 9;
constexpr std::size_t kPacketAt = 20;  // in a packet's block: interface, time stamp and two lengths come first
// A block of our own writer is far below this; a length beyond it is no length.
constexpr std::uint32_t kMostBlock = 16U << 20;

// Slot Control and Slot Status in the configuration space of the bridge's ports (rtl/control/vfp_slot.sv).
constexpr unsigned kSlotRegister = 0x88;

constexpr std::int64_t kDay = 86'400'000'000'000;

std::uint32_t le32(std::span<const std::uint8_t> b, std::size_t at) {
  if (at + 4 > b.size()) throw std::runtime_error("a block that is too short");
  return b[at] | b[at + 1] << 8 | b[at + 2] << 16 | static_cast<std::uint32_t>(b[at + 3]) << 24;
}

std::uint16_t le16(std::span<const std::uint8_t> b, std::size_t at) {
  if (at + 2 > b.size()) throw std::runtime_error("a block that is too short");
  return static_cast<std::uint16_t>(b[at] | b[at + 1] << 8);
}

std::map<std::uint16_t, std::span<const std::uint8_t>> options(std::span<const std::uint8_t> b, std::size_t at) {
  std::map<std::uint16_t, std::span<const std::uint8_t>> found;
  while (at + 4 <= b.size()) {
    const std::uint16_t code = le16(b, at), size = le16(b, at + 2);
    if (code == 0) break;
    if (at + 4 + size > b.size()) throw std::runtime_error("an option longer than its block");
    found[code] = b.subspan(at + 4, size);
    at += 4 + (size + 3U) / 4 * 4;
  }
  return found;
}

// Nanoseconds since 1970, as far as 64 bits go.
std::int64_t time_of(std::uint64_t stamp, unsigned decimals) {
  std::uint64_t nanoseconds = 1;
  for (unsigned i = decimals; i < 9; ++i) nanoseconds *= 10;
  if (stamp > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()) / nanoseconds)
    throw std::runtime_error("a time after the year 2262");
  return static_cast<std::int64_t>(stamp * nanoseconds);
}

// Body of the next block; nothing at the end or in a block that is cut short.
std::optional<std::pair<std::uint32_t, std::vector<std::uint8_t>>> next_block(std::istream& in) {
  std::array<std::uint8_t, 8> head{};
  if (!in.read(reinterpret_cast<char*>(head.data()), head.size())) return std::nullopt;
  const std::uint32_t type = le32(head, 0), length = le32(head, 4);
  if (length < 12 || length % 4 != 0 || length > kMostBlock)
    throw std::runtime_error(fmt::format("a block of {} bytes: no pcapng record of this byte order", length));
  std::vector<std::uint8_t> rest(length - 8);
  if (!in.read(reinterpret_cast<char*>(rest.data()), static_cast<std::streamsize>(rest.size()))) return std::nullopt;
  if (le32(rest, rest.size() - 4) != length) throw std::runtime_error("a block whose two lengths differ");
  rest.resize(rest.size() - 4);
  return std::pair{type, std::move(rest)};
}

bool is_completion(TlpKind kind) { return kind >= TlpKind::kCpl && kind <= TlpKind::kCplDataLocked; }

bool is_posted(TlpKind kind) {
  return kind == TlpKind::kMemWrite || kind == TlpKind::kMsg || kind == TlpKind::kMsgData;
}

bool is_configuration(TlpKind kind) { return kind >= TlpKind::kCfgRead0 && kind <= TlpKind::kCfgWrite1; }

// Where x86 servers take message-signalled interrupts.
bool is_interrupt(const pcie::Tlp& tlp) {
  return tlp.kind() == TlpKind::kMemWrite && tlp.length_dw() == 1 && tlp.address() >> 20 == 0xfee;
}

std::string light(unsigned code) {
  constexpr std::array kNames{"?", "on", "blinking", "off"};
  return kNames.at(code & 3);
}

}  // namespace

Timeline::Timeline(std::ostream& out, Format format) : out_(out) {
  if (format == Format::kPerfetto)
    perfetto_.emplace(out_);
  else
    out_ << "{\"displayTimeUnit\":\"ns\",\"traceEvents\":[\n";
}

Timeline::~Timeline() { close(); }

void Timeline::close() {
  if (!open_) return;
  open_ = false;
  if (perfetto_) {
    out_ << std::flush;
    return;
  }
  // The true time of 0 on the axis.
  out_ << "\n],\"otherData\":{\"zero_ns\":\"" << zero_.value_or(0) << "\"}}\n" << std::flush;
}

void Timeline::emit(json event) {
  if (perfetto_) {
    ++events_;
    perfetto_->add(event, zero_.value_or(0));
    return;
  }
  out_ << (events_++ == 0 ? "" : ",\n") << event.dump(-1, ' ', true, json::error_handler_t::replace);
}

json Timeline::event(const char* phase, std::int64_t time, unsigned process, unsigned track, const std::string& name) {
  if (!zero_) zero_ = std::max<std::int64_t>(time / kDay - 1, 0) * kDay;
  return {{"ph", phase},
          {"ts", static_cast<double>(time - *zero_) / 1e3},
          {"pid", process},
          {"tid", track},
          {"name", name}};
}

unsigned Timeline::process(const std::string& name) {
  const auto [at, is_new] = processes_.try_emplace(name, static_cast<unsigned>(processes_.size() + 1));
  if (is_new) emit({{"ph", "M"}, {"pid", at->second}, {"name", "process_name"}, {"args", {{"name", name}}}});
  return at->second;
}

void Timeline::track(unsigned process, unsigned track, const std::string& name) {
  if (tracks_.try_emplace({process, track}, name).second)
    emit({{"ph", "M"}, {"pid", process}, {"tid", track}, {"name", "thread_name"}, {"args", {{"name", name}}}});
}

void Timeline::add_record(std::istream& in, const std::string& name) {
  std::vector<Interface> interfaces;
  std::uint64_t number = 0;
  bool section = false;
  try {
    while (const auto block = next_block(in)) {
      ++number;
      const std::span<const std::uint8_t> body = block->second;
      if (block->first == kSection) {
        if (le32(body, 0) != kByteOrder) throw std::runtime_error("no pcapng record of this byte order");
        section = true;
        interfaces.clear();
      } else if (!section) {
        throw std::runtime_error("no pcapng record: it does not begin with a section");
      } else if (block->first == kInterface) {
        const auto found = options(body, 8);
        const auto text = found.find(kName);
        const std::string label = text == found.end() ? fmt::format("interface {}", interfaces.size())
                                                      : std::string(text->second.begin(), text->second.end());
        Interface interface{.process = process(label), .link = le16(body, 0)};
        if (const auto r = found.find(kResolution); r != found.end() && !r->second.empty())
          interface.resolution = r->second[0];
        if (interface.resolution > 9) throw std::runtime_error("time stamps finer than nanoseconds");
        interfaces.push_back(interface);
      } else if (block->first == kPacket) {
        const std::uint32_t captured = le32(body, 12), id = le32(body, 0);
        if (id >= interfaces.size()) throw std::runtime_error(fmt::format("a packet of interface {}", id));
        if (body.size() < kPacketAt || captured > body.size() - kPacketAt)
          throw std::runtime_error("a packet longer than its block");
        const Interface& interface = interfaces[id];
        const auto stamp = static_cast<std::uint64_t>(le32(body, 4)) << 32 | le32(body, 8);
        const std::int64_t time = time_of(stamp, interface.resolution);
        const auto data = body.subspan(kPacketAt, captured);
        if (interface.link == static_cast<std::uint16_t>(LinkType::kUser0)) {
          tlp(interface, time, data);
        } else {
          const auto found = options(body, kPacketAt + (captured + 3) / 4 * 4);
          const auto flags = found.find(kFlags);
          const bool into = flags != found.end() && (le32(flags->second, 0) & 3) == 1;
          const unsigned where = into ? kToBridge : kFromBridge;
          track(interface.process, where, into ? "frames into the card" : "frames from the card");
          json e = event("i", time, interface.process, where, fmt::format("frame {} B", le32(body, 16)));
          e["s"] = "t";
          emit(std::move(e));
        }
      }
    }
  } catch (const std::runtime_error& error) {
    throw std::runtime_error(fmt::format("{}: block {}: {}", name, number, error.what()));
  }
  if (!section) throw std::runtime_error(name + ": no pcapng record: it is empty");
}

void Timeline::tlp(const Interface& interface, std::int64_t time, std::span<const std::uint8_t> bytes) {
  if (bytes.size() < TlpPseudoHeader::kSize || bytes[0] != TlpPseudoHeader::kVersion)
    throw std::runtime_error("a TLP behind an unknown pseudo header");
  const bool toward = bytes[2] != 0;
  std::uint64_t cycle = 0;
  for (unsigned i = 8; i < 16; ++i) cycle = cycle << 8 | bytes[i];
  const auto packet = pcie::from_bytes(bytes.subspan(TlpPseudoHeader::kSize));
  const unsigned process = interface.process;
  const unsigned where = toward ? kToBridge : kFromBridge;
  track(process, where, toward ? "TLPs toward the bridge" : "TLPs from the bridge");
  if (!packet) {
    json e = event("i", time, process, where, "malformed TLP");
    e["s"] = "t";
    emit(std::move(e));
  } else if (is_completion(packet->kind())) {
    completion(process, time, toward, *packet, cycle);
  } else {
    request(process, time, toward, *packet, cycle);
  }
}

void Timeline::request(unsigned process, std::int64_t time, bool toward, const pcie::Tlp& tlp, std::uint64_t cycle) {
  const bool configuration = is_configuration(tlp.kind());
  const bool slot = configuration && toward && tlp.cfg_register() == kSlotRegister;
  if (slot && tlp.has_data()) slot_control(process, time, tlp);
  const std::string text = tlp.str();
  if (is_posted(tlp.kind())) {
    unsigned where = toward ? kToBridge : kFromBridge;
    if (is_interrupt(tlp)) {
      where = kInterrupts;
      track(process, where, "interrupts (MSI, MSI-X)");
    }
    json e = event("i", time, process, where, where == kInterrupts ? "interrupt of " + tlp.requester().str() : text);
    e["s"] = "t";
    e["args"] = {{"tlp", text}, {"cycle", cycle}, {"direction", toward ? "toward the bridge" : "from the bridge"}};
    emit(std::move(e));
    return;
  }
  const std::string id = fmt::format("r{}", ++requests_);
  // An unanswered one with the same tag gives way; it stays open on the axis.
  waiting_[{process, tlp.requester().raw, tlp.tag(), toward}] = {
      .id = id, .name = text, .slot = slot && !tlp.has_data() ? std::optional(tlp.cfg_target()) : std::nullopt};
  json e = event("b", time, process, toward ? kToBridge : kFromBridge, text);
  e["cat"] = "tlp";
  e["id"] = id;
  e["args"] = {{"cycle", cycle}};
  emit(std::move(e));
}

void Timeline::completion(unsigned process, std::int64_t time, bool toward, const pcie::Tlp& tlp, std::uint64_t cycle) {
  const auto found = waiting_.find({process, tlp.requester().raw, tlp.tag(), !toward});
  if (found == waiting_.end()) {
    json e = event("i", time, process, toward ? kToBridge : kFromBridge, "unasked: " + tlp.str());
    e["s"] = "t";
    emit(std::move(e));
    return;
  }
  const Request request = found->second;
  if (request.slot && tlp.data.size() >= 4 && tlp.status() == pcie::CplStatus::kSuccess)
    slot_status(process, time, *request.slot, static_cast<std::uint16_t>(tlp.data[2] | tlp.data[3] << 8));
  // Of a read that is answered in parts the last one has no more bytes to come than it brings.
  const bool last = !tlp.has_data() || tlp.byte_count() + (tlp.lower_address() & 3) <= tlp.data.size();
  json e = event(last ? "e" : "n", time, process, toward ? kToBridge : kFromBridge, request.name);
  e["cat"] = "tlp";
  e["id"] = request.id;
  e["args"] = {{"completion", tlp.str()}, {"cycle", cycle}};
  emit(std::move(e));
  if (last) waiting_.erase(found);
}

void Timeline::slot_control(unsigned process, std::int64_t time, const pcie::Tlp& tlp) {
  if (tlp.data.size() < 4 || (tlp.first_be() & 3) == 0) return;
  const auto value = static_cast<std::uint16_t>(tlp.data[0] | tlp.data[1] << 8);
  const auto [at, is_new] = control_.try_emplace({process, tlp.cfg_target().raw}, value);
  // PCIe Base Spec 2.1, 7.8.10: attention and power indicators, power controller. Enables of interrupts are no event.
  constexpr std::uint16_t kShown = 0x07c0;
  if (!is_new && ((at->second ^ value) & kShown) == 0) return;
  at->second = value;
  track(process, kSlots, "slots");
  json e = event("i", time, process, kSlots,
                 fmt::format("slot at {}: power {}, power light {}, attention light {}", tlp.cfg_target().str(),
                             (value & 0x400) != 0 ? "off" : "on", light(value >> 8), light(value >> 6)));
  e["s"] = "p";
  emit(std::move(e));
}

void Timeline::slot_status(unsigned process, std::int64_t time, pcie::Bdf port, std::uint16_t status) {
  std::uint16_t& last = status_[{process, port.raw}];
  // 7.8.11: what has happened (button, presence, link) and whether something is there.
  constexpr std::uint16_t kShown = 0x0149;
  const std::uint16_t changed = (last ^ status) & kShown;
  last = status;
  if (changed == 0) return;
  std::string text;
  if ((changed & status & 1) != 0) text += ", button pressed";
  if ((changed & status & 8) != 0) text += ", presence changed";
  if ((changed & status & 0x100) != 0) text += ", link changed";
  if ((changed & 0x40) != 0) text += (status & 0x40) != 0 ? ", occupied" : ", empty";
  if (text.empty()) return;  // events acknowledged
  track(process, kSlots, "slots");
  json e = event("i", time, process, kSlots, fmt::format("slot at {}{}", port.str(), text));
  e["s"] = "p";
  emit(std::move(e));
}

std::uint64_t Timeline::add_guest(std::istream& in, const std::string& guest, std::int64_t offset) {
  const unsigned p = process(guest + " (kernel)");
  std::uint64_t found = 0;
  for (std::string line; std::getline(in, line);) guest_line(p, offset, line, found);
  return found;
}

void Timeline::guest_line(unsigned process, std::int64_t offset, std::string_view line, std::uint64_t& found) {
  // "  <idle>-0  [001] ..s2.  1700000000.123456: airvf_moderate: eth0 vector 0 air: ..., wanted 12000, steps 41 -> 40
  // (needed)"
  static const std::regex kLine(
      R"(^.{0,40}-\d+\s+(?:\([^)]*\)\s+)?\[(\d{1,6})\]\s+\S+\s+(\d{1,10})\.(\d{6}): (\w+): ?(.*)$)");
  static const std::regex kDecision(
      R"(^(\S+) vector (\d{1,4}) (\w+): \d+ ns \d+ packets .*)"
      R"(ceiling (\d{1,20}) needed \d+ wanted (\d{1,20}), steps (\d+) -> (\d+) \((\w+)\)$)");
  std::match_results<std::string_view::const_iterator> m, d;
  // Lines of tracefs are short; a longer one is none.
  if (line.size() > 1000 || !std::regex_match(line.begin(), line.end(), m, kLine)) return;
  const std::int64_t traced = time_of(std::stoull(m.str(2) + m.str(3)), 6);
  std::int64_t time = 0;
  if (__builtin_add_overflow(traced, offset, &time) || time < 0)
    throw std::runtime_error(
        fmt::format("an event at {}.{} with {} ns: before 1970 or after 2262", m.str(2), m.str(3), offset));
  const std::string name = m.str(4), text = m.str(5);
  ++found;
  const std::string_view rest(line.data() + m.position(5), static_cast<std::size_t>(m.length(5)));
  if (name == "airvf_moderate" && std::regex_match(rest.begin(), rest.end(), d, kDecision)) {
    track(process, kDecisions, "decisions of airvf");
    json e = event("i", time, process, kDecisions,
                   fmt::format("{} vector {}: {} ({} -> {} steps)", d.str(1), d.str(2), d.str(8), d.str(6), d.str(7)));
    e["s"] = "t";
    e["args"] = {{"text", text}};
    emit(std::move(e));
    json rates = event("C", time, process, 0, fmt::format("{} vector {}: interrupts/s", d.str(1), d.str(2)));
    rates["args"] = {{"wanted", std::stod(d.str(5))}, {"ceiling", std::stod(d.str(4))}};
    emit(std::move(rates));
    return;
  }
  const unsigned where = kCpus + static_cast<unsigned>(std::stoul(m.str(1)));
  track(process, where, "CPU " + std::to_string(std::stoul(m.str(1))));
  json e = event("i", time, process, where, name);
  e["s"] = "t";
  e["args"] = {{"text", text}};
  emit(std::move(e));
}

}  // namespace vfpool::record
