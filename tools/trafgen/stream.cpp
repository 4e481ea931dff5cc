// SPDX-License-Identifier: Apache-2.0
#include "stream.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>
#include <numeric>
#include <set>
#include <stdexcept>
#include <string_view>

#include "config/reader.hpp"
#include "config/topology.hpp"
#include "frame.hpp"

namespace vfpool::trafgen {
namespace {

// Each has some hundred kilobytes of memory, and more when it is long.
constexpr std::size_t kMostStreams = 1'024;
// The most frames before the sizes of a mix repeat.
constexpr std::size_t kMostCycle = 10'000;

std::optional<unsigned> number(std::string_view text) {
  unsigned value = 0;
  const auto [rest, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || rest != text.data() + text.size()) return std::nullopt;
  return value;
}

unsigned size_of(std::string_view text, const std::string& all) {
  const auto size = number(text);
  if (!size || *size < Stream::kLeastFrame || *size > Stream::kMostFrame)
    throw std::invalid_argument(fmt::format("\"{}\": \"{}\" is no frame size from {} to {}", all, text,
                                            Stream::kLeastFrame, Stream::kMostFrame));
  return *size;
}

struct Part {
  unsigned size, weight;
};

// Each size as often as its weight says, spread evenly: at each place the one that is furthest behind its share.
std::vector<unsigned> spread(const std::vector<Part>& parts) {
  std::size_t all = 0;
  for (const Part& p : parts) all += p.weight;
  std::vector<std::size_t> given(parts.size());
  std::vector<unsigned> cycle;
  while (cycle.size() < all) {
    std::size_t best = 0;
    std::int64_t most = INT64_MIN;
    for (std::size_t i = 0; i < parts.size(); ++i) {
      const auto behind = static_cast<std::int64_t>((cycle.size() + 1) * parts[i].weight - given[i] * all);
      if (behind > most) most = behind, best = i;
    }
    ++given[best];
    cycle.push_back(parts[best].size);
  }
  return cycle;
}

std::vector<unsigned> parse_mix(const std::string& text) {
  std::vector<Part> parts;
  std::size_t all = 0;
  for (std::size_t at = 0; at <= text.size();) {
    const std::size_t end = std::min(text.find(',', at), text.size());
    const std::string_view part = std::string_view(text).substr(at, end - at);
    const std::size_t colon = std::min(part.find(':'), part.size());
    const auto weight = colon < part.size() ? number(part.substr(colon + 1)) : std::nullopt;
    if (!weight || *weight == 0 || *weight > kMostCycle)
      throw std::invalid_argument(fmt::format("\"{}\": \"{}\" is no SIZE:WEIGHT", text, part));
    parts.push_back({size_of(part.substr(0, colon), text), *weight});
    all += *weight;
    at = end + 1;
  }
  if (all > kMostCycle) throw std::invalid_argument(fmt::format("\"{}\": weights above {} in all", text, kMostCycle));
  return spread(parts);
}

End read_end(config::Reader r, End end) {
  if (r.has("mac")) {
    const auto mac = config::mac_address(r.text("mac", ""));
    if (!mac) r.fail("is no MAC address", "mac");
    end.mac = *mac;
  }
  if (r.has("ip")) {
    in_addr address{};
    if (inet_pton(AF_INET, r.text("ip", "").c_str(), &address) != 1) r.fail("is no IPv4 address", "ip");
    end.ip = ntohl(address.s_addr);
  }
  end.port = static_cast<std::uint16_t>(r.number("port", end.port, 0, 65'535));
  r.done();
  return end;
}

Stream read_stream(config::Reader& r, double link_bits, std::size_t n) {
  Stream s;
  // What the parsers refuse gets its place in the file.
  const auto at = [&r](const std::string& key, const auto& parse) {
    try {
      return parse(r.text(key, ""));
    } catch (const std::invalid_argument& e) {
      r.fail(e.what(), key);
    }
  };
  s.name = r.text("name", fmt::format("stream{}", n));
  if (r.has("size")) s.sizes = at("size", parse_sizes);
  if (r.has("rate")) s.rate = at("rate", parse_rate);
  s.flows = r.number("flows", s.flows, 1, 65'536);
  s.burst = r.number("burst", s.burst, 1, 65'536);
  s.protocol = r.choice<Protocol>("protocol", {{"udp", Protocol::kUdp}, {"tcp", Protocol::kTcp}}, s.protocol);
  if (r.has("vlan")) s.vlan = r.number("vlan", 0, 0, 4'094);
  if (s.vlan) s.priority = r.number("priority", 0, 0, 7);
  if (auto end = r.table("source")) s.source = read_end(*end, s.source);
  if (auto end = r.table("destination")) s.destination = read_end(*end, s.destination);
  r.done();
  try {
    check(s, link_bits);
  } catch (const std::invalid_argument& e) {
    r.fail(e.what());
  }
  return s;
}

}  // namespace

double Stream::mean_size() const {
  return std::accumulate(sizes.begin(), sizes.end(), 0.0) / static_cast<double>(sizes.size());
}

std::vector<unsigned> parse_sizes(const std::string& text) {
  if (text == "imix") return spread({{64, 7}, {570, 4}, {1518, 1}});
  if (text.find(':') != std::string::npos) return parse_mix(text);
  const std::size_t dash = text.find('-');
  if (dash == std::string::npos) return {size_of(text, text)};
  const std::size_t slash = std::min(text.find('/'), text.size());
  if (slash < dash) throw std::invalid_argument(fmt::format("\"{}\" is no FROM-TO/STEP", text));
  const unsigned from = size_of(std::string_view(text).substr(0, dash), text);
  const unsigned to = size_of(std::string_view(text).substr(dash + 1, slash - dash - 1), text);
  const auto step = slash < text.size() ? number(std::string_view(text).substr(slash + 1)) : 1;
  if (!step || *step == 0 || from > to) throw std::invalid_argument(fmt::format("\"{}\" is no FROM-TO/STEP", text));
  std::vector<unsigned> sizes;
  for (unsigned size = from; size <= to; size += *step) sizes.push_back(size);
  return sizes;
}

void check(const Stream& s, double link_bits) {
  const unsigned least = FrameMaker::least_size(s);
  for (const unsigned size : s.sizes)
    if (size < least)
      throw std::invalid_argument(
          fmt::format("{}: frames of {} bytes do not hold headers and stamp, which need {}", s.name, size, least));
  if (s.source.port + s.flows - 1 > 65'535)
    throw std::invalid_argument(
        fmt::format("{}: {} flows from source port {} go past port 65535", s.name, s.flows, s.source.port));
  const double wanted = frames_per_second(s.rate, s.mean_size(), link_bits);
  const double most = line_rate(link_bits, s.mean_size());
  // A share of 100 % may round to a little more.
  if (wanted > most * (1 + 1e-9))
    throw std::invalid_argument(
        fmt::format("{}: {:.6g} frames a second of {:.6g} bytes are more than the link carries, "
                    "{:.6g}",
                    s.name, wanted, s.mean_size(), most));
}

void check(const std::vector<Stream>& streams, double link_bits) {
  if (streams.empty()) throw std::invalid_argument("no stream");
  double used = 0;
  for (const Stream& s : streams) {
    check(s, link_bits);
    if (s.rate.unit == Rate::Unit::kMax) continue;  // takes what is left
    used += frames_per_second(s.rate, s.mean_size(), link_bits) / line_rate(link_bits, s.mean_size());
  }
  if (used > 1 + 1e-9)
    throw std::invalid_argument(fmt::format("the streams together want {:.4g} % of the link", used * 100));
}

std::vector<Stream> read_streams(const std::filesystem::path& file, double link_bits) {
  config::Reader top = config::Reader::open(file);
  std::vector<Stream> streams;
  std::set<std::string> names;
  for (config::Reader& r : top.tables("stream", "stream")) {
    if (streams.size() == kMostStreams) top.fail(fmt::format("are more than {}", kMostStreams), "stream");
    streams.push_back(read_stream(r, link_bits, streams.size() + 1));
    if (!names.insert(streams.back().name).second)
      r.fail(fmt::format("two streams are named \"{}\"", streams.back().name));
  }
  top.done();
  try {
    check(streams, link_bits);
  } catch (const std::invalid_argument& e) {
    top.fail(e.what());
  }
  return streams;
}

}  // namespace vfpool::trafgen
