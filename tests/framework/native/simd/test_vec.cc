// SPDX-FileCopyrightText: 2026 The Keima Authors
// SPDX-License-Identifier: Apache-2.0
// Vector types and memory access of every instruction set, against scalar C++ and libm.
#include <doctest/doctest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <bit>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>
#include <vector>

#include "base/freestanding/isa.h"
#include "probe.h"

using namespace keima;

namespace {

template <class Body>
void on_every_isa(Body body) {
  int run = 0;
  for (const Isa isa : kBuiltIsas) {
    if (!runs(detect_isa(), isa)) continue;
    CAPTURE(static_cast<int>(isa));
    body(KEIMA_PICK(isa, simd_probe)());
    ++run;
  }
  REQUIRE(run > 0);
}

bool same_float(float a, float b) { return std::isnan(a) ? std::isnan(b) : a == b; }

constexpr float kInf = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
// 37 values: whole vectors of every width and a tail.
const std::vector<float> kSpecial = {0.F,    -0.F,   1.F,     -1.F,   0.5F,   -0.5F,      1.5F,       2.5F,    -2.5F,  3.49F,
                                     kInf,   -kInf,  kNan,    1e-40F, 1e38F,  -1e38F,     16777216.F, 0.1F,    -0.1F,  7.F,
                                     -7.F,   100.F,  -100.F,  127.F,  -128.F, 8388607.5F, 255.F,      65504.F, 1e-7F,  6e-8F,
                                     6e-5F,  65519.F, 65520.F, 3.F,    4.F,    5.F,        6.F};

}  // namespace

TEST_CASE("rounding, square root and magnitude agree with libm") {
  const struct {
    const char* name;
    float (*reference)(float);
  } cases[] = {{"floor", [](float x) { return std::floor(x); }}, {"ceil", [](float x) { return std::ceil(x); }},
               {"trunc", [](float x) { return std::trunc(x); }}, {"rint", [](float x) { return std::nearbyint(x); }},
               {"sqrt", [](float x) { return std::sqrt(x); }},   {"abs", [](float x) { return std::fabs(x); }}};
  on_every_isa([&](const SimdProbe& probe) {
    for (const auto& c : cases) {
      std::vector<float> out(kSpecial.size());
      probe.unary(c.name)(kSpecial.data(), out.data(), static_cast<int64_t>(out.size()));
      for (size_t i = 0; i < out.size(); ++i) {
        INFO(c.name, " of ", kSpecial[i], " gives ", out[i]);
        CHECK(same_float(out[i], c.reference(kSpecial[i])));
      }
    }
  });
}

TEST_CASE("maximum and minimum propagate NaN from either side; the ordered forms from the second") {
  on_every_isa([&](const SimdProbe& probe) {
    for (const float b : kSpecial) {
      const std::vector<float> bs(kSpecial.size(), b);
      std::vector<float> max(bs.size()), min(bs.size()), ordered(bs.size()), sign(bs.size());
      const auto n = static_cast<int64_t>(bs.size());
      probe.binary("maximum")(kSpecial.data(), bs.data(), max.data(), n);
      probe.binary("minimum")(kSpecial.data(), bs.data(), min.data(), n);
      probe.binary("max_ordered")(kSpecial.data(), bs.data(), ordered.data(), n);
      probe.binary("copysign")(kSpecial.data(), bs.data(), sign.data(), n);
      for (size_t i = 0; i < bs.size(); ++i) {
        const float a = kSpecial[i];
        INFO(a, " and ", b);
        const bool nan = std::isnan(a) || std::isnan(b);
        CHECK(same_float(max[i], nan ? kNan : std::fmax(a, b)));
        CHECK(same_float(min[i], nan ? kNan : std::fmin(a, b)));
        if (std::isnan(b)) CHECK(std::isnan(ordered[i]));
        if (!nan) CHECK(ordered[i] == std::fmax(a, b));
        CHECK(std::signbit(sign[i]) == std::signbit(b));
        CHECK(same_float(std::fabs(sign[i]), std::fabs(a)));
      }
    }
  });
}

