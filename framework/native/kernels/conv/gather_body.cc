// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Convolution and its adjoint by gathering: forwards every output pixel, backwards every input pixel, is a sum over taps
// and channel blocks, which is what the micro-kernel computes for a tile of pixels.
#include "kernels/conv/conv_body.h"
#include "kernels/conv/cover.h"
#include "kernels/conv/planes.h"
#include "kernels/conv/winograd.h"

namespace keima::KEIMA_ISA {
namespace {

constexpr int64_t kStripFloats = 192 * 1024;  // planes of a strip: three quarters of a 1 MB second cache
constexpr int64_t kMostImages = 8;            // that share one pass over the weights

// One 1x1 tap over whole channel blocks reads the source where it lies.
bool reads_in_place(const ConvProblem& p) {
  return !p.plain() && p.kernel() == 1 && p.y.stride == 1 && p.x.stride == 1 && p.y.pad == 0 && p.x.pad == 0 &&
         p.y.source == p.y.target && p.x.source == p.x.target && p.source.channels % kBlock == 0;
}

// Tiles want a dozen pixels in a row. Small images have them along the batch, where taps outside the image are not
// computed at all (of a 3x3 kernel on 2x2 images 20 of 36), and small images' weights outweigh the copy.
bool runs_batch_inner(const ConvProblem& p) {
  if (p.plain() || p.batch < 8 || p.source_pixels() > 64 || p.target_pixels() > 64) return false;
  return !reads_in_place(p) || p.target_pixels() <= 16;
}

// How a direct convolution is cut: images [n, n + images) and q rows [q, q + rows) at a time.
struct Cut {
  explicit Cut(const ConvProblem& p) {
    const Planes row(p, 1);
    const int64_t row_floats = conv_most(1, row.floats() / row.height);
    const int64_t halo = row.height - 1;
    rows = conv_least(p.y.extent(), conv_most(conv_most(1, halo), kStripFloats / row_floats - halo));
    const int64_t image_floats = Planes(p, rows).floats();
    images = rows < p.y.extent() ? 1 : conv_least(p.batch, conv_least(kMostImages, conv_most(1, kStripFloats / image_floats)));
    floats = reads_in_place(p) ? 0 : images * image_floats;
    tap_floats = conv_round(p.kernel() * static_cast<int64_t>(sizeof(Tap) / sizeof(float)), kBlock);
  }
  int64_t rows;
  int64_t images;
  int64_t floats;      // planes
  int64_t tap_floats;  // the list of taps of one pixel
};

const float* residual_at(const ConvProblem& p, const float* c) {
  return p.epilogue.residual != nullptr ? p.epilogue.residual + (c - p.target.data) : nullptr;
}

// --- direct: rows of pixels --------------------------------------------------------------------------------------

struct Strip {
  int64_t image;   // first of the cut
  int64_t images;
  int64_t q0;
  int64_t rows;
  const float* planes;
};

int64_t list_taps(const Planes& planes, int64_t class_y, int64_t class_x, Tap* taps) {
  const ConvProblem& p = planes.problem;
  if (p.plain()) {
    taps[0] = Tap{0, 0};
    return 1;
  }
  const ConvTaps along_y(p.y), along_x(p.x);
  const int64_t first_x = along_x.first(class_x);
  int64_t count = 0;
  for (int64_t ky = along_y.first(class_y); ky < p.y.kernel; ky += along_y.step)
    for (int64_t kx = first_x; kx < p.x.kernel; kx += along_x.step)
      taps[count++] = Tap{planes.offset(ky, class_y, kx, class_x), (ky * p.x.kernel + kx) * kTapFloats};
  return count;
}

// One class's pixels of q rows [first, last) of an image, at its first channel.
Rectangle class_rectangle(const Planes& planes, const Strip& strip, int64_t image, int64_t class_y, int64_t class_x,
                          int64_t first, int64_t last) {
  const ConvProblem& p = planes.problem;
  const int64_t q_y = conv_most(first, p.y.first(class_y));
  const int64_t q_x = p.x.first(class_x);
  Rectangle area;
  area.height = conv_least(last, p.y.last(class_y)) - q_y;
  area.width = p.x.last(class_x) - q_x;
  const int64_t row = p.x.target * kBlock;
  float* target = p.target.data + (strip.image + image) * p.target.image;
  area.c = target + p.y.target_of(q_y, class_y) * row + p.x.target_of(q_x, class_x) * kBlock;
  area.c_row = p.y.target_step() * row;
  area.c_column = p.x.target_step() * kBlock;
  area.a_row = planes.row_floats();
  area.a = reads_in_place(p) ? p.source.data + (strip.image + image) * p.source.image + q_y * area.a_row
                             : strip.planes + image * planes.floats() + (q_y - strip.q0) * area.a_row + q_x * kBlock;
  return area;
}

// Column group `group` of q rows [first, last), all images of the strip: the group's weights are read once for them.
void group_rows(const Planes& planes, const Strip& strip, int64_t group, int64_t first, int64_t last, const float* bias,
                Tap* taps) {
  const ConvProblem& p = planes.problem;
  Prefetch prefetch(group + 1 < p.groups() ? p.packed + (group + 1) * p.group_floats() : nullptr, p.group_floats(),
                    strip.images * cover_tiles(last - first, p.x.extent()));
  for (int64_t y = 0; y < p.y.classes(); ++y)
    for (int64_t x = 0; x < p.x.classes(); ++x) {
      const int64_t class_y = p.y.class_of(y), class_x = p.x.class_of(x);
      TileCall call = group_call(p, group, bias);
      call.a_block = reads_in_place(p) ? p.source.block : planes.block_floats();
      call.taps = taps;
      call.tap_count = list_taps(planes, class_y, class_x, taps);
      for (int64_t image = 0; image < strip.images; ++image) {
        Rectangle area = class_rectangle(planes, strip, image, class_y, class_x, first, last);
        area.c += 2 * group * p.target.block;
        area.residual = residual_at(p, area.c);
        cover(call, area, group_blocks(p, group), prefetch);
      }
    }
}

void run_strip(const Exec& exec, const ConvProblem& p, const Cut& cut, Strip strip, const float* bias, float* planes_data,
               float* tap_lists) {
  const Planes planes(p, cut.rows);
  const int64_t blocks = p.source_blocks();
  if (!reads_in_place(p))
    parallel_for(exec, strip.images * blocks, 1, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i)
        planes.build(strip.image + i / blocks, i % blocks, strip.q0, strip.rows,
                     planes_data + (i / blocks) * planes.floats() + (i % blocks) * planes.block_floats());
    });
  strip.planes = planes_data;
  parallel_slices(exec, p.groups() * strip.rows, [&](int64_t slice, int64_t begin, int64_t end) {
    Tap* taps = reinterpret_cast<Tap*>(tap_lists + slice * cut.tap_floats);
    for (int64_t i = begin; i < end;) {
      const int64_t group = i / strip.rows, first = i % strip.rows;
      const int64_t last = conv_least(strip.rows, first + end - i);
      group_rows(planes, strip, group, strip.q0 + first, strip.q0 + last, bias, taps);
      i += last - first;
    }
  });
}

