// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "base/tensor.h"

#include <vector>

#include "base/allocator.h"

namespace keima {
namespace {

// Under the Python lock one thread makes nearly all tensors: a list a thread needs no lock of its own.
constexpr size_t kFreeListLength = 256;
struct FreeList {
  std::vector<void*> blocks;
  ~FreeList() {
    for (void* block : blocks) ::operator delete(block);
    blocks.clear();
    closed = true;
  }
  bool closed = false;
};
thread_local FreeList free_impls;

}  // namespace

Ref<Storage> Storage::allocate(int64_t bytes, Device device) {
  auto storage = Ref<Storage>(new Storage);
  storage->data_ = static_cast<std::byte*>(Allocator::instance().allocate(static_cast<size_t>(bytes)));
  storage->bytes_ = bytes;
  storage->device_ = device;
  return storage;
}

Ref<Storage> Storage::wrap(void* data, int64_t bytes, std::function<void()> on_free, bool writable) {
  auto storage = Ref<Storage>(new Storage);
  storage->data_ = static_cast<std::byte*>(data);
  storage->bytes_ = bytes;
  storage->owned_ = false;
  storage->writable_ = writable;
  storage->on_free_ = std::move(on_free);
  return storage;
}

void Storage::cut_off() {
  if (!recipe_) return;
  if (evicted()) recipe_->restore();
  recipe_->release_storage();
  recipe_ = nullptr;
}

void Storage::give_up_memory() noexcept {
  Allocator::instance().free(std::exchange(data_, nullptr), static_cast<size_t>(bytes_));
}

Storage::~Storage() {
  if (recipe_) recipe_->release_storage();
  if (!owned_) {
    if (on_free_) on_free_();
  } else if (data_) {
    Allocator::instance().free(data_, static_cast<size_t>(bytes_));
  }
}

void* TensorImpl::operator new(size_t bytes) {
  auto& blocks = free_impls.blocks;
  if (blocks.empty()) return ::operator new(bytes);
  void* block = blocks.back();
  blocks.pop_back();
  return block;
}

void TensorImpl::operator delete(void* pointer, size_t) noexcept {
  auto& list = free_impls;
  if (list.closed || list.blocks.size() >= kFreeListLength) return ::operator delete(pointer);
  if (list.blocks.capacity() == 0) list.blocks.reserve(kFreeListLength);
  list.blocks.push_back(pointer);
}

Pinned::Pinned(std::span<const Tensor> tensors) {
  try {
    for (const Tensor& tensor : tensors) {
      if (!tensor || tensor.is_abstract() || !tensor.storage()->recipe()) continue;
      Storage* storage = tensor.storage().get();
      storage->pin();
      storages_.push_back(storage);
    }
    for (Storage* storage : storages_) storage->data();
  } catch (...) {
    unpin();
    throw;
  }
}

void Pinned::unpin() noexcept {
  for (Storage* storage : storages_) storage->unpin();
}

int64_t layout_bytes(const Dims& shape, const DType& dtype, Layout layout) {
  int64_t count = checked_numel(shape);
  if (layout.kind == LayoutKind::kChannelBlocked && count) {
    const int64_t channels = shape[1], block = layout.block;
    count = count / channels * ((channels + block - 1) / block * block);
  }
  return count * dtype.itemsize();
}

Tensor Tensor::empty(const Dims& shape, DType dtype, Layout layout) {
  Tensor tensor = abstract(shape, std::move(dtype), layout);
  tensor.impl_->storage = Storage::allocate(layout_bytes(shape, tensor.impl_->dtype, layout));
  return tensor;
}

Tensor Tensor::on(Ref<Storage> storage, int64_t offset) const {
  Tensor tensor = alias();
  tensor.impl_->storage = std::move(storage);
  tensor.impl_->offset += offset;
  return tensor;
}

Tensor Tensor::abstract(const Dims& shape, DType dtype, Layout layout) {
  auto impl = make_ref<TensorImpl>();
  impl->layout = layout;
  impl->dtype = std::move(dtype);
  impl->shape = shape;
  impl->strides = contiguous_strides(shape);
  return Tensor(std::move(impl));
}

Tensor Tensor::wrap(Ref<Storage> storage, const Dims& shape, const Dims& strides, DType dtype) {
  auto impl = make_ref<TensorImpl>();
  impl->storage = std::move(storage);
  impl->dtype = std::move(dtype);
  impl->shape = shape;
  impl->strides = strides;
  return Tensor(std::move(impl));
}

bool Tensor::is_contiguous() const noexcept {
  if (!is_plain()) return false;
  int64_t expected = 1;
  for (int i = ndim() - 1; i >= 0; --i) {
    if (shape()[i] == 0) return true;
    if (shape()[i] != 1 && strides()[i] != expected) return false;
    expected *= shape()[i];
  }
  return true;
}

Tensor Tensor::view(const Dims& shape, const Dims& strides, int64_t offset) const {
  auto impl = make_ref<TensorImpl>();
  impl->storage = impl_->storage;
  impl->offset = impl_->offset + offset;
  impl->dtype = impl_->dtype;
  impl->shape = shape;
  impl->strides = strides;
  return Tensor(std::move(impl));
}

Tensor Tensor::with_dtype(DType dtype) const {
  auto impl = make_ref<TensorImpl>();
  impl->storage = impl_->storage;
  impl->offset = impl_->offset;
  impl->dtype = std::move(dtype);
  impl->layout = impl_->layout;
  impl->shape = impl_->shape;
  impl->strides = impl_->strides;
  return Tensor(std::move(impl));
}

}  // namespace keima