TEST_CASE("horizontal operations") {
  on_every_isa([](const SimdProbe& probe) {
    float in[16];
    for (int i = 0; i < 16; ++i) in[i] = static_cast<float>((i * 7) % 5 - 3);
    const Horizontal result = probe.horizontal(in);
    float sum = 0, product = 1, max = -kInf, min = kInf;
    for (int i = 0; i < result.lanes; ++i) {
      sum += in[i];
      product *= in[i];
      max = std::fmax(max, in[i]);
      min = std::fmin(min, in[i]);
    }
    CHECK(result.sum == sum);
    CHECK(result.product == product);
    CHECK(result.max == max);
    CHECK(result.min == min);
    CHECK(result.any_above_zero);
    for (int bad = 0; bad < result.lanes; ++bad) {
      float with_nan[16];
      std::memcpy(with_nan, in, sizeof(in));
      with_nan[bad] = kNan;
      CHECK(std::isnan(probe.horizontal(with_nan).max));
      CHECK(std::isnan(probe.horizontal(with_nan).min));
    }
    const float zeros[16] = {};
    CHECK_FALSE(probe.horizontal(zeros).any_above_zero);
  });
}

namespace {

const ConvertProbe& conversion(const SimdProbe& probe, ScalarType type) {
  for (int i = 0; i < probe.convert_count; ++i)
    if (probe.converts[i].type == type) return probe.converts[i];
  FAIL("no conversion for this type");
  return probe.converts[0];
}

// IEEE 754 binary16 read by its definition.
float half_value(uint16_t bits) {
  const float sign = (bits & 0x8000) != 0 ? -1.F : 1.F;
  const int exponent = (bits >> 10) & 31;
  const int mantissa = bits & 1023;
  if (exponent == 31) return mantissa != 0 ? kNan : sign * kInf;
  if (exponent == 0) return sign * std::ldexp(static_cast<float>(mantissa), -24);
  return sign * std::ldexp(static_cast<float>(1024 + mantissa), exponent - 25);
}

}  // namespace

TEST_CASE("every float16 and bfloat16 pattern widens exactly, and comes back") {
  on_every_isa([](const SimdProbe& probe) {
    std::vector<uint16_t> all(65536), back(65536);
    for (size_t i = 0; i < all.size(); ++i) all[i] = static_cast<uint16_t>(i);
    std::vector<float> wide(all.size());
    const ConvertProbe& half = conversion(probe, ScalarType::kFloat16);
    half.to_float(all.data(), wide.data(), 65536);
    half.from_float(wide.data(), back.data(), 65536);
    size_t wrong = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      wrong += !same_float(wide[i], half_value(all[i])) || std::signbit(wide[i]) != ((all[i] & 0x8000) != 0);
      wrong += std::isnan(wide[i]) ? !std::isnan(half_value(back[i])) : back[i] != all[i];
    }
    CHECK(wrong == 0);
    const ConvertProbe& brain = conversion(probe, ScalarType::kBfloat16);
    brain.to_float(all.data(), wide.data(), 65536);
    brain.from_float(wide.data(), back.data(), 65536);
    wrong = 0;
    for (size_t i = 0; i < all.size(); ++i) {
      wrong += std::bit_cast<uint32_t>(wide[i]) != static_cast<uint32_t>(all[i]) << 16;
      wrong += std::isnan(wide[i]) ? (back[i] & 0x7fff) <= 0x7f80 : back[i] != all[i];
    }
    CHECK(wrong == 0);
  });
}

TEST_CASE("narrowing to 16-bit floats rounds to nearest even at every boundary") {
  on_every_isa([](const SimdProbe& probe) {
    for (const ScalarType type : {ScalarType::kFloat16, ScalarType::kBfloat16}) {
      const ConvertProbe& c = conversion(probe, type);
      // Neighbouring finite values a < b, their midpoint and one float to either side of it.
      const uint16_t last = type == ScalarType::kFloat16 ? 0x7bfe : 0x7f7e;
      size_t wrong = 0;
      for (uint32_t bits = 0; bits <= last; bits += 3) {
        const uint16_t pair[2] = {static_cast<uint16_t>(bits), static_cast<uint16_t>(bits + 1)};
        float value[2];
        c.to_float(pair, value, 2);
        const auto middle = static_cast<float>((static_cast<double>(value[0]) + value[1]) / 2);
        const float in[3] = {std::nextafter(middle, 0.F), middle, std::nextafter(middle, kInf)};
        uint16_t out[3];
        c.from_float(in, out, 3);
        wrong += in[0] != value[0] && out[0] != pair[0];
        wrong += out[1] != (bits % 2 == 0 ? pair[0] : pair[1]);
        wrong += out[2] != pair[1];
      }
      CHECK(wrong == 0);
    }
  });
}

