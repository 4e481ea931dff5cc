// SPDX-License-Identifier: Apache-2.0
// One random run: a pool is brought up by model servers, each packet seen by the reference model from the first one on;
// then the neighbours of all ports do the steps, and the model says whether the bridge did what it must.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "model.hpp"
#include "neighbour.hpp"
#include "odd.hpp"
#include "pool.hpp"
#include "step.hpp"

namespace vfpool::reference {

struct Failure {
  std::string rule, what;
  std::size_t step = 0;
};

/// How often what happened to what: "user MWr: to 3".
using Reached = std::map<std::string, std::uint64_t>;

class Run : public Pool {
 public:
  Run();
  void TestBody() override {}

  /// Does the steps. Empty: no rule was broken.
  std::optional<Failure> go(const std::vector<Step>& steps);
  std::uint64_t packets() const { return packets_; }
  const Reached& reached() const { return reached_; }
  bool log = false;  ///< prints each packet of the steps

 private:
  struct Place {
    unsigned user, slot;
    auto operator<=>(const Place&) const = default;
  };
  /// A function of a slot.
  struct Card {
    Bdf bdf;
    std::array<std::uint64_t, 2> bars{};  // 0 and 3
  };

  // Between the steps, by model servers.
  void bring_up();
  void assign(Place at, const std::vector<unsigned>& vfs);
  void plug_in(Place at);
  void enable(unsigned port);
  void drain();
  void settle();
  void see_lost_answers();
  void compare_counters();
  void restore();
  void set_up_owner();
  void enumerate(unsigned host);

  // The steps.
  void step(const Step& s);
  std::optional<Tlp> plain_request(const Step& s, bool write);
  void stray(const Step& s);
  void odd(const Step& s);
  void configuration(const Step& s, bool write);
  void registers(const Step& s);
  void card_message(const Step& s);
  void change_command(const Step& s);
  void move(const Step& s);
  void look(const Step& s);
  void reset(const Step& s);
  void power_off(const Step& s);
  void force(const Step& s);
  void stuck(const Step& s);
  void see_stuck(bool all_take);
  void lose_link(unsigned port, bool shortly, bool power);
  void link_back(unsigned port);
  void reset_from_above(const Step& s);

  void reset_card(unsigned device) override;

  static constexpr unsigned kVfs = 8;
  Card* card_of(const Step& s);
  void advance(SimTime t);
  void send(unsigned port, Tlp t);
  bool writes(unsigned port) const;
  bool write_config(unsigned port, Bdf target, unsigned reg, std::uint32_t value, unsigned bytes);
  std::optional<std::uint8_t> free_tag(unsigned port, Bdf id);
  static const char* name_of(unsigned port);
  static unsigned card() { return bridge::Bridge::device_port(0); }
  Place place_of(const Step& s) const;
  std::vector<std::uint64_t> own_memory(unsigned port) const;

  Model model_;
  std::vector<std::unique_ptr<Neighbour>> neighbours_;
  std::map<Place, std::vector<Card>> cards_;  // what is or was in a slot, by function
  std::set<Place> unplugged_;                 // cards that their servers must set up again
  std::set<unsigned> disabled_;               // hosts whose Command registers are not as set up
  std::set<unsigned> held_;                   // ports whose neighbour does not take everything
  std::set<unsigned> dark_, down_;            // ports that must be set up anew; of them, those whose link is down yet
  unsigned next_home_ = 0;                    // where the next VF goes that was taken away
  std::map<unsigned, std::uint8_t> last_write_;  // by host: tag of its last configuration write that changed something
  std::map<std::uint32_t, std::uint8_t> next_tag_;
  std::uint32_t serial_ = 0;
  std::map<unsigned, SimTime> entering_;  // by port: its last packet is not in before
  std::uint64_t packets_ = 0;
  bool begun_ = false;  // the steps have
  Reached reached_;
};

}  // namespace vfpool::reference
