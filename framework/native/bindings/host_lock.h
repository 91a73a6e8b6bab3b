// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Python's lock (the GIL), as the core sees it.
#pragma once

namespace keima::python {

// Lets kernels run without the lock.
void install_host_lock();

// Holds the lock until its end, whoever's thread this is; does nothing once the interpreter is gone.
class HoldGil {
 public:
  HoldGil() noexcept;
  HoldGil(const HoldGil&) = delete;
  HoldGil& operator=(const HoldGil&) = delete;
  ~HoldGil();

 private:
  bool held_;
  int state_ = 0;  // PyGILState_STATE
};

}  // namespace keima::python
