// SPDX-License-Identifier: Apache-2.0
#include "lab/agent/message.hpp"

#include <cstdint>
#include <vector>

namespace vfpool::lab {
namespace {

using nlohmann::json;

constexpr std::size_t kHeader = 4;

// True for one well-formed CBOR item of known lengths, no deeper than allowed. The library's reader recurses, one level
// of the stack for each of the item, so the depth has to be known before.
bool acceptable(std::string_view bytes) {
  std::size_t at = 0;
  std::vector<std::uint64_t> wanted{1};  // items that each open list or object still wants
  while (!wanted.empty()) {
    if (wanted.back() == 0) {
      wanted.pop_back();
      continue;
    }
    --wanted.back();
    if (at == bytes.size()) return false;
    const auto first = static_cast<std::uint8_t>(bytes[at++]);
    const unsigned major = first >> 5, info = first & 31;
    std::uint64_t argument = info;
    if (info > 27) return false;
    if (info >= 24) {
      const std::size_t n = std::size_t{1} << (info - 24);
      if (bytes.size() - at < n) return false;
      argument = 0;
      for (std::size_t i = 0; i < n; ++i) argument = argument << 8 | static_cast<std::uint8_t>(bytes[at++]);
    }
    const std::size_t left = bytes.size() - at;
    switch (major) {
      case 0:
      case 1: break;
      case 2:
      case 3:
        if (argument > left) return false;
        at += argument;
        break;
      case 4:
      case 5:
        if (argument > left || wanted.size() > kMostMessageDepth) return false;
        wanted.push_back(major == 4 ? argument : 2 * argument);
        break;
      case 7:
        if (info < 20 || info == 23 || info == 24) return false;
        break;
      default: return false;
    }
  }
  return at == bytes.size();
}

}  // namespace

std::string encode_message(const json& value) {
  std::string out(kHeader, '\0');
  json::to_cbor(value, out);
  const std::size_t size = out.size() - kHeader;
  if (size > kMostMessageBytes) throw std::length_error("a message of more than 64 MiB");
  for (std::size_t i = 0; i < kHeader; ++i) out[i] = static_cast<char>(size >> 8 * (kHeader - 1 - i));
  return out;
}

std::optional<json> take_message(std::string& in) {
  if (in.size() < kHeader) return std::nullopt;
  std::size_t size = 0;
  for (std::size_t i = 0; i < kHeader; ++i) size = size << 8 | static_cast<std::uint8_t>(in[i]);
  if (size > kMostMessageBytes) {
    in.clear();
    throw BadMessage("a message of more than 64 MiB, or none at all");
  }
  if (in.size() - kHeader < size) return std::nullopt;
  const std::string_view body = std::string_view(in).substr(kHeader, size);
  json value(json::value_t::discarded);
  if (acceptable(body)) value = json::from_cbor(body.begin(), body.end(), true, false);
  if (value.is_discarded()) {
    in.clear();
    throw BadMessage("a message that is no CBOR, or too deep");
  }
  in.erase(0, kHeader + size);
  return value;
}

json to_json(std::string_view bytes) { return json::binary({bytes.begin(), bytes.end()}); }

std::string to_bytes(const json& value) {
  if (value.is_null()) return {};
  if (value.is_string()) return value.get<std::string>();
  if (!value.is_binary()) throw std::invalid_argument("neither text nor bytes");
  const auto& bytes = value.get_binary();
  return {bytes.begin(), bytes.end()};
}

}  // namespace vfpool::lab
