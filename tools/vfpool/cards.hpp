// SPDX-License-Identifier: Apache-2.0
// The cards of the pool, and how their VFs are named: by one number in the whole pool (vfpool_ioctl.h), which programs
// use, and for people by the VF's own number, behind the card's but for the first one.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "pool.hpp"

namespace vfpool::tools {

/// "5", or "1.5" for VF 5 of card 1.
std::string vf_text(unsigned vf);

/// A VF that somebody has named, which may be none.
struct NamedVf {
  unsigned card, number;
  unsigned vf() const { return card * VFPOOL_CARD_VFS + number; }
  /// There could be such a VF behind some bridge.
  bool possible() const { return card < VFPOOL_CARDS && number < VFPOOL_CARD_VFS && vf() != VFPOOL_ANY; }
};
/// Reads "5", "0.5", "1.5", and "69", which is "1.5" as a number in the pool. Empty: it is something else.
std::optional<NamedVf> vf_named(const std::string& text);

/// How many the bridge has.
unsigned card_count(const vfpool_info& info);
/// All of them, in their order. Owner only.
std::vector<vfpool_card_info> cards(Pool& pool, const vfpool_info& info);
/// The VFs that they offer now, in the order of their numbers in the pool.
std::vector<unsigned> offered(const std::vector<vfpool_card_info>& cards);
bool offers(const std::vector<vfpool_card_info>& cards, const NamedVf& vf);
/// Why there is no such VF.
std::string why_not_offered(const std::vector<vfpool_card_info>& cards, const NamedVf& vf);
/// "the card" where there is one, else "card 1".
std::string card_text(unsigned card, std::size_t cards);

}  // namespace vfpool::tools
