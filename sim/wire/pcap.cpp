// SPDX-License-Identifier: Apache-2.0
#include "wire/pcap.hpp"

#include <algorithm>

namespace vfpool::wire {
namespace {

/// Between the last frame of one pass and the first of the next: the capture does not say, and without any a capture of
/// one frame would stop time.
constexpr std::chrono::microseconds kPassGap{1};
/// A capture with a longer silence, or whose clock was set, is not waited for longer than this.
constexpr std::chrono::hours kMaxGap{1};

}  // namespace

Pcap::Pcap(Scheduler& scheduler, const PcapOptions& options) : scheduler_(scheduler), options_(options) {
  if (!options_.keep.empty()) writer_.emplace(options_.keep);
  if (options_.play.empty()) return;
  reader_.emplace(options_.play);
  fetch();
}

Pcap::~Pcap() { scheduler_.cancel(timer_); }

// Makes next_ the next frame to play and next_due_ its time.
void Pcap::fetch() {
  for (;;) {
    next_ = reader_->next();
    if (!next_) {
      ++played_;
      // An empty capture played for ever would never come back from here.
      if (frames_in_pass_ == 0 || (options_.repeat != 0 && played_ >= options_.repeat)) return;
      frames_in_pass_ = 0;
      last_.reset();
      next_due_ += kPassGap;
      reader_.emplace(options_.play);
      continue;
    }
    if (last_)
      next_due_ += std::clamp<std::chrono::nanoseconds>(next_->time - *last_, std::chrono::nanoseconds(0), kMaxGap);
    last_ = next_->time;
    if (!next_->truncated && next_->frame.size() >= kMinFrame) {
      ++frames_in_pass_;
      return;
    }
    ++traffic_.received_drops;
  }
}

void Pcap::schedule_next() {
  if (timer_ != 0 || !next_ || paused_ || !receiver_) return;
  if (!started_) started_ = scheduler_.now();
  timer_ = scheduler_.at(std::max(*started_ + next_due_, scheduler_.now()), [this] {
    timer_ = 0;
    play_due();
  });
}

void Pcap::play_due() {
  for (int i = 0; i < kFramesPerTurn && next_ && !paused_ && receiver_; ++i) {
    if (*started_ + next_due_ > scheduler_.now()) break;
    Frame frame = std::move(next_->frame);
    fetch();
    traffic_.received(frame.size());
    const Receiver receiver = receiver_;
    receiver(std::move(frame));
  }
  schedule_next();
}

void Pcap::send(std::span<const std::uint8_t> frame) {
  if (frame.size() < kMinFrame) {
    ++traffic_.sent_drops;
    return;
  }
  traffic_.sent(frame.size());
  if (writer_) writer_->write(scheduler_.now(), frame);
}

void Pcap::set_receiver(Receiver receiver) {
  receiver_ = std::move(receiver);
  schedule_next();
}

void Pcap::set_paused(bool paused) {
  paused_ = paused;
  schedule_next();
}

std::string Pcap::state() const {
  return fmt::format("pcap {}{}: {}", options_.play.empty() ? "(no input)" : options_.play.filename().string(),
                     next_ ? "" : ", played", traffic_.text());
}

}  // namespace vfpool::wire
