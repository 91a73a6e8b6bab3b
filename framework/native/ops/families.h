// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// The list of op families; each is one file ops/<family>.cc that declares its ops.
#pragma once

#include "ops/registry.h"

namespace keima {

void declare_attention(Registry&);
void declare_batch_norm(Registry&);
void declare_channel_shuffle(Registry&);
void declare_conv(Registry&);
void declare_elementwise(Registry&);
void declare_indexing(Registry&);
void declare_inverted_residual(Registry&);
void declare_shape(Registry&);
void declare_layer_norm(Registry&);
void declare_matmul(Registry&);
void declare_optimizer(Registry&);
void declare_pooling(Registry&);
void declare_reduction(Registry&);
void declare_scan(Registry&);
void declare_softmax(Registry&);
void declare_sorting(Registry&);

inline constexpr void (*kFamilies[])(Registry&) = {
    declare_attention,
    declare_batch_norm,
    declare_channel_shuffle,
    declare_conv,
    declare_elementwise,
    declare_indexing,
    declare_inverted_residual,
    declare_shape,
    declare_layer_norm,
    declare_matmul,
    declare_optimizer,
    declare_pooling,
    declare_reduction,
    declare_scan,
    declare_softmax,
    declare_sorting,
};

}  // namespace keima
