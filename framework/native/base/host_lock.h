// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The lock under which a host language runs its threads (Python's GIL). The core is called with the lock held, keeps its
// own books under it, and lets it go while a kernel works, so that the host's other threads run meanwhile. Without a host
// all of this does nothing.
#pragma once

namespace keima {

struct HostLock {
  bool (*held)() noexcept;             // by the calling thread
  void* (*release)() noexcept;         // what `acquire` is to be given
  void (*acquire)(void*) noexcept;
};

// Once, by the host's bindings.
void set_host_lock(const HostLock& lock) noexcept;

// While any lives, the lock is not let go: for bookkeeping that allocations inside kernels reach (rematerialisation).
class KeepHostLock {
 public:
  KeepHostLock() noexcept;
  ~KeepHostLock();
  KeepHostLock(const KeepHostLock&) = delete;
  KeepHostLock& operator=(const KeepHostLock&) = delete;
};

// Lets the lock go until its end, if `worthwhile`, held, and not to be kept. Inside, nothing of the host's may be touched.
class ReleaseHostLock {
 public:
  explicit ReleaseHostLock(bool worthwhile) noexcept {
    if (worthwhile) release();
  }
  ReleaseHostLock(const ReleaseHostLock&) = delete;
  ReleaseHostLock& operator=(const ReleaseHostLock&) = delete;
  ~ReleaseHostLock() {
    if (released_) acquire();
  }

 private:
  void release() noexcept;
  void acquire() noexcept;
  bool released_ = false;
  void* state_ = nullptr;
};

// Whether this thread is inside one that let the lock go: what the lock guards is not to be touched.
bool host_lock_released() noexcept;
// Whether this thread holds it: it should not wait for what may take long, as all of the host's threads would.
bool host_lock_held() noexcept;

}  // namespace keima
