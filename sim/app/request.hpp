// SPDX-License-Identifier: Apache-2.0
// Control requests on the side of the simulator: their fields, checked, and the form of their answers.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

namespace vfpool::app {

/// A request of the control socket that cannot be carried out; the text says why.
class ControlError : public std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Each throws ControlError for a value of another kind, and for a missing one unless there is another to take.

unsigned number_of(const nlohmann::json& request, const char* key, unsigned least, unsigned most,
                   std::optional<unsigned> otherwise = {});
std::vector<unsigned> numbers_of(const nlohmann::json& request, const char* key, unsigned least, unsigned most);
bool flag_of(const nlohmann::json& request, const char* key);
std::string text_of(const nlohmann::json& request, const char* key, std::optional<std::string> otherwise = {});

/// What `carry_out` returns with "ok": true, or "ok": false and as "error" what it throws.
nlohmann::json reply_of(const std::function<nlohmann::json()>& carry_out);

}  // namespace vfpool::app
