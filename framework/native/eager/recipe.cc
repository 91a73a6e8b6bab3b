// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "eager/recipe.h"

#include <algorithm>

#include "base/release_list.h"
#include "eager/rematerialization.h"

namespace keima {

Application::Application(const Op& op, Attrs attrs, std::span<const Tensor> inputs, const Tape& session)
    : op(op), attrs(std::move(attrs)), session(&session) {
  for (const Tensor& input : inputs) {
    if (!input || !input.storage()->recipe()) {
      operands.push_back({input});
      continue;
    }
    // Recipes are made here alone.
    Ref<OutputRecipe> recipe(static_cast<OutputRecipe*>(input.storage()->recipe().get()));
    recipe->readers.push_back(this);
    operands.push_back({input.on(nullptr, 0), std::move(recipe)});
  }
}

Application::~Application() {
  ReleaseList<OutputRecipe> release;
  for (Operand& operand : operands) {
    if (!operand.recipe) continue;
    std::erase(operand.recipe->readers, this);
    release.take(operand.recipe);
  }
}

Component& root_of(Component& component) {
  Component* root = &component;
  while (root->parent) root = root->parent.get();
  Ref<Component> at(&component);
  while (at.get() != root) {  // paths are shortened
    Ref<Component> next = at->parent;
    if (next.get() != root) at->parent = Ref<Component>(root);
    at = std::move(next);
  }
  return *root;
}

OutputRecipe::OutputRecipe(Ref<Application> application, size_t index, Storage& storage)
    : application(std::move(application)), index(index), bytes(storage.bytes()), storage(&storage) {
  this->application->outputs.push_back(this);
}

OutputRecipe::~OutputRecipe() {
  std::erase(application->outputs, this);
  if (component) root_of(*component).cost -= application->cost;
}

void OutputRecipe::restore() { Rematerializer::instance().restore(*this); }

void OutputRecipe::release_storage() noexcept {
  const bool was_resident = resident();
  storage = nullptr;
  if (was_resident) Rematerializer::instance().lost(*this);
}

}  // namespace keima
