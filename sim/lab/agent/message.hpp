// SPDX-License-Identifier: Apache-2.0
// How the lab's programs talk over byte streams: a message is a JSON value as CBOR (RFC 8949) behind its length, four
// bytes, most significant first. Bytes that are no text travel as CBOR byte strings. Used on both sides of the agent's
// port and of lab.sock.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace vfpool::lab {

/// What came is no message, and where the next one begins is unknown.
class BadMessage : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

inline constexpr std::size_t kMostMessageBytes = 64U << 20;
inline constexpr std::size_t kMostMessageDepth = 16;  ///< objects and lists in each other

/// Throws std::length_error for more than kMostMessageBytes.
std::string encode_message(const nlohmann::json& value);

/// Takes the first message off `in`; nothing while its end has not come. Throws BadMessage, and `in` is then empty.
std::optional<nlohmann::json> take_message(std::string& in);

/// As a CBOR byte string.
nlohmann::json to_json(std::string_view bytes);
/// A byte string or a text; "" for null. Throws std::invalid_argument for anything else.
std::string to_bytes(const nlohmann::json& value);

}  // namespace vfpool::lab
