// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Softmax, its logarithm, logsumexp and their gradients, for one instruction set.
#include "kernels/softmax/lines.h"
#include "kernels/softmax/variants.h"

namespace keima::KEIMA_ISA {
namespace {

template <class Line, class T>
KEIMA_INLINE F max_of(const Line& line, const T* x) {
  F m = splat<F>(-kInfinity);
  for (int64_t i = 0; i < line.steps(); ++i) m = maximum(m, line.load(x, i, -kInfinity));
  return line.max(m);
}

// sum(e^(x - shift)); terms are also stored where T holds them without loss.
template <bool keep, class Line, class T>
KEIMA_INLINE F sum_of_exp(const Line& line, const T* x, F shift, [[maybe_unused]] T* terms) {
  TwoLevelSum<F> sum;
  for (int64_t i = 0; i < line.steps(); ++i) {
    const F e = exp(line.load(x, i, -kInfinity) - shift);
    if constexpr (keep) line.store(terms, i, e);
    sum.add(e);
  }
  return line.sum(sum.value());
}

template <class Line, class T>
KEIMA_INLINE void softmax_line(const Line& line, const T* x, T* y) {
  constexpr bool kKeep = __is_same(T, float);
  const F shift = max_of(line, x);
  const F scale = 1.F / sum_of_exp<kKeep>(line, x, shift, y);
  for (int64_t i = 0; i < line.steps(); ++i) {
    if constexpr (kKeep) line.store(y, i, line.load(y, i, 0.F) * scale);
    if constexpr (!kKeep) line.store(y, i, exp(line.load(x, i, 0.F) - shift) * scale);
  }
}

// The maximum where it is finite, so that infinities give infinities instead of NaN.
template <class Line, class T>
KEIMA_INLINE F logsumexp_line(const Line& line, const T* x) {
  const F m = max_of(line, x);
  const F shift = abs(m) < kInfinity ? m : F{};
  const F sum = sum_of_exp<false>(line, x, shift, static_cast<T*>(nullptr));
  return is_nan(m) ? m : log(sum) + shift;
}

template <class Line, class T>
KEIMA_INLINE void log_softmax_line(const Line& line, const T* x, T* y) {
  // Two subtractions: x - (shift + log(sum)) would lose the digits of log(sum) where the shift is large.
  const F shift = max_of(line, x);
  const F rest = log(sum_of_exp<false>(line, x, shift, static_cast<T*>(nullptr)));
  for (int64_t i = 0; i < line.steps(); ++i) line.store(y, i, (line.load(x, i, 0.F) - shift) - rest);
}

template <class Line, class T>
KEIMA_INLINE void softmax_backward_line(const Line& line, const T* y, const T* dy, T* dx) {
  TwoLevelSum<F> sum;
  for (int64_t i = 0; i < line.steps(); ++i) sum.add(line.load(y, i, 0.F) * line.load(dy, i, 0.F));
  const F mean = line.sum(sum.value());
  for (int64_t i = 0; i < line.steps(); ++i) line.store(dx, i, line.load(y, i, 0.F) * (line.load(dy, i, 0.F) - mean));
}

template <class Line, class T>
KEIMA_INLINE void log_softmax_backward_line(const Line& line, const T* y, const T* dy, T* dx) {
  TwoLevelSum<F> sum;
  for (int64_t i = 0; i < line.steps(); ++i) sum.add(line.load(dy, i, 0.F));
  const F total = line.sum(sum.value());
  for (int64_t i = 0; i < line.steps(); ++i) line.store(dx, i, line.load(dy, i, 0.F) - exp(line.load(y, i, 0.F)) * total);
}

}  // namespace

int64_t softmax_columns() { return kLanes; }

void softmax_forward_tasks(SoftmaxForm form, const SoftmaxArgs& args, int64_t begin, int64_t end) {
  with_float_type(args.type, [&]<class T>(T) {
    const T* in = static_cast<const T*>(args.in);
    T* out = static_cast<T*>(args.out);
    for_lines(args, begin, end, [&](const auto& line, int64_t element, int64_t result) {
      if (form == SoftmaxForm::kSoftmax) return softmax_line(line, in + element, out + element);
      if (form == SoftmaxForm::kLog) return log_softmax_line(line, in + element, out + element);
      line.store_result(out + result, logsumexp_line(line, in + element));
    });
  });
}

void softmax_backward_tasks(SoftmaxForm form, const SoftmaxBackwardArgs& args, int64_t begin, int64_t end) {
  with_float_type(args.type, [&]<class T>(T) {
    const T* y = static_cast<const T*>(args.y);
    const T* dy = static_cast<const T*>(args.dy);
    T* dx = static_cast<T*>(args.dx);
    for_lines(args, begin, end, [&](const auto& line, int64_t element, int64_t) {
      if (form == SoftmaxForm::kSoftmax) return softmax_backward_line(line, y + element, dy + element, dx + element);
      log_softmax_backward_line(line, y + element, dy + element, dx + element);
    });
  });
}

void cross_entropy_tasks(const CrossEntropyArgs& args, int64_t begin, int64_t end) {
  const float smooth = args.label_smooth;
  with_float_type(args.type, [&]<class T>(T) {
    for_lines(args, begin, end, [&](const auto& line, int64_t element, int64_t result) {
      const T* x = static_cast<const T*>(args.logits) + element;
      const F total = logsumexp_line(line, x);
      F loss = (1.F - smooth) * (total - line.pick(x, args.labels + result));
      if (smooth != 0.F) {
        TwoLevelSum<F> sum;
        for (int64_t i = 0; i < line.steps(); ++i) sum.add(line.load(x, i, 0.F));
        loss += smooth * (total - line.sum(sum.value()) / static_cast<float>(args.n));
      }
      line.store_result(args.logsumexp + result, total);
      line.store_result(args.loss + result, loss);
    });
  });
}

void cross_entropy_backward_tasks(const CrossEntropyArgs& args, int64_t begin, int64_t end) {
  const float hit = 1.F - args.label_smooth;
  const float everywhere = args.label_smooth / static_cast<float>(args.n);
  with_float_type(args.type, [&]<class T>(T) {
    for_lines(args, begin, end, [&](const auto& line, int64_t element, int64_t result) {
      const T* x = static_cast<const T*>(args.logits) + element;
      T* dx = static_cast<T*>(args.dlogits) + element;
      const F total = line.load_result(args.logsumexp + result);
      const F scale = args.dloss_is_scalar ? splat<F>(*args.dloss) : line.load_result(args.dloss + result);
      for (int64_t i = 0; i < line.steps(); ++i) {
        const F probability = exp(line.load(x, i, 0.F) - total);
        line.store(dx, i, scale * (probability - hit * line.one_hot(args.labels + result, i) - everywhere));
      }
    });
  });
}

}  // namespace keima::KEIMA_ISA
