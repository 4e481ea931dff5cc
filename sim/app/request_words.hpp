// SPDX-License-Identifier: Apache-2.0
// Control requests as people and scripts write them: OP KEY=VALUE...
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace vfpool::app {

/// The JSON value that `text` is. Throws std::invalid_argument for anything else, and for a value that is nested deeper
/// than any request: whoever copies or prints it would run out of stack.
nlohmann::json request_value(std::string_view text);

/// {"assign", "user=user1", "vf=3"} is {"op": "assign", "user": "user1", "vf": 3}. A value that is JSON (a number,
/// true, false, a list, a quoted string) is that, any other is a string. Throws std::invalid_argument for a word
/// without "=", a key that is empty or comes twice, a list that is nested too deep, and for no words at all.
nlohmann::json request_of_words(const std::vector<std::string>& words);

/// The same of a line whose words are parted by blanks.
nlohmann::json request_of_line(std::string_view line);

}  // namespace vfpool::app