void run_images(const Exec& exec, const ConvProblem& p, const Cut& cut, int64_t begin, int64_t end, const float* bias,
                float* planes, float* taps) {
  for (int64_t n = begin; n < end; n += cut.images)
    for (int64_t q = 0; q < p.y.extent(); q += cut.rows) {
      const Strip strip{n, conv_least(cut.images, end - n), q, conv_least(cut.rows, p.y.extent() - q), nullptr};
      run_strip(exec, p, cut, strip, bias, planes, taps);
    }
}

// Whole images a thread where there are enough of them; else all threads on one strip.
bool slices_images(const Exec& exec, const ConvProblem& p) { return p.batch >= exec.parallel.threads; }

int64_t direct_scratch(const Exec& exec, const ConvProblem& p) {
  const Cut cut(p);
  const int64_t threads = conv_most(1, slice_count(exec, p.batch + p.groups() * p.y.extent()));
  const int64_t planes = slices_images(exec, p) ? threads * cut.floats : cut.floats;
  return conv_bias_floats(p.target.channels) + planes + threads * cut.tap_floats;
}

void run_direct(const Exec& exec, const ConvProblem& p, float* scratch) {
  const Cut cut(p);
  const float* bias = conv_pad_bias(p.epilogue, p.target.channels, scratch);
  float* planes = scratch + conv_bias_floats(p.target.channels);
  if (!slices_images(exec, p)) return run_images(exec, p, cut, 0, p.batch, bias, planes, planes + cut.floats);
  parallel_slices(exec, p.batch, [&](int64_t slice, int64_t begin, int64_t end) {
    float* own = planes + slice * (cut.floats + cut.tap_floats);
    run_images(serial(exec), p, cut, begin, end, bias, own, own + cut.floats);
  });
}