TEST_CASE("integers and bool: widened by sign, narrowed by wrapping, tails untouched") {
  on_every_isa([](const SimdProbe& probe) {
    const auto check = [&]<class T>(ScalarType type, T) {
      const ConvertProbe& c = conversion(probe, type);
      for (int64_t n = 1; n <= 37; ++n) {
        std::vector<float> in(static_cast<size_t>(n)), wide(static_cast<size_t>(n) + 1, 12345.F);
        std::vector<T> out(static_cast<size_t>(n) + 1, T{77});
        for (size_t i = 0; i < in.size(); ++i) in[i] = static_cast<float>(static_cast<int>(i * 37 % 400) - 150);
        c.from_float(in.data(), out.data(), n);
        c.to_float(out.data(), wide.data(), n);
        for (size_t i = 0; i < in.size(); ++i) {
          const T expected = type == ScalarType::kBool ? T{in[i] != 0} : static_cast<T>(static_cast<int32_t>(in[i]));
          CHECK(out[i] == expected);
          CHECK(wide[i] == static_cast<float>(expected));
        }
        CHECK(out.back() == T{77});
        CHECK(wide.back() == 12345.F);
      }
    };
    check(ScalarType::kInt32, int32_t{});
    check(ScalarType::kInt16, int16_t{});
    check(ScalarType::kInt8, int8_t{});
    check(ScalarType::kUint8, uint8_t{});
    check(ScalarType::kUint16, uint16_t{});
    check(ScalarType::kBool, uint8_t{});
  });
}

namespace {

// A float behind which no page can be read: whoever reads more than it ends the test.
class LastFloat {
 public:
  LastFloat() : page_(static_cast<size_t>(sysconf(_SC_PAGESIZE))), start_(mmap(nullptr, 2 * page_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)) {
    REQUIRE(start_ != MAP_FAILED);
    REQUIRE(mprotect(static_cast<char*>(start_) + page_, page_, PROT_NONE) == 0);
  }
  LastFloat(const LastFloat&) = delete;
  LastFloat& operator=(const LastFloat&) = delete;
  ~LastFloat() { munmap(start_, 2 * page_); }
  float* get() const { return reinterpret_cast<float*>(static_cast<char*>(start_) + page_) - 1; }

 private:
  size_t page_;
  void* start_;
};

// Two roundings are right where the product is not fused.
bool right(float result, float sum, float v, float scale, bool fused) {
  const volatile float product = v * scale;
  return result == std::fma(v, scale, sum) || (!fused && result == product + sum);
}

}  // namespace

TEST_CASE("sums of scaled vectors are those of std::fma, lane by lane, and of the factor one float is read") {
  std::mt19937 generator(7);
  std::uniform_real_distribution<float> uniform(-2, 2);
  const LastFloat scale;
  on_every_isa([&](const SimdProbe& probe) {
    for (const ScaledProbe::Form& form : probe.scaled->forms) {
      size_t wrong = 0;
      for (int round = 0; round < 1000; ++round) {
        float sums[16], v[16], out[16];
        for (int i = 0; i < 16; ++i) sums[i] = uniform(generator), v[i] = uniform(generator), out[i] = 77.F;
        *scale.get() = uniform(generator);
        form.run(sums, v, scale.get(), out);
        for (int i = 0; i < 16; ++i) wrong += i < form.lanes ? !right(out[i], sums[i], v[i], *scale.get(), form.fused) : out[i] != 77.F;
      }
      CHECK(wrong == 0);
    }
  });
}
