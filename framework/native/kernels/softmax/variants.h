// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The bodies of each instruction set. A task is a row where inner is 1, else a group of softmax_columns() columns of one outer
// index.
#pragma once

#include "kernels/softmax/softmax.h"
#include "simd/variants.h"

namespace keima {

enum class SoftmaxForm : uint8_t { kSoftmax, kLog, kSumExp };

KEIMA_EACH_ISA(int64_t softmax_columns());
KEIMA_EACH_ISA(void softmax_forward_tasks(SoftmaxForm form, const SoftmaxArgs& args, int64_t begin, int64_t end));
KEIMA_EACH_ISA(void softmax_backward_tasks(SoftmaxForm form, const SoftmaxBackwardArgs& args, int64_t begin, int64_t end));
KEIMA_EACH_ISA(void cross_entropy_tasks(const CrossEntropyArgs& args, int64_t begin, int64_t end));
KEIMA_EACH_ISA(void cross_entropy_backward_tasks(const CrossEntropyArgs& args, int64_t begin, int64_t end));

}  // namespace keima
