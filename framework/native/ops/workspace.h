// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Memory that a kernel needs beyond its operands and results. An op declares its size (Op::scratch), so that a compiled
// graph plans it in the arena; kernels take it from here and allocate nothing.
#pragma once

#include <initializer_list>

#include "base/error.h"
#include "base/tensor.h"

namespace keima {

class Workspace {
 public:
  // Without memory: what is taken is only counted, which is how declarations run the same code as kernels.
  Workspace() = default;
  // `bytes` bytes of a storage, from a multiple of 64.
  Workspace(Ref<Storage> storage, int64_t offset, int64_t bytes) : storage_(std::move(storage)), offset_(offset), limit_(bytes) {}
  static Workspace allocate(int64_t bytes) { return bytes > 0 ? Workspace(Storage::allocate(bytes), 0, bytes) : Workspace(nullptr, 0, 0); }

  bool counts_only() const noexcept { return limit_ < 0; }
  // Bytes taken so far; each piece is rounded up to 64.
  int64_t taken() const noexcept { return taken_; }

  // 64-byte aligned; null where it only counts or nothing is asked for.
  std::byte* take(size_t bytes) {
    const int64_t at = advance(static_cast<int64_t>(bytes));
    return counts_only() || bytes == 0 ? nullptr : storage_->data() + offset_ + at;
  }
  float* floats(size_t bytes) { return reinterpret_cast<float*>(take(bytes)); }

  // Plain; without memory where it only counts or is empty.
  Tensor tensor(const Dims& shape, const DType& dtype) {
    const Tensor made = Tensor::abstract(shape, dtype);
    const int64_t at = advance(layout_bytes(shape, dtype, {}));
    return counts_only() || made.numel() == 0 ? made : made.on(storage_, offset_ + at);
  }

  static constexpr int64_t rounded(int64_t bytes) { return (bytes + 63) / 64 * 64; }
  // What taking these pieces takes.
  static int64_t total(std::initializer_list<size_t> pieces) {
    Workspace workspace;
    for (const size_t bytes : pieces) workspace.take(bytes);
    return workspace.taken();
  }

 private:
  int64_t advance(int64_t bytes) {
    const int64_t at = taken_;
    taken_ += rounded(bytes);
    if (!counts_only() && taken_ > limit_) fail(ErrorKind::kRuntime, "a kernel wants ", taken_, " bytes of scratch, its op declares ", limit_);
    return at;
  }

  Ref<Storage> storage_{};
  int64_t offset_ = 0;
  int64_t limit_ = -1;  // -1: it only counts
  int64_t taken_ = 0;
};

// Null where the tensor has no memory: it was only counted, or is empty.
template <class T>
T* address_of(const Tensor& tensor) {
  return tensor.is_abstract() ? nullptr : tensor.data<T>();
}

}  // namespace keima
