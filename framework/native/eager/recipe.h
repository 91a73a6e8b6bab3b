// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// How a value was computed, kept so that its memory can be given up and the value computed again.
#pragma once

#include <vector>

#include "base/inline_vector.h"
#include "ops/op.h"

namespace keima {

class OutputRecipe;
class Tape;

// One application of an op with what it read. It keeps recipes alive but no memory, except that of tensors without one.
class Application : public RefCounted {
 public:
  struct Operand {
    Tensor tensor;              // without memory when there is a recipe; null: left out
    Ref<OutputRecipe> recipe = {};
  };

  Application(const Op& op, Attrs attrs, std::span<const Tensor> inputs, const Tape& session);
  ~Application() override;

  const Op& op;
  const Attrs attrs;
  InlineVector<Operand, 3> operands;
  std::vector<OutputRecipe*> outputs;  // those that may be asked for; they take themselves off the list
  int64_t cost = 0;                    // ns of the last execution
  const Tape* const session;           // that recorded it; compared only
};

// Values next to each other that are not in memory: computing one may mean computing all. Sets are joined as their
// members meet and never split (the union-find approximation of the paper's neighbourhoods).
class Component : public RefCounted {
 public:
  explicit Component(int64_t cost) : cost(cost) {}
  Ref<Component> parent;  // null at the root
  int64_t cost;           // of all members; meaningful at the root
};
Component& root_of(Component& component);

// One output of an application: the recipe of the storage that holds it.
class OutputRecipe final : public Recipe {
 public:
  OutputRecipe(Ref<Application> application, size_t index, Storage& storage);
  ~OutputRecipe() override;

  void restore() override;
  void release_storage() noexcept override;
  bool resident() const noexcept { return storage && !storage->evicted(); }
  // Calls visit(recipe) for the operands and the results of the readers that are not in memory.
  template <class Visit>
  void each_missing_neighbour(const Visit& visit) const;

  const Ref<Application> application;
  const size_t index;  // which output
  const int64_t bytes;
  Storage* storage;                    // null once nobody holds the value
  std::vector<Application*> readers;   // they take themselves off the list
  Ref<Component> component;            // while not resident
  int64_t last_use = 0;                // ns
  size_t place = 0;                    // in the list of residents
};

template <class Visit>
void OutputRecipe::each_missing_neighbour(const Visit& visit) const {
  for (const Application::Operand& operand : application->operands)
    if (operand.recipe && !operand.recipe->resident()) visit(*operand.recipe);
  for (const Application* reader : readers)
    for (const OutputRecipe* result : reader->outputs)
      if (!result->resident()) visit(*result);
}

}  // namespace keima
