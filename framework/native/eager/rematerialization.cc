// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "eager/rematerialization.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <deque>
#include <optional>

#include "base/allocator.h"
#include "base/host_lock.h"
#include "ops/execute.h"

namespace keima {
namespace {

int64_t now_ns() noexcept {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// A kernel that runs without the host's lock began before rematerialisation was switched on: what it may not touch stays.
bool relieve() { return !host_lock_released() && Rematerializer::instance().evict_one(); }

// Joins the sets; returns the root.
void join(Component& a, Component& b) noexcept {
  Component &one = root_of(a), &other = root_of(b);
  if (&one == &other) return;
  other.cost += one.cost;
  one.parent = Ref<Component>(&other);
}

}  // namespace

// One value on its way back: its operands are gathered, and pinned, one after the other.
class Rematerializer::Recomputation {
 public:
  explicit Recomputation(OutputRecipe& wanted) : wanted_(&wanted) {}
  Recomputation(const Recomputation&) = delete;
  Recomputation& operator=(const Recomputation&) = delete;
  ~Recomputation() {
    for (const Ref<Storage>& storage : pinned_) storage->unpin();
  }

  // The next operand that must come back first; null when all are there.
  OutputRecipe* gather() {
    const auto& operands = wanted_->application->operands;
    while (inputs_.size() < operands.size()) {
      const Application::Operand& operand = operands[inputs_.size()];
      if (!operand.recipe) {
        inputs_.push_back(operand.tensor);
        continue;
      }
      if (!operand.recipe->resident()) return operand.recipe.get();
      pinned_.push_back(Ref<Storage>(operand.recipe->storage));
      pinned_.back()->pin();
      inputs_.push_back(operand.tensor.on(pinned_.back(), 0));
    }
    return nullptr;
  }

  // The storage that now holds the value.
  Ref<Storage> run(Rematerializer& owner) {
    Application& application = *wanted_->application;
    owner.touch(inputs_);
    const int64_t start = now_ns();
    const TensorList outputs = execute(application.op, inputs_, application.attrs);
    const int64_t cost = now_ns() - start;
    for (OutputRecipe* output : application.outputs) {
      if (output->resident()) continue;
      Storage& fresh = *outputs[output->index].storage();
      if (fresh.bytes() != output->bytes) fail(ErrorKind::kRuntime, application.op.name, " gave ", fresh.bytes(), " bytes when run again, ", output->bytes, " before");
      if (output->storage) {
        output->storage->take_memory(fresh);
      } else if (output == wanted_.get()) {
        fresh.set_recipe(wanted_);
        output->storage = &fresh;
      } else {
        continue;
      }
      owner.gained(*output);
    }
    application.cost = cost;
    return Ref<Storage>(wanted_->storage);
  }

