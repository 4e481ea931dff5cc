// SPDX-License-Identifier: Apache-2.0
#include "app/request.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace vfpool::app {
namespace {

// Nothing when it is missing and need not be there.
const nlohmann::json* value(const nlohmann::json& request, const char* key, bool needed) {
  if (const auto it = request.find(key); it != request.end()) return &*it;
  if (needed) throw ControlError(fmt::format("\"{}\" is missing", key));
  return nullptr;
}

bool within(const nlohmann::json& v, unsigned least, unsigned most) {
  return v.is_number_integer() && v.get<std::int64_t>() >= least && v.get<std::int64_t>() <= most;
}

}  // namespace

unsigned number_of(const nlohmann::json& request, const char* key, unsigned least, unsigned most,
                   std::optional<unsigned> otherwise) {
  const auto* v = value(request, key, !otherwise);
  if (v == nullptr) return *otherwise;
  if (!within(*v, least, most))
    throw ControlError(fmt::format("\"{}\" must be a number from {} to {}", key, least, most));
  return v->get<unsigned>();
}

std::vector<unsigned> numbers_of(const nlohmann::json& request, const char* key, unsigned least, unsigned most) {
  const auto* v = value(request, key, true);
  if (!v->is_array() || !std::all_of(v->begin(), v->end(), [&](const auto& n) { return within(n, least, most); }))
    throw ControlError(fmt::format("\"{}\" must be a list of numbers from {} to {}", key, least, most));
  return v->get<std::vector<unsigned>>();
}

bool flag_of(const nlohmann::json& request, const char* key) {
  const auto* v = value(request, key, true);
  if (!v->is_boolean()) throw ControlError(fmt::format("\"{}\" must be true or false", key));
  return v->get<bool>();
}

std::string text_of(const nlohmann::json& request, const char* key, std::optional<std::string> otherwise) {
  const auto* v = value(request, key, !otherwise);
  if (v == nullptr) return *otherwise;
  if (!v->is_string()) throw ControlError(fmt::format("\"{}\" must be a text", key));
  return v->get<std::string>();
}

nlohmann::json reply_of(const std::function<nlohmann::json()>& carry_out) {
  try {
    nlohmann::json reply = carry_out();
    if (!reply.is_object()) reply = nlohmann::json::object();
    reply["ok"] = true;
    return reply;
  } catch (const std::exception& e) {
    return {{"ok", false}, {"error", e.what()}};
  }
}

}  // namespace vfpool::app
