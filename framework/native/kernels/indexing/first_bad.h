// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The first of the bad indices that threads find in any order.
#pragma once

#include <stdint.h>

#include "kernels/indexing/indexing.h"

namespace keima {

class FirstBad {
 public:
  void report(int array, int64_t position) {
    const int64_t key = position * kMaxArrays + array;
    int64_t seen = __atomic_load_n(&key_, __ATOMIC_RELAXED);
    while (key < seen && !__atomic_compare_exchange_n(&key_, &seen, key, true, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    }
  }
  bool found() const { return key_ != INT64_MAX; }
  int array() const { return static_cast<int>(key_ % kMaxArrays); }
  int64_t position() const { return key_ / kMaxArrays; }

 private:
  static constexpr int64_t kMaxArrays = 8;
  int64_t key_ = INT64_MAX;
};

}  // namespace keima