 private:
  const Ref<OutputRecipe> wanted_;
  TensorList inputs_;
  InlineVector<Ref<Storage>, 3> pinned_;
};

Rematerializer& Rematerializer::instance() {
  static auto* const instance = new Rematerializer;  // outlives every storage
  return *instance;
}

void Rematerializer::enable(bool on) noexcept {
  enabled_ = on;
  if (on && !lock_) lock_.emplace();
  else if (!on) lock_.reset();
  Allocator::instance().set_relief(on ? relieve : nullptr);
  Allocator::instance().set_budget(on ? budget_ : 0);
}

void Rematerializer::set_budget(int64_t bytes) noexcept {
  budget_ = bytes;
  if (enabled_) Allocator::instance().set_budget(bytes);
}

TensorList Rematerializer::run(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs, const Tape& session) {
  // Before the clock starts: what the operands cost is not this op's. A view reads no memory.
  std::optional<Pinned> pinned;
  if (!op.view) pinned.emplace(inputs);
  const int64_t start = now_ns();
  TensorList outputs = execute(op, inputs, attrs);
  remember(op, inputs, attrs, outputs, now_ns() - start, session);
  return outputs;
}

void Rematerializer::touch(std::span<const Tensor> tensors) noexcept {
  const int64_t now = now_ns();
  for (const Tensor& tensor : tensors)
    if (tensor && !tensor.is_abstract() && tensor.storage()->recipe()) static_cast<OutputRecipe*>(tensor.storage()->recipe().get())->last_use = now;
}

void Rematerializer::remember(const Op& op, std::span<const Tensor> inputs, const Attrs& attrs, std::span<const Tensor> outputs, int64_t cost,
                              const Tape& session) {
  Ref<Application> application;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const Ref<Storage>& storage = outputs[i].storage();
    if (storage->bytes() < smallest_ || !storage->owned() || storage->recipe()) continue;
    // A view of an operand that has no recipe.
    if (std::any_of(inputs.begin(), inputs.end(), [&](const Tensor& input) { return input && input.storage() == storage; })) continue;
    if (!application) application = make_ref<Application>(op, attrs, inputs, session);
    application->cost = cost;
    auto recipe = make_ref<OutputRecipe>(application, i, *storage);
    storage->set_recipe(recipe);
    gained(*recipe);
  }
}

void Rematerializer::gained(OutputRecipe& recipe) {
  residents_.push_back(&recipe);
  recipe.place = residents_.size() - 1;
  recipe.last_use = now_ns();
  if (!recipe.component) return;
  root_of(*recipe.component).cost -= recipe.application->cost;
  recipe.component = nullptr;
}

void Rematerializer::lost(OutputRecipe& recipe) noexcept {
  OutputRecipe* moved = residents_.back();
  residents_[recipe.place] = moved;
  moved->place = recipe.place;
  residents_.pop_back();
  recipe.component = make_ref<Component>(recipe.application->cost);
  recipe.each_missing_neighbour([&](const OutputRecipe& neighbour) {
    if (neighbour.component) join(*neighbour.component, *recipe.component);
  });
}

double Rematerializer::score(const OutputRecipe& recipe, int64_t now) const {
  InlineVector<const Component*, 8> around;
  int64_t cost = recipe.application->cost;
  recipe.each_missing_neighbour([&](const OutputRecipe& neighbour) {
    if (!neighbour.component) return;
    const Component* root = &root_of(*neighbour.component);
    if (std::find(around.begin(), around.end(), root) != around.end()) return;
    around.push_back(root);
    cost += root->cost;
  });
  return static_cast<double>(cost) / (static_cast<double>(recipe.bytes) * static_cast<double>(std::max<int64_t>(now - recipe.last_use, 1)));
}

OutputRecipe* Rematerializer::victim() {
  const size_t count = residents_.size();
  const auto looks = samples_ ? static_cast<size_t>(std::ceil(std::sqrt(static_cast<double>(count)))) : count;
  // A sample may meet nothing but what is in use: then all are looked at, before there is no memory.
  OutputRecipe* best = cheapest(looks);
  return best || looks == count ? best : cheapest(count);
}

// The best to lose of `looks` candidates. Neighbours in the list were made one after the other: a stride spreads the looks.
OutputRecipe* Rematerializer::cheapest(size_t looks) {
  const size_t count = residents_.size();
  const int64_t now = now_ns();
  const size_t stride = looks ? count / looks : 1;
  OutputRecipe* best = nullptr;
  double best_score = 0;
  for (size_t seen = 0, i = 0; i < count && seen < looks; ++i) {
    cursor_ = (cursor_ + stride) % count;
    OutputRecipe* candidate = residents_[cursor_];
    if (candidate->storage->pinned()) continue;
    ++seen;
    const double candidate_score = score(*candidate, now);
    if (best && candidate_score >= best_score) continue;
    best = candidate;
    best_score = candidate_score;
  }
  return best;
}

bool Rematerializer::evict_one() noexcept {
  OutputRecipe* chosen = victim();
  if (!chosen) return false;
  chosen->storage->give_up_memory();
  lost(*chosen);
  ++counts_.evictions;
  return true;
}

void Rematerializer::restore(OutputRecipe& wanted) {
  std::deque<Recomputation> stack;  // no recursion: a chain of missing values is as long as the net
  stack.emplace_back(wanted);
  Ref<Storage> latest;  // until its reader has pinned it
  while (!stack.empty()) {
    if (OutputRecipe* missing = stack.back().gather()) {
      stack.emplace_back(*missing);
      continue;
    }
    latest = stack.back().run(*this);
    ++counts_.recomputations;
    stack.pop_back();
  }
}

void Rematerializer::settle(const Tape& session) {
  std::vector<Ref<Storage>> kept;
  for (const OutputRecipe* recipe : residents_)
    if (recipe->application->session == &session) kept.push_back(Ref<Storage>(recipe->storage));
  for (const Ref<Storage>& storage : kept) storage->cut_off();
}

}  // namespace keima
