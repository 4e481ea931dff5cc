// SPDX-License-Identifier: Apache-2.0
// Reads a TOML file key by key, so that what is wrong or left over is refused with file, line and place:
//   pool.toml:12: server 2: assign 1: slot must be a number from 0 to 3
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <toml++/toml.hpp>
#include <utility>
#include <vector>

#include "config/error.hpp"

namespace vfpool::config {

/// One table of the file. Every call that takes a key throws ConfigError for a value of another kind or range, and
/// counts the key as known; done() refuses all others.
class Reader {
 public:
  /// The file's outermost table. Throws ConfigError when it is missing or no TOML.
  static Reader open(const std::filesystem::path& file);

  bool has(const std::string& key) const { return table_->contains(key); }
  /// Strings are not empty.
  std::string text(const std::string& key, const std::string& otherwise);
  unsigned number(const std::string& key, unsigned otherwise, unsigned least, unsigned most);
  bool flag(const std::string& key, bool otherwise);
  std::vector<std::string> texts(const std::string& key, std::vector<std::string> otherwise = {});
  std::vector<unsigned> numbers(const std::string& key, unsigned least, unsigned most);
  template <class E>
  E choice(const std::string& key, const std::vector<std::pair<std::string, E>>& values, E otherwise) {
    if (!has(key)) return otherwise;
    const std::string given = text(key, "");
    std::string names;
    for (const auto& [name, value] : values) {
      if (name == given) return value;
      names += (names.empty() ? "" : ", ") + name;
    }
    fail("\"" + given + "\" is none of " + names, key);
  }
  std::optional<Reader> table(const std::string& key);
  /// [[key]] or key = [ {...}, ... ]; none when it is missing. `of_each`: what one of them is called in messages.
  std::vector<Reader> tables(const std::string& key, const std::string& of_each);

  /// Refuses keys that nobody asked for.
  void done() const;

  /// Refuses the value of `key`, or the whole table.
  [[noreturn]] void fail(const std::string& what, const std::string& key = {}) const {
    throw ConfigError(error(what, key));
  }
  /// The text of that.
  std::string error(const std::string& what, const std::string& key = {}) const;

 private:
  Reader(std::shared_ptr<const toml::table> root, const toml::table& table, std::string file, std::string place)
      : root_(std::move(root)), table_(&table), file_(std::move(file)), place_(std::move(place)) {}
  const toml::node* node(const std::string& key);
  Reader inner(const toml::table& table, const std::string& name) const;
  unsigned checked(const toml::node& node, const std::string& key, unsigned least, unsigned most) const;

  std::shared_ptr<const toml::table> root_;  // keeps table_ alive
  const toml::table* table_;
  std::string file_;
  std::string place_;
  std::set<std::string> known_;
};

}  // namespace vfpool::config
