// SPDX-License-Identifier: Apache-2.0
#include "cards.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace vfpool::tools {
namespace {

/// Up to four digits; empty: it is something else.
std::optional<unsigned> small_number(const std::string& text) {
  if (text.empty() || text.size() > 4 || text.find_first_not_of("0123456789") != std::string::npos) return {};
  return static_cast<unsigned>(std::stoul(text));
}

}  // namespace

std::string vf_text(unsigned vf) {
  const unsigned card = vf / VFPOOL_CARD_VFS, number = vf % VFPOOL_CARD_VFS;
  return card == 0 ? fmt::format("{}", number) : fmt::format("{}.{}", card, number);
}

std::optional<NamedVf> vf_named(const std::string& text) {
  if (const auto dot = text.find('.'); dot != std::string::npos) {
    const auto card = small_number(text.substr(0, dot)), number = small_number(text.substr(dot + 1));
    if (!card || !number) return {};
    return NamedVf{*card, *number};
  }
  const auto vf = small_number(text);
  if (!vf) return {};
  return NamedVf{*vf / VFPOOL_CARD_VFS, *vf % VFPOOL_CARD_VFS};
}

unsigned card_count(const vfpool_info& info) { return std::max<unsigned>(info.cards, 1); }

std::vector<vfpool_card_info> cards(Pool& pool, const vfpool_info& info) {
  std::vector<vfpool_card_info> out;
  // A driver from before there were several tells of the first one here.
  if (info.cards == 0) {
    vfpool_card_info only{};
    only.port = static_cast<__u8>(info.users + 1);
    only.link = 1;
    only.sriov = info.sriov;
    only.vfs = info.vfs;
    out.push_back(only);
  }
  for (unsigned n = 0; n < info.cards; ++n) out.push_back(pool.card(n));
  return out;
}

std::vector<unsigned> offered(const std::vector<vfpool_card_info>& cards) {
  std::vector<unsigned> out;
  for (const auto& card : cards)
    for (unsigned n = 0; n < card.vfs; ++n) out.push_back(NamedVf{card.card, n}.vf());
  return out;
}

bool offers(const std::vector<vfpool_card_info>& cards, const NamedVf& vf) {
  return vf.card < cards.size() && vf.number < cards[vf.card].vfs;
}

std::string why_not_offered(const std::vector<vfpool_card_info>& cards, const NamedVf& vf) {
  if (cards.size() > 1 && vf.card >= cards.size()) return fmt::format("the bridge has {} cards", cards.size());
  const unsigned card = cards.size() > 1 ? vf.card : 0;
  return fmt::format("{} offers {}", card_text(card, cards.size()), cards.at(card).vfs);
}

std::string card_text(unsigned card, std::size_t cards) {
  return cards == 1 ? "the card" : fmt::format("card {}", card);
}

}  // namespace vfpool::tools
