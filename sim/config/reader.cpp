// SPDX-License-Identifier: Apache-2.0
#include "config/reader.hpp"

#include <fmt/format.h>

namespace vfpool::config {

Reader Reader::open(const std::filesystem::path& file) {
  try {
    auto root = std::make_shared<const toml::table>(toml::parse_file(file.string()));
    const toml::table& table = *root;
    return {std::move(root), table, file.string(), ""};
  } catch (const toml::parse_error& e) {
    throw ConfigError(fmt::format("{}:{}: {}", file.string(), e.source().begin.line, e.description()));
  }
}

std::string Reader::error(const std::string& what, const std::string& key) const {
  const toml::node* at = key.empty() ? nullptr : table_->get(key);
  const auto line = (at != nullptr ? at->source() : table_->source()).begin.line;
  return fmt::format("{}:{}: {}{}{}{}{}", file_, line, place_, place_.empty() ? "" : ": ", key, key.empty() ? "" : " ",
                     what);
}

const toml::node* Reader::node(const std::string& key) {
  known_.insert(key);
  return table_->get(key);
}

std::string Reader::text(const std::string& key, const std::string& otherwise) {
  const toml::node* n = node(key);
  if (n == nullptr) return otherwise;
  if (!n->is_string() || n->as_string()->get().empty()) fail("must be a non-empty string", key);
  return n->as_string()->get();
}

unsigned Reader::checked(const toml::node& n, const std::string& key, unsigned least, unsigned most) const {
  const auto v = n.value_exact<std::int64_t>();
  if (!v || *v < least || *v > most) fail(fmt::format("must be a number from {} to {}", least, most), key);
  return static_cast<unsigned>(*v);
}

unsigned Reader::number(const std::string& key, unsigned otherwise, unsigned least, unsigned most) {
  const toml::node* n = node(key);
  return n == nullptr ? otherwise : checked(*n, key, least, most);
}

bool Reader::flag(const std::string& key, bool otherwise) {
  const toml::node* n = node(key);
  if (n == nullptr) return otherwise;
  if (!n->is_boolean()) fail("must be true or false", key);
  return n->as_boolean()->get();
}

std::vector<std::string> Reader::texts(const std::string& key, std::vector<std::string> otherwise) {
  const toml::node* n = node(key);
  if (n == nullptr) return otherwise;
  if (!n->is_array()) fail("must be a list of strings", key);
  std::vector<std::string> out;
  for (const toml::node& item : *n->as_array()) {
    if (!item.is_string()) fail("must be a list of strings", key);
    out.push_back(item.as_string()->get());
  }
  return out;
}

std::vector<unsigned> Reader::numbers(const std::string& key, unsigned least, unsigned most) {
  const toml::node* n = node(key);
  if (n == nullptr) return {};
  if (!n->is_array()) fail("must be a list of numbers", key);
  std::vector<unsigned> out;
  for (const toml::node& item : *n->as_array()) out.push_back(checked(item, key, least, most));
  return out;
}

Reader Reader::inner(const toml::table& table, const std::string& name) const {
  return {root_, table, file_, place_.empty() ? name : place_ + ": " + name};
}

std::optional<Reader> Reader::table(const std::string& key) {
  const toml::node* n = node(key);
  if (n == nullptr) return std::nullopt;
  if (!n->is_table()) fail("must be a table", key);
  return inner(*n->as_table(), key);
}

std::vector<Reader> Reader::tables(const std::string& key, const std::string& of_each) {
  const toml::node* n = node(key);
  if (n == nullptr) return {};
  if (!n->is_array()) fail("must be a list of tables", key);
  std::vector<Reader> out;
  for (const toml::node& item : *n->as_array()) {
    if (!item.is_table()) fail("must be a list of tables", key);
    out.push_back(inner(*item.as_table(), fmt::format("{} {}", of_each, out.size() + 1)));
  }
  return out;
}

void Reader::done() const {
  for (const auto& [key, value] : *table_)
    if (!known_.contains(std::string(key.str()))) fail("is not known here", std::string(key.str()));
}

}  // namespace vfpool::config
