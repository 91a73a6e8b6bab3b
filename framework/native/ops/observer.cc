// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "ops/observer.h"

namespace keima {
namespace {

constinit thread_local Observer* observer = nullptr;

}  // namespace

Observer* current_observer() noexcept { return observer; }
void set_observer(Observer* next) noexcept { observer = next; }

ObservedBackward::ObservedBackward() noexcept : observer_(observer) {
  if (observer_) observer_->backward_begins();
}

ObservedBackward::~ObservedBackward() {
  if (observer_) observer_->backward_ends();
}

}  // namespace keima
