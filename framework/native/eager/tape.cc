// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "eager/tape.h"

#include "base/error.h"
#include "base/release_list.h"
#include "eager/rematerialization.h"

namespace keima {

TapeNode::TapeNode() : TapeNode(Tape::instance()) {}

TapeNode::TapeNode(Tape& tape) : Origin(Kind::kTape), sequence(tape.next_sequence_++), tape_(&tape) { tape.link(*this); }

TapeNode::~TapeNode() {
  if (linked_) tape_->unlink(*this);
  ReleaseList<Origin> release;
  for (Link& link : links) release.take(link.origin);
}

Tape& Tape::instance() {
  thread_local const Ref<Tape> tape = make_ref<Tape>();
  return *tape;
}

void Tape::resume() {
  if (paused_ == 0) fail(ErrorKind::kRuntime, "recording was resumed without having been paused");
  --paused_;
}

void Tape::link(TapeNode& node) noexcept {
  node.linked_ = true;
  node.next_ = head_;
  if (head_) head_->previous_ = &node;
  head_ = &node;
  ++size_;
}

void Tape::unlink(TapeNode& node) noexcept {
  if (node.previous_) node.previous_->next_ = node.next_;
  if (node.next_) node.next_->previous_ = node.previous_;
  if (head_ == &node) head_ = node.next_;
  node.previous_ = node.next_ = nullptr;
  node.linked_ = false;
  --size_;
}

void Tape::end_session() noexcept {
  --sessions_;
  release_nodes();
}

void Tape::release_nodes() noexcept {
  if (sessions_ + hidden_ > 0 || passes_ > 0) return;
  // Dropping one node's links may destroy others, so the list is read afresh each time.
  while (head_) {
    const Ref<TapeNode> node(head_);
    unlink(*node);
    node->release_saved();
    node->links.clear();
  }
  Rematerializer::instance().settle(*this);
}

}  // namespace keima
