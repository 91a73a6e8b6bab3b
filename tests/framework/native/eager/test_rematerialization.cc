// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Values that gave their memory up come back bit for bit, whatever was evicted when.
#include <doctest/doctest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "base/allocator.h"
#include "eager/backward.h"
#include "eager/dispatch.h"
#include "eager/rematerialization.h"
#include "ops/layout.h"

using namespace keima;

namespace {

Rematerializer& rematerializer() { return Rematerializer::instance(); }

// Everything may be evicted, and a session records; or neither.
class Recording {
 public:
  explicit Recording(bool rematerialize) : rematerialize_(rematerialize) {
    rematerializer().set_smallest(0);
    rematerializer().enable(rematerialize);
    Tape::instance().begin_session();
  }
  ~Recording() {
    end();
    rematerializer().enable(false);
    rematerializer().set_smallest(int64_t{1} << 20);
  }
  void end() {
    if (!std::exchange(open_, false)) return;
    Tape::instance().end_session();
  }
  void evict_all() const {
    while (rematerialize_ && rematerializer().evict_one()) continue;
  }

 private:
  bool rematerialize_;
  bool open_ = true;
};

Tensor random_tensor(const Dims& shape, uint32_t seed) {
  Tensor tensor = Tensor::empty(shape, ScalarType::kFloat32);
  std::mt19937 engine(seed);
  std::normal_distribution<float> normal;
  std::generate_n(tensor.data<float>(), tensor.numel(), [&] { return normal(engine); });
  return tensor;
}

Value constant(Tensor tensor) { return {std::move(tensor), nullptr, 0}; }

bool same_bits(const Tensor& a, const Tensor& b) {
  const Tensor x = to_contiguous(to_plain(a)), y = to_contiguous(to_plain(b));
  return x.shape() == y.shape() && std::memcmp(x.raw(), y.raw(), static_cast<size_t>(x.numel() * x.dtype().itemsize())) == 0;
}

// Two convolutions with batch normalisation and an activation around them; gradients of the weights, and the statistics.
std::vector<Tensor> train(bool rematerialize) {
  Recording recording(rematerialize);
  const std::vector<Ref<Leaf>> leaves{make_ref<Leaf>(), make_ref<Leaf>()};
  const Value weights[] = {{random_tensor({20, 3, 3, 3}, 1), leaves[0], 0}, {random_tensor({20, 20, 3, 3}, 2), leaves[1], 0}};
  for (const auto& leaf : leaves) ++leaf->sessions;
  std::vector<Tensor> results;
  Value x = constant(random_tensor({2, 3, 9, 9}, 3));
  for (const Value& weight : weights) {
    const Attrs conv{Dims{1, 1}, Dims{1, 1}, Dims{1, 1}, int64_t{1}};
    x = apply1(op_of<"conv2d">(), {x, weight}, conv);
    std::vector<Value> operands{x, {}, {}};
    const ValueList normal = apply(op_of<"batch_norm_train">(), operands, Attrs{1e-5});
    results.push_back(normal[1].tensor);
    results.push_back(normal[2].tensor);
    x = apply1(op_of<"relu">(), {normal[0]});
    recording.evict_all();
  }
  const Value loss = apply1(op_of<"mul">(), {x, x});
  results.push_back(loss.tensor);
  recording.evict_all();
  const Root root{loss, constant(filled(loss.tensor.shape(), 1.0, ScalarType::kFloat32))};
  std::vector<Tensor> gradients(2);
  {
    const Tape::Hide hide(Tape::instance());
    backward({&root, 1}, leaves, false, [&](size_t i, Value gradient) {
      gradients[i] = gradient.tensor;
      recording.evict_all();
    });
  }
  results.insert(results.end(), gradients.begin(), gradients.end());
  for (const auto& leaf : leaves) --leaf->sessions;
  return results;
}

}  // namespace

TEST_CASE("a training step is bit-equal with everything evicted") {
  const auto before = rematerializer().counts();
  const std::vector<Tensor> kept = train(false);
  CHECK(rematerializer().counts().evictions == before.evictions);
  const std::vector<Tensor> recomputed = train(true);
  CHECK(rematerializer().counts().evictions > before.evictions + 5);
  CHECK(rematerializer().counts().recomputations > before.recomputations + 5);
  REQUIRE(kept.size() == recomputed.size());
  for (size_t i = 0; i < kept.size(); ++i) CHECK(same_bits(kept[i], recomputed[i]));
}

