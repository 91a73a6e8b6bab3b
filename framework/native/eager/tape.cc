// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "eager/tape.h"

namespace keima {

TapeNode::TapeNode() : Origin(Kind::kTape), sequence(Tape::instance().next_sequence_++) { Tape::instance().link(*this); }

TapeNode::~TapeNode() {
  if (linked_) Tape::instance().unlink(*this);
}

Tape& Tape::instance() {
  static Tape tape;
  return tape;
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
  if (--sessions_ > 0) return;
  // Dropping one node's links may destroy others, so the list is read afresh each time.
  while (head_) {
    const Ref<TapeNode> node(head_);
    unlink(*node);
    node->release_saved();
    // Unlinked by hand, newest first: a long chain must not be destroyed by recursion.
    node->links.clear();
  }
}

}  // namespace keima