// --- small images: the batch innermost ------------------------------------------------------------------------------

int64_t inner_floats(const ConvProblem& p) { return p.source_blocks() * p.source_pixels() * p.batch * kBlock; }

int64_t batch_inner_scratch(const Exec& exec, const ConvProblem& p) {
  return conv_bias_floats(p.target.channels) + inner_floats(p) + slice_count(exec, p.groups() * p.target_pixels()) * Cut(p).tap_floats;
}

// The taps that target pixel (y, x) meets inside the image.
int64_t list_inner_taps(const ConvProblem& p, int64_t y, int64_t x, Tap* taps) {
  int64_t count = 0;
  for (int64_t ky = 0; ky < p.y.kernel; ++ky) {
    const int64_t from_y = p.y.source_of(y, ky);
    for (int64_t kx = 0; from_y >= 0 && kx < p.x.kernel; ++kx) {
      const int64_t from_x = p.x.source_of(x, kx);
      if (from_x < 0) continue;
      taps[count++] = Tap{(from_y * p.x.source + from_x) * p.batch * kBlock, (ky * p.x.kernel + kx) * kTapFloats};
    }
  }
  return count;
}

void inner_pixel(const ConvProblem& p, int64_t group, int64_t pixel, const float* source, const float* bias, Tap* taps) {
  TileCall call = group_call(p, group, bias);
  call.a_block = p.source_pixels() * p.batch * kBlock;
  call.taps = taps;
  call.tap_count = list_inner_taps(p, pixel / p.x.target, pixel % p.x.target, taps);
  Rectangle area;
  area.height = 1;
  area.width = p.batch;
  area.a = source;
  area.c = p.target.data + 2 * group * p.target.block + pixel * kBlock;
  area.c_column = p.target.image;
  area.residual = residual_at(p, area.c);
  Prefetch none;
  cover(call, area, group_blocks(p, group), none);
}

void run_batch_inner(const Exec& exec, const ConvProblem& p, float* scratch) {
  const float* bias = conv_pad_bias(p.epilogue, p.target.channels, scratch);
  float* source = scratch + conv_bias_floats(p.target.channels);
  float* tap_lists = source + inner_floats(p);
  const int64_t pixels = p.source_pixels();
  parallel_for(exec, p.source_blocks() * pixels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t i = begin; i < end; ++i)
      batch_inner_pixel(p.source, p.batch, i / pixels, i % pixels, source + i * p.batch * kBlock);
  });
  const int64_t targets = p.target_pixels(), tap_floats = Cut(p).tap_floats;
  parallel_slices(exec, p.groups() * targets, [&](int64_t slice, int64_t begin, int64_t end) {
    Tap* taps = reinterpret_cast<Tap*>(tap_lists + slice * tap_floats);
    for (int64_t i = begin; i < end; ++i) inner_pixel(p, i / targets, i % targets, source, bias, taps);
  });
}

}  // namespace

int64_t conv_gather_scratch(const Exec& exec, const ConvProblem& p) {
  if (p.winograd > 0) return conv_winograd_scratch(exec, p);
  if (conv_runs_rows(p)) return conv_rows_scratch(exec, p);
  return runs_batch_inner(p) ? batch_inner_scratch(exec, p) : direct_scratch(exec, p);
}

void conv_gather(const Exec& exec, const ConvProblem& p, float* scratch) {
  if (p.winograd > 0) return conv_winograd(exec, p, scratch);
  if (conv_runs_rows(p)) return conv_rows(exec, p, scratch);
  if (runs_batch_inner(p)) return run_batch_inner(exec, p, scratch);
  run_direct(exec, p, scratch);
}

}  // namespace keima::KEIMA_ISA
