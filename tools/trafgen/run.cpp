// SPDX-License-Identifier: Apache-2.0
#include "run.hpp"

#include <algorithm>
#include <deque>

namespace vfpool::trafgen {
namespace {

/// A stream gives the others their turn after so many frames.
constexpr std::uint64_t kTurn = 32;

}  // namespace

std::uint64_t RunResult::sent() const {
  std::uint64_t n = 0;
  for (const StreamResult& s : streams) n += s.sent;
  return n;
}

std::uint64_t RunResult::received() const {
  std::uint64_t n = 0;
  if (receiver)
    for (const StreamAccount& s : receiver->streams()) n += s.arrivals.received();
  return n;
}

std::uint64_t RunResult::lost(std::size_t i) const {
  // A forged frame can have the number of one that never left.
  return streams[i].sent - std::min(streams[i].sent, receiver->streams()[i].arrivals.received());
}

double RunResult::loss() const {
  const auto all = static_cast<double>(sent());
  return all == 0 ? 0 : std::max(0.0, (all - static_cast<double>(received())) / all);
}

// One run's sending side: what is due goes to the port's queue, and what the port took is counted.
class Session::Sender {
 public:
  Sender(Session& session, const RunPlan& plan, Nanoseconds now) : session_(session) {
    for (std::size_t i = 0; i < session.streams_.size(); ++i) {
      const double rate = session.rate(session.streams_[i], plan);
      const std::uint64_t limit = plan.frames == 0 ? UINT64_MAX : session.next_[i] + plan.frames;
      states_.push_back(
          {Order(plan.faults, session.next_[i]), Pacer(rate, session.streams_[i].burst, now), rate > 0, limit});
      ends_.push_back(session.next_[i]);
    }
  }

  void build(Nanoseconds now, double share) {
    for (std::size_t i = 0; i < states_.size(); ++i) {
      State& s = states_[i];
      std::uint64_t due = kTurn;
      // A burst leaves together.
      if (s.paced) due = std::min(s.pacer.due(now, share), std::max<std::uint64_t>(kTurn, session_.streams_[i].burst));
      std::uint64_t built = 0;
      while (built < due && !enough(i) && add(i, now)) ++built;
      if (s.paced) s.pacer.sent(built);
    }
  }

  // What the planted faults still hold back; false when there is nothing more.
  bool build_rest(Nanoseconds now) {
    for (std::size_t i = 0; i < states_.size(); ++i)
      while (states_[i].order.holds() && session_.out_->room() != nullptr) put(i, *states_[i].order.rest(), now);
    return std::any_of(states_.begin(), states_.end(), [](const State& s) { return s.order.holds(); });
  }

  /// Frames that left.
  unsigned flush() {
    const unsigned n = session_.out_->send();
    waiting_.erase(waiting_.begin(), waiting_.begin() + n);
    left_ += n;
    return n;
  }

  bool done() const {
    for (std::size_t i = 0; i < states_.size(); ++i)
      if (!enough(i)) return false;
    return true;
  }

  /// For each stream the number after the last that may arrive.
  const std::vector<std::uint64_t>& ends() const { return ends_; }
  std::uint64_t left() const { return left_; }

  void finish(RunResult& result) {
    session_.out_->drop();
    for (std::size_t i = 0; i < states_.size(); ++i) {
      const State& s = states_[i];
      // What the port never took was not sent; numbers that wait twice are duplicates, and count once.
      std::vector<std::uint64_t> unsent;
      for (const Waiting& w : waiting_)
        if (w.stream == i) unsent.push_back(w.sequence);
      std::sort(unsent.begin(), unsent.end());
      unsent.erase(std::unique(unsent.begin(), unsent.end()), unsent.end());
      result.streams.push_back({.sent = ends_[i] - session_.next_[i] - unsent.size(),
                                .missed = s.pacer.missed(),
                                .planted_lost = s.order.lost(),
                                .planted_duplicates = s.order.duplicated(),
                                .planted_late = s.order.late()});
      if (s.paced) result.wanted += s.pacer.wanted();
    }
    session_.next_ = ends_;
  }

 private:
  struct State {
    Order order;
    Pacer pacer;
    bool paced;
    std::uint64_t limit;  // the number after the last that it may send
  };
  struct Waiting {
    std::size_t stream;
    std::uint64_t sequence;
  };

