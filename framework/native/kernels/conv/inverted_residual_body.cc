// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
#include "kernels/conv/inverted_residual_body.h"

#include "kernels/conv/cover.h"
#include "kernels/conv/depthwise_rows.h"
#include "kernels/gemm/panels.h"

namespace keima::KEIMA_ISA {
namespace {

constexpr Tap kOnlyTap{0, 0};

ConvProblem pointwise(const ConvShape& s, const ConvStage& stage, int64_t target_block) {
  ConvProblem p;
  p.y = {1, 1, 1, 0, s.in_height, s.out_height, false};
  p.x = {1, 1, 1, 0, s.in_width, s.out_width, false};
  p.source.channels = s.in_channels;
  p.target.channels = s.out_channels;
  p.target.block = target_block;
  p.packed = stage.packed;
  p.epilogue = stage.epilogue;
  return p;
}

// Column group `group` of `rows` rows; a, c and residual at the group's first channel.
void pointwise_rows(const ConvProblem& p, int64_t group, const float* bias, const float* a, int64_t a_block, float* c,
                    const float* residual, int64_t rows) {
  TileCall call = group_call(p, group, bias);
  call.a_block = a_block;
  call.taps = &kOnlyTap;
  call.tap_count = 1;
  Rectangle area;
  area.height = rows;
  area.width = p.x.target;
  area.a = a;
  area.a_row = p.x.target * kBlock;
  area.c = c;
  area.c_row = area.a_row;
  area.residual = residual;
  Prefetch prefetch(group + 1 < p.groups() ? p.packed + (group + 1) * p.group_floats() : nullptr, p.group_floats(),
                    cover_tiles(rows, p.x.target));
  cover(call, area, group_blocks(p, group), prefetch);
}

// Rows of an image, a band after the other. Expanded rows that two bands meet are kept.
class Rows {
 public:
  Rows(const ResidualCall& call, const ResidualBands& bands, int64_t image, float* scratch)
      : shape_(call.shape), call_(call), bands_(bands),
        depthwise_(call.shape.depthwise, false, call.depthwise.packed, call.depthwise.epilogue),
        source_row_(call.shape.depthwise.in_width * kBlock), target_row_(call.shape.depthwise.out_width * kBlock),
        packed_(scratch), expanded_(packed_ + bands.packed), gathered_(expanded_ + bands.expanded),
        blocks_(conv_blocks(call.shape.depthwise.in_channels)),
        expand_(call.shape.expands ? pointwise(call.shape.expand, call.expand, bands.source_rows * source_row_) : ConvProblem{}),
        project_(pointwise(call.shape.project, call.project, call.shape.project.out_height * target_row_)) {
    const ConvShape& s = call.shape.expands ? call.shape.expand : call.shape.depthwise;
    input_block_ = s.in_height * source_row_;
    input_ = call.input + image * conv_blocks(s.in_channels) * input_block_;
    output_image_ = image * conv_blocks(call.shape.project.out_channels) * project_.target.block;
  }

  void run(int64_t first, int64_t last) {
    const int64_t rows = last - first, bands = (rows + bands_.rows - 1) / bands_.rows;
    for (int64_t i = 0; i < bands; ++i) band(first + rows * i / bands, first + rows * (i + 1) / bands);
  }

 private:
  void band(int64_t first, int64_t last) {
    const ConvShape& d = shape_.depthwise;
    const int64_t top = conv_least(d.in_height, conv_most(0, first * d.stride_height - d.pad_top));
    const int64_t reach = (last - 1) * d.stride_height - d.pad_top + (d.kernel_height - 1) * d.dilation_height + 1;
    const int64_t bottom = conv_most(top, conv_least(d.in_height, reach));
    const int64_t kept = conv_most(0, end_ - top);
    if (shape_.expands) pack(top + kept, bottom);
    for (int64_t block = 0; block < blocks_; block += 2) {
      if (shape_.expands) expand(block, top, kept, bottom);
      for (int64_t b = block; b < conv_least(blocks_, block + 2); ++b) gather(b, top, first, last);
    }
    top_ = top;
    end_ = bottom;
    clear_tail(last - first);
    project(first, last);
  }

