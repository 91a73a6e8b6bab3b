// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "base/host_lock.h"

#include <atomic>

namespace keima {
namespace {

HostLock host{};
std::atomic<bool> there{false};
std::atomic<int> kept{0};
thread_local bool released_here = false;

}  // namespace

void set_host_lock(const HostLock& lock) noexcept {
  host = lock;
  there.store(true, std::memory_order_release);
}

KeepHostLock::KeepHostLock() noexcept { kept.fetch_add(1, std::memory_order_relaxed); }
KeepHostLock::~KeepHostLock() { kept.fetch_sub(1, std::memory_order_relaxed); }

void ReleaseHostLock::release() noexcept {
  if (!host_lock_held() || kept.load(std::memory_order_relaxed) > 0) return;
  released_ = released_here = true;
  state_ = host.release();
}

void ReleaseHostLock::acquire() noexcept {
  host.acquire(state_);
  released_here = false;
}

bool host_lock_released() noexcept { return released_here; }

bool host_lock_held() noexcept { return there.load(std::memory_order_acquire) && !released_here && host.held(); }

}  // namespace keima