  bool enough(std::size_t i) const { return states_[i].order.end() >= states_[i].limit; }

  bool add(std::size_t i, Nanoseconds now) {
    if (session_.out_->room() == nullptr) return false;
    const auto sequence = states_[i].order.next(states_[i].limit);
    ends_[i] = states_[i].order.end();
    if (sequence) put(i, *sequence, now);
    return sequence.has_value();
  }

  void put(std::size_t i, std::uint64_t sequence, Nanoseconds now) {
    const FrameMaker& maker = session_.makers_[i];
    maker.make(sequence, static_cast<std::uint64_t>(now.count()), session_.out_->room());
    session_.out_->add(maker.bytes(sequence));
    waiting_.push_back({i, sequence});
  }

  Session& session_;
  std::vector<State> states_;
  std::vector<std::uint64_t> ends_;
  std::deque<Waiting> waiting_;  // in the port's queue
  std::uint64_t left_ = 0;
};

Session::Session(std::vector<Stream> streams, double link_bits, Port* out, Port* in, Clock clock)
    : streams_(std::move(streams)),
      next_(streams_.size()),
      link_bits_(link_bits),
      out_(out),
      in_(in),
      clock_(std::move(clock)) {
  for (std::size_t i = 0; i < streams_.size(); ++i) makers_.emplace_back(streams_[i], static_cast<std::uint16_t>(i));
}

// Frames a second; 0: as fast as the port takes them.
double Session::rate(const Stream& stream, const RunPlan& plan) const {
  // Only of a rate can a part be taken.
  const bool part = plan.paced || plan.scale != 1 || plan.course.kind != Course::Kind::kConstant;
  if (stream.rate.unit == Rate::Unit::kMax && !part) return 0;
  return frames_per_second(stream.rate, stream.mean_size(), link_bits_) * plan.scale;
}

RunResult Session::run(const RunPlan& plan, const std::function<void(const Interval&)>& progress, const Stops& stop) {
  RunResult result;
  const Nanoseconds start = clock_();
  std::optional<Sender> sender;
  if (out_ != nullptr) sender.emplace(*this, plan, start);
  if (in_ != nullptr)
    result.receiver.emplace(next_, sender ? std::optional(static_cast<std::uint64_t>(start.count())) : std::nullopt);
  const std::vector<std::uint64_t> unknown;

  const auto receive = [&] {
    if (in_ == nullptr) return 0U;
    std::optional<Nanoseconds> arrived;
    return in_->receive([&](std::span<const std::uint8_t> frame) {
      if (!arrived) arrived = clock_();
      result.receiver->frame(frame, static_cast<std::uint64_t>(arrived->count()), sender ? sender->ends() : unknown);
    });
  };
  std::uint64_t sent = 0, received = 0;
  const auto report = [&](Nanoseconds now, double share) {
    const std::uint64_t left = sender ? sender->left() : 0, came = result.receiver ? result.receiver->frames() : 0;
    result.intervals.push_back({in_seconds(now - start), share, left - sent, came - received});
    sent = left;
    received = came;
    if (progress) progress(result.intervals.back());
  };

  Nanoseconds now = start, due = start + plan.report;
  for (; stop == 0 && now - start < plan.course.length && !(sender && sender->done()); now = clock_()) {
    const double share = plan.course.at(now - start);
    if (sender) {
      sender->build(now, share);
      sender->flush();
    }
    receive();
    if (now >= due) {
      report(now, share);
      due += plan.report;
    }
  }
  result.seconds = in_seconds(now - start);
  result.interrupted = stop != 0;

  // What is still on its way. Frames of others, and the same ones again and again, are no reason to wait.
  bool rest = sender.has_value();
  for (Nanoseconds last = now; sender && stop < 2 && now - last < plan.drain; now = clock_()) {
    if (rest) rest = sender->build_rest(now);
    const std::uint64_t before = result.received();
    const unsigned left = sender->flush();
    receive();
    if (left > 0 || result.received() > before) last = now;
  }
  report(now, plan.course.at(now - start));
  if (sender) sender->finish(result);
  if (result.receiver) result.receiver->finish();
  return result;
}

}  // namespace vfpool::trafgen