  // Packs input rows [first, last) as panels of pixels.
  void pack(int64_t first, int64_t last) {
    const int64_t pixels = (last - first) * shape_.expand.in_width;
    panels_ = Panels{RowTiles(conv_most(1, pixels)), expand_.source_blocks() * kBlock, packed_};
    if (pixels == 0) return;
    const float* from = input_ + first * source_row_;
    PanelBlock square;
    for (int64_t t = 0; t < panels_.tiles.tiles; ++t)
      for (int64_t b = 0; b < expand_.source_blocks(); ++b) {
        const bool end = t + 1 == panels_.tiles.tiles && b + 1 == expand_.source_blocks();
        square.read_rows(from + b * input_block_ + panels_.tiles.begin(t) * kBlock, kBlock, panels_.tiles.rows(t), expand_.source.channels - b * kBlock);
        square.write(panels_.tiles.rows(t), 1, end, panels_.at(t, b * kBlock));
      }
  }

  // Two blocks' rows [top, bottom), of which the first `kept` are there from the band before.
  void expand(int64_t block, int64_t top, int64_t kept, int64_t bottom) {
    const int64_t stride = expand_.target.block;
    float* to = expanded_ + block * stride;
    if (kept > 0 && top > top_)
      for (int64_t b = 0; b < conv_least(2, blocks_ - block); ++b)
        memmove(to + b * stride, to + b * stride + (top - top_) * source_row_, static_cast<size_t>(kept * source_row_) * sizeof(float));
    if (top + kept < bottom) multiply(block / 2, to + kept * source_row_);
  }

  void multiply(int64_t group, float* to) {
    Prefetch prefetch(group + 1 < expand_.groups() ? expand_.packed + (group + 1) * expand_.group_floats() : nullptr, expand_.group_floats(), panels_.tiles.tiles);
    TileCall call = group_call(expand_, group, call_.expand_bias);
    call.absent = (call.blocks * kBlock - expand_.source.channels) / 4 * 4;
    const int64_t blocks = group_blocks(expand_, group);
    for (int64_t b = 0; b < blocks; b += kTileBlocks) {
      call.c = to;
      each_tile(panels_, call, static_cast<int>(conv_least(kTileBlocks, blocks - b)), prefetch,
                [](TileFunction tile, const TileCall& here, int64_t) { tile(here); });
      call.w += kTileBlocks * kBlock;
      if (call.bias != nullptr) call.bias += kTileBlocks * kBlock;
      to += kTileBlocks * call.c_block;
    }
  }

  void gather(int64_t block, int64_t top, int64_t first, int64_t last) {
    const float* source = shape_.expands ? expanded_ + block * expand_.target.block : input_ + block * input_block_;
    float* to = gathered_ + block * bands_.rows * target_row_;
    for (int64_t y = first; y < last; ++y, to += target_row_)
      depthwise_.row(block, y, source, shape_.expands ? top : 0, nullptr, to);
  }

  // Lanes past the channels would meet weights of zero, but may hold a NaN.
  void clear_tail(int64_t rows) {
    const int64_t channels = shape_.project.in_channels % kBlock;
    if (channels == 0) return;
    float* to = gathered_ + (blocks_ - 1) * bands_.rows * target_row_;
    for (int64_t at = 0; at < rows * target_row_; at += kBlock)
      for (int64_t lane = channels; lane < kBlock; ++lane) to[at + lane] = 0;
  }

  void project(int64_t first, int64_t last) {
    for (int64_t group = 0; group < project_.groups(); ++group) {
      const int64_t at = output_image_ + 2 * group * project_.target.block + first * target_row_;
      const float* residual = project_.epilogue.residual;
      pointwise_rows(project_, group, call_.project_bias, gathered_, bands_.rows * target_row_, call_.output + at,
                     residual != nullptr ? residual + at : nullptr, last - first);
    }
  }

  const InvertedResidualShape& shape_;
  const ResidualCall& call_;
  const ResidualBands& bands_;
  const DepthwiseRows depthwise_;
  const int64_t source_row_;
  const int64_t target_row_;
  float* const packed_;
  float* const expanded_;
  float* const gathered_;
  const int64_t blocks_;
  const ConvProblem expand_;
  const ConvProblem project_;
  const float* input_;
  int64_t input_block_;
  int64_t output_image_;
  Panels panels_{RowTiles(1), 0, nullptr};
  int64_t top_ = 0;  // rows [top_, end_) are expanded
  int64_t end_ = 0;
};

}  // namespace

void inverted_residual_rows(const ResidualCall& call, const ResidualBands& bands, int64_t image, int64_t first, int64_t last,
                            float* scratch) {
  Rows(call, bands, image, scratch).run(first, last);
}

}  // namespace keima::KEIMA_ISA
