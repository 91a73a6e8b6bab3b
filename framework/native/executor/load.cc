// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "executor/executor.h"
#include "executor/step_loader.h"

namespace keima::executor {
namespace {

bool load_range(const Json& json, const Arena& arena, int64_t& at, int64_t& count) {
  return json.member("at").integer(at) && json.member("count").integer(count) && count > 0 && arena.holds(at, product(count, 4));
}

Status load_steps(const Json& steps, StepLoader& loader, Plan& plan) {
  const int64_t count = steps.length();
  if (count < 1 || count > kMaxSteps) return "the plan has no steps, or more than the runtime holds";
  plan.step_count = static_cast<int>(count);
  for (int64_t i = 0; i < count; ++i)
    if (const Status status = loader.load(steps.element(i), plan.steps[i])) return status;
  return nullptr;
}

}  // namespace

Status load(const Exec& exec, const void* file, size_t size, Plan& plan) {
  Container container;
  if (const Status status = container.open(file, size)) return status;
  Text text;
  if (!container.bytes_of({"keima.plan", 10}, text)) return "the file holds no plan: there is no tensor keima.plan";
  if (text.size > kMaxText) return "the plan is longer than 1 MiB";
  const Json json(text);
  int64_t version = 0;
  Arena arena;
  if (!json.member("version").integer(version) || version != 1) return "the plan's version is not 1";
  if (!json.member("arena").integer(arena.bytes) || arena.bytes > kMaxArena) return "the plan's arena size is missing or too large";
  if (!load_range(json.member("input"), arena, plan.input_at, plan.input_count)) return "the plan's input does not lie in its arena";
  if (!load_range(json.member("output"), arena, plan.output_at, plan.output_count)) return "the plan's output does not lie in its arena";
  StepLoader loader(exec, container, arena);
  if (const Status status = load_steps(json.member("steps"), loader, plan)) return status;
  // Scratch lies behind the arena proper and is shared by all steps.
  const int64_t scratch = (arena.bytes + kAlignment - 1) / kAlignment * kAlignment;
  for (int i = 0; i < plan.step_count; ++i) plan.steps[i].scratch = scratch;
  plan.arena_bytes = static_cast<size_t>(scratch + loader.scratch_bytes());
  return nullptr;
}

}  // namespace keima::executor
