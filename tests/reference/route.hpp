// SPDX-License-Identifier: Apache-2.0
// Where one request goes, in one state of the pool: the rules of docs/bridge.md, "Rules that hold whatever anyone
// sends" and "Configuration space". Completions are not here: they belong to what was asked (tags.hpp).
#pragma once

#include "config.hpp"
#include "format.hpp"
#include "state.hpp"

namespace vfpool::reference {

/// What becomes of a request.
struct Outcome {
  enum class Kind {
    kForward,  ///< leaves by `port` as `packet`
    kAnswer,   ///< the bridge answers with success
    kTake,     ///< posted, and for the bridge itself
    kLost,     ///< gone with the link of who sent it or was to get it
    kRefuse,   ///< counted under one of `reasons`; answered with Unsupported Request if it waits for an answer
  };
  static constexpr unsigned kNoPort = ~0U;

  Kind kind = Kind::kRefuse;
  unsigned port = 0;          ///< of kLost: whose link was lost; kNoPort if that is not why, or not sure
  Tlp packet{};               ///< tag undefined, for the bridge gives its own
  bool own_id = false;        ///< under the bridge's own requester ID
  bool data_free = false;     ///< which bits of the payload go on is not said
  std::uint32_t reasons = 0;  ///< bits by Drop
  bool uncounted = false;     ///< a refusal that DROPS need not show
  bool silent = false;        ///< a refusal without completion, as of what is malformed (2.3)
  Seen data{};                ///< of an answer with data

  std::optional<Drop> only_reason() const;
  bool leaves_by(unsigned by) const { return kind == Kind::kForward && port == by; }
};
bool same(const Outcome& a, const Outcome& b);
/// Unless it is one of them.
void add(std::vector<Outcome>& outcomes, Outcome o);

/// Of a host: 0 the owner, else a user. The other is what a card sends.
Outcome route_from_host(const State& s, unsigned port, const Tlp& t);
Outcome route_from_card(const State& s, unsigned card, const Tlp& t);

/// `t` at another address, in the format that it asks for (2.2.4.1).
Tlp at_address(Tlp t, std::uint64_t address);

}  // namespace vfpool::reference
