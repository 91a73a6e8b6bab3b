// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The gradient tape: a graph of what was computed while a session records, held by its outputs and released with the
// outermost session. Every thread has a tape of its own, so that an evaluation in one does not switch off the training in
// another; all of it runs under the host's lock (base/host_lock.h).
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "ops/gradient.h"
#include "ops/value.h"

namespace keima {

// A value that gradients are asked for. Attached once to a tensor of the user's; live while a session that attached
// it records.
class Leaf : public Origin {
 public:
  Leaf() : Origin(Kind::kLeaf) {}
  bool live() const noexcept override { return sessions > 0; }

  int sessions = 0;  // recording sessions that attached it
};

class Tape;

class TapeNode : public Origin {
 public:
  struct Link {
    Ref<Origin> origin;  // null: no gradient wanted
    uint32_t index = 0;
  };

  TapeNode();
  ~TapeNode() override;
  bool live() const noexcept override { return linked_; }

  // Gradients of the inputs from those of the outputs (some of them null). Fills those that are needed.
  virtual void backward(std::span<const Value> out_grads, std::span<const bool> needed, std::span<InputGradient> in_grads) = 0;
  virtual std::string_view name() const = 0;
  // Drops what was kept for backward.
  virtual void release_saved() noexcept = 0;

  const uint64_t sequence;  // creation order: a topological order
  InlineVector<Link, 3> links;
  uint32_t output_count = 1;

 private:
  friend class Tape;
  explicit TapeNode(Tape& tape);

  const Ref<Tape> tape_;  // of the thread that recorded it; the node may die in another
  bool linked_ = false;
  TapeNode* previous_ = nullptr;
  TapeNode* next_ = nullptr;
};

// Where recording state and the list of live nodes are kept.
class Tape : public RefCounted {
 public:
  // The calling thread's.
  static Tape& instance();

  bool recording() const noexcept { return sessions_ > 0 && paused_ == 0; }
  int sessions() const noexcept { return sessions_; }
  void begin_session() noexcept { ++sessions_; }
  // The last one out releases every node.
  void end_session() noexcept;

  void pause() noexcept { ++paused_; }
  // An error without a pause() to match.
  void resume();

  // While alive the sessions that are open do not record, but one that begins within does: a gradient may be computed by a
  // gradient manager of its own (checkpointing).
  class Hide {
   public:
    explicit Hide(Tape& tape) noexcept : tape_(&tape), sessions_(std::exchange(tape.sessions_, 0)) { tape_->hidden_ += sessions_; }
    ~Hide() {
      tape_->hidden_ -= sessions_;
      tape_->sessions_ += sessions_;
    }
    Hide(const Hide&) = delete;
    Hide& operator=(const Hide&) = delete;

   private:
    Ref<Tape> tape_;
    int sessions_;
  };

  // While alive, nodes stay though the last session ends (a callback or another thread may end it): a pass goes through
  // them.
  class Busy {
   public:
    explicit Busy(Tape& tape) noexcept : tape_(&tape) { ++tape_->passes_; }
    ~Busy() {
      --tape_->passes_;
      tape_->release_nodes();
    }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;

   private:
    Ref<Tape> tape_;
  };

  // Nodes alive now, for tests and memory reports.
  int64_t size() const noexcept { return size_; }

 private:
  friend class TapeNode;
  void link(TapeNode& node) noexcept;
  void unlink(TapeNode& node) noexcept;
  void release_nodes() noexcept;  // unless somebody needs them

  int sessions_ = 0;
  int hidden_ = 0;  // sessions behind a Hide
  int paused_ = 0;
  int passes_ = 0;
  int64_t size_ = 0;
  uint64_t next_sequence_ = 0;
  TapeNode* head_ = nullptr;
};

inline Leaf* as_leaf(Origin* origin) noexcept {
  return origin && origin->kind == Origin::Kind::kLeaf ? static_cast<Leaf*>(origin) : nullptr;
}
inline TapeNode* as_tape_node(Origin* origin) noexcept {
  return origin && origin->kind == Origin::Kind::kTape ? static_cast<TapeNode*>(origin) : nullptr;
}

// Whether gradients may flow to this value now.
inline bool tracked(const Value& value) noexcept { return value.origin && value.origin->live(); }

}  // namespace keima
