// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Tensor values: an immutable-looking handle on (storage, offset, dtype, layout, shape). Values never alias observably:
// whoever writes asks `unique()` first and copies otherwise. Views exist, as an optimisation that nobody can see.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <utility>

#include "base/dims.h"
#include "base/dtype.h"
#include "base/inline_vector.h"
#include "base/ref.h"

namespace keima {

// Errors may be reported later than the call on devices that run asynchronously; the CPU has one stream, 0.
struct Device {
  enum class Kind : uint8_t { kCpu } kind = Kind::kCpu;
  uint8_t index = 0;
  uint8_t stream = 0;
  friend bool operator==(const Device&, const Device&) = default;
};

enum class LayoutKind : uint8_t {
  kStrided,         // logical shape with strides in elements
  kChannelBlocked,  // [N][ceil(C/block)][spatial...][block]; lanes past C are undefined, every reader masks them
  kPacked,          // private to the kernel that made it (weights)
};

struct Layout {
  LayoutKind kind = LayoutKind::kStrided;
  uint8_t block = 0;  // channels a block, for kChannelBlocked: 64 bytes' worth
  friend bool operator==(const Layout&, const Layout&) = default;
  static Layout strided() { return {}; }
  static Layout blocked(uint8_t block) { return {LayoutKind::kChannelBlocked, block}; }
};

// Computes the bytes of a storage again that gave its memory up; the eager layer has them
// (eager/rematerialization.h), this one knows only that they exist.
class Recipe : public RefCounted {
 public:
  // The storage's memory is back afterwards; throws what the computation throws.
  virtual void restore() = 0;
  // The storage is no longer this recipe's: it dies, or was cut off.
  virtual void release_storage() noexcept = 0;
};

class Storage : public RefCounted {
 public:
  static Ref<Storage> allocate(int64_t bytes, Device device = {});
  // Wraps memory that somebody else owns; `on_free` runs when the last tensor on it is gone.
  static Ref<Storage> wrap(void* data, int64_t bytes, std::function<void()> on_free, bool writable);
  ~Storage() override;

  // Memory that was given up comes back first.
  std::byte* data() const {
    if (evicted()) [[unlikely]]
      recipe_->restore();
    return data_;
  }
  int64_t bytes() const noexcept { return bytes_; }
  Device device() const noexcept { return device_; }
  bool writable() const noexcept { return writable_; }
  bool owned() const noexcept { return owned_; }

  // While there is a recipe and nothing is pinned, memory may be given up.
  const Ref<Recipe>& recipe() const noexcept { return recipe_; }
  bool evicted() const noexcept { return recipe_ && !data_; }
  bool pinned() const noexcept { return pins_ > 0; }
  void pin() noexcept { ++pins_; }
  void unpin() noexcept { --pins_; }
  void set_recipe(Ref<Recipe> recipe) noexcept { recipe_ = std::move(recipe); }
  // From now on the bytes exist here alone: they are about to be changed, or somebody outside reads them.
  void cut_off();
  void give_up_memory() noexcept;
  // Of a storage of the same size, which is left without.
  void take_memory(Storage& other) noexcept { data_ = std::exchange(other.data_, nullptr); }

 private:
  Storage() = default;
  std::byte* data_ = nullptr;
  int64_t bytes_ = 0;
  Device device_;
  bool owned_ = true;
  bool writable_ = true;
  int pins_ = 0;
  Ref<Recipe> recipe_;
  std::function<void()> on_free_;
};

class TensorImpl : public RefCounted {
 public:
  Ref<Storage> storage;  // null: an abstract tensor, known by shape and dtype only (tracing, shape inference)
  int64_t offset = 0;    // bytes
  DType dtype;
  Layout layout;
  Dims shape;    // logical, whatever the layout
  Dims strides;  // elements; meaningful for kStrided only
  // Which value of the graph being traced this is (compiler/recorder.h); views and copies do not inherit it.
  mutable uint32_t trace = 0;
  mutable uint32_t trace_value = 0;

  // Allocation of these is on the path of every op: a free list instead of the system's.
  static void* operator new(size_t bytes);
  static void operator delete(void* pointer, size_t bytes) noexcept;
};

class Tensor {
 public:
  Tensor() = default;

  // Uninitialised memory.
  static Tensor empty(const Dims& shape, DType dtype, Layout layout = {});
  static Tensor abstract(const Dims& shape, DType dtype, Layout layout = {});
  // This tensor, which has no memory, on memory `offset` bytes into the storage.
  Tensor on(Ref<Storage> storage, int64_t offset) const;
  static Tensor wrap(Ref<Storage> storage, const Dims& shape, const Dims& strides, DType dtype);

  explicit operator bool() const noexcept { return static_cast<bool>(impl_); }
  const Dims& shape() const noexcept { return impl_->shape; }
  const Dims& strides() const noexcept { return impl_->strides; }
  const DType& dtype() const noexcept { return impl_->dtype; }
  Layout layout() const noexcept { return impl_->layout; }
  Device device() const noexcept { return impl_->storage ? impl_->storage->device() : Device{}; }
  const Ref<Storage>& storage() const noexcept { return impl_->storage; }
  int64_t offset() const noexcept { return impl_->offset; }
  int ndim() const noexcept { return impl_->shape.size(); }
  int64_t numel() const noexcept { return impl_->shape.numel(); }
  bool is_abstract() const noexcept { return !impl_->storage; }
  void mark(uint32_t trace, uint32_t value) const noexcept {
    impl_->trace = trace;
    impl_->trace_value = value;
  }
  uint32_t trace() const noexcept { return impl_->trace; }
  uint32_t trace_value() const noexcept { return impl_->trace_value; }
  bool is_plain() const noexcept { return impl_->layout.kind == LayoutKind::kStrided; }
  bool is_contiguous() const noexcept;
  // Nobody else can see this memory: it may be written in place.
  bool unique() const noexcept { return impl_->unique() && impl_->storage->unique() && impl_->storage->writable(); }

  std::byte* raw() const { return impl_->storage->data() + impl_->offset; }
  template <class T>
  T* data() const {
    return reinterpret_cast<T*>(raw());
  }

  // The same memory under another shape and strides; `offset` in bytes from this tensor's start.
  Tensor view(const Dims& shape, const Dims& strides, int64_t offset = 0) const;
  // The same bits under another dtype of the same size (quantized and plain).
  Tensor with_dtype(DType dtype) const;

  // The same memory as a tensor of its own.
  Tensor alias() const { return with_dtype(dtype()); }

  friend bool operator==(const Tensor& a, const Tensor& b) noexcept { return a.impl_ == b.impl_; }

 private:
  explicit Tensor(Ref<TensorImpl> impl) : impl_(std::move(impl)) {}
  Ref<TensorImpl> impl_;
};

// Memory that these tensors gave up is back, and stays while this lives.
class Pinned {
 public:
  explicit Pinned(std::span<const Tensor> tensors);
  Pinned(const Pinned&) = delete;
  Pinned& operator=(const Pinned&) = delete;
  ~Pinned() { unpin(); }

 private:
  void unpin() noexcept;
  InlineVector<Storage*, 3> storages_;  // the tensors hold them
};

// Bytes that a tensor of this shape takes in a layout, the tail of the last channel block included.
int64_t layout_bytes(const Dims& shape, const DType& dtype, Layout layout);

}  // namespace keima
