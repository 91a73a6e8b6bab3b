// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Releasing a chain of objects from a list instead of by recursion: histories are as long as computations.
#pragma once

#include <vector>

#include "base/ref.h"

namespace keima {

// A destructor gives up its references to objects of its own kind through one of these. The outermost one's end releases
// them, and what their destructors give up in turn.
template <class T>
class ReleaseList {
 public:
  ReleaseList() : outermost_(current == nullptr) {
    if (outermost_) current = &own_;
  }
  ReleaseList(const ReleaseList&) = delete;
  ReleaseList& operator=(const ReleaseList&) = delete;
  ~ReleaseList() {
    if (!outermost_) return;
    while (!own_.empty()) {
      const Ref<T> next = std::move(own_.back());
      own_.pop_back();
    }
    current = nullptr;
  }

  void take(Ref<T>& reference) {
    if (reference) current->push_back(std::move(reference));
  }

 private:
  // Where the outermost list of this thread is.
  static inline thread_local std::vector<Ref<T>>* current = nullptr;
  const bool outermost_;
  std::vector<Ref<T>> own_;
};

}  // namespace keima