TEST_CASE("drawn programs give the same values whatever is evicted, written in place or dropped") {
  for (uint32_t seed = 0; seed < 60; ++seed) {
    std::vector<std::vector<Tensor>> runs;
    for (const bool rematerialize : {false, true}) {
      Recording recording(rematerialize);
      std::mt19937 engine(seed);
      auto draw = [&](size_t n) { return std::uniform_int_distribution<size_t>(0, n - 1)(engine); };
      std::vector<Value> values;
      for (uint32_t i = 0; i < 3; ++i) values.push_back(constant(random_tensor({4, 6}, seed + i)));
      for (int step = 0; step < 40; ++step) {
        const size_t a = draw(values.size()), b = draw(values.size()), action = draw(8);
        const bool evict = draw(3) == 0;
        if (action == 0 && values.size() > 3) {
          values.erase(values.begin() + static_cast<std::ptrdiff_t>(a));
        } else if (action == 1) {  // a view of another shape and back
          values.push_back(apply1(op_of<"reshape">(), {apply1(op_of<"transpose">(), {values[a]}, Attrs{Dims{1, 0}})}, Attrs{Dims{4, 6}}));
        } else if (action == 2 || action == 3) {  // in place, recorded or not
          std::vector<Value> operands{std::move(values[a]), a == b ? constant(filled({}, 0.5, ScalarType::kFloat32)) : values[b]};
          if (action == 3) Tape::instance().pause();
          values[a] = std::move(apply(op_of<"sub">(), operands, {}, 1)[0]);
          if (action == 3) Tape::instance().resume();
        } else {
          values.push_back(apply1(action % 2 ? op_of<"tanh">() : op_of<"sigmoid">(), {apply1(op_of<"add">(), {values[a], values[b]})}));
        }
        if (evict) recording.evict_all();
      }
      std::vector<Tensor> results;
      if (seed % 2) recording.end();  // what is missing then still comes back
      for (const Value& value : values) results.push_back(to_contiguous(value.tensor));
      runs.push_back(std::move(results));
    }
    REQUIRE(runs[0].size() == runs[1].size());
    for (size_t i = 0; i < runs[0].size(); ++i) CHECK_MESSAGE(same_bits(runs[0][i], runs[1][i]), "seed ", seed, ", value ", i);
  }
}

TEST_CASE("a long chain comes back without recursion") {
  Recording recording(true);
  Value x = constant(filled({8}, 0.0, ScalarType::kFloat32));
  const Value one = constant(filled({}, 1.0, ScalarType::kFloat32));
  for (int i = 0; i < 20000; ++i) x = apply1(op_of<"add">(), {x, one});  // all but the last are gone at once
  recording.evict_all();
  CHECK(x.tensor.storage()->evicted());
  CHECK(x.tensor.data<float>()[7] == 20000.0F);
}

TEST_CASE("what a reader outside points at is never evicted") {
  Recording recording(true);
  const Value x = apply1(op_of<"exp">(), {constant(random_tensor({16}, 5))});
  recording.evict_all();
  CHECK(x.tensor.storage()->evicted());
  x.tensor.storage()->cut_off();
  const std::byte* at = x.tensor.raw();
  recording.evict_all();
  CHECK(!x.tensor.storage()->evicted());
  CHECK(x.tensor.raw() == at);
}

TEST_CASE("the end of a session leaves no recipe to what is in memory") {
  Recording recording(true);
  const Tensor leaf = random_tensor({16}, 6);
  const Value x = apply1(op_of<"exp">(), {constant(leaf)});
  CHECK(!leaf.unique());
  recording.end();
  CHECK(!x.tensor.storage()->recipe());
  CHECK(leaf.unique());
}

TEST_CASE("the allocator's limit holds by evictions, and names the limit when nothing is left to evict") {
  Recording recording(true);
  Allocator& allocator = Allocator::instance();
  allocator.trim();
  const int64_t megabyte = int64_t{1} << 20;
  const int64_t limit = allocator.stats().reserved + 12 * megabyte;
  allocator.set_limit(limit);
  const int64_t evictions = rematerializer().counts().evictions;
  std::vector<Value> values{constant(random_tensor({2 * megabyte / 4}, 7))};
  for (int i = 0; i < 12; ++i) values.push_back(apply1(op_of<"tanh">(), {values.back()}));
  CHECK(rematerializer().counts().evictions > evictions + 5);
  CHECK(allocator.stats().reserved <= limit);
  CHECK_THROWS_WITH_AS(Tensor::empty({13 * megabyte}, ScalarType::kInt8), doctest::Contains("limit"), Error);
  allocator.set_limit(0);
  Tensor last = values[0].tensor;
  for (int i = 0; i < 12; ++i) {
    const Value next = apply1(op_of<"tanh">(), {constant(last)});
    last = next.tensor;
  }
  CHECK(same_bits(last, values.back().tensor));
}
