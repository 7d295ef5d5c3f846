/* Vectors of 8, 16 and 32-bit numbers, and the operations that C's vector extensions lack.
 *
 * Clang and GCC turn the extensions (loads, stores, conversions, shuffles) into AVX2 or NEON. Only
 * multiplying pairs, narrowing with saturation and finding zeros need intrinsics. Without AVX2 and NEON they
 * are plain C, for the tests. */
#ifndef VECTOR_H
#define VECTOR_H

#include <stdint.h>
#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#elif defined(__aarch64__)
#include <arm_neon.h>
#endif

typedef uint8_t u8x4 __attribute__((vector_size(4)));
typedef uint8_t u8x8 __attribute__((vector_size(8)));
typedef uint8_t u8x16 __attribute__((vector_size(16)));
typedef int16_t i16x8 __attribute__((vector_size(16)));
typedef int16_t i16x16 __attribute__((vector_size(32)));
typedef int32_t i32x4 __attribute__((vector_size(16)));
typedef int32_t i32x8 __attribute__((vector_size(32)));

#define SHUFFLE __builtin_shufflevector
#define CONVERT __builtin_convertvector

/* Functions that take 32-byte vectors must be inlined: how they are passed depends on the compiler's flags. */
#define INLINE static inline __attribute__((always_inline))

/* A load or store of any type at any address, aligned or not. */
#define LOAD(type, from) ({ type loaded; memcpy(&loaded, (from), sizeof loaded); loaded; })
#define STORE(to, value) ({ __typeof__(value) stored = (value); memcpy((to), &stored, sizeof stored); })

/* Return a pair of 16-bit numbers, packed in 32 bits, eight times. */
INLINE i16x16 repeat_pair(int32_t pair) {
    i32x8 pairs = {pair, pair, pair, pair, pair, pair, pair, pair};
    return (i16x16)pairs;
}

/* Return the products of two vectors, added in pairs: a[0]*b[0] + a[1]*b[1], a[2]*b[2] + a[3]*b[3], ... */
INLINE i32x8 multiply_pairs(i16x16 a, i16x16 b) {
#if defined(__AVX2__)
    return (i32x8)_mm256_madd_epi16((__m256i)a, (__m256i)b);
#elif defined(__aarch64__)
    int16x8_t a0 = (int16x8_t)SHUFFLE(a, a, 0, 1, 2, 3, 4, 5, 6, 7);
    int16x8_t a1 = (int16x8_t)SHUFFLE(a, a, 8, 9, 10, 11, 12, 13, 14, 15);
    int16x8_t b0 = (int16x8_t)SHUFFLE(b, b, 0, 1, 2, 3, 4, 5, 6, 7);
    int16x8_t b1 = (int16x8_t)SHUFFLE(b, b, 8, 9, 10, 11, 12, 13, 14, 15);
    i32x4 low = (i32x4)vpaddq_s32(vmull_s16(vget_low_s16(a0), vget_low_s16(b0)), vmull_high_s16(a0, b0));
    i32x4 high = (i32x4)vpaddq_s32(vmull_s16(vget_low_s16(a1), vget_low_s16(b1)), vmull_high_s16(a1, b1));
    return SHUFFLE(low, high, 0, 1, 2, 3, 4, 5, 6, 7);
#else
    i32x8 sums;
    for (int i = 0; i < 8; i++) {
        sums[i] = a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1];
    }
    return sums;
#endif
}

/* Return sixteen numbers, saturated to -32768..32767.
 *
 * AVX2 packs each 128-bit half by itself, so the quarters come out in the order 0, 2, 1, 3. The
 * permutation 0xd8 swaps the middle two. */
INLINE i16x16 narrow(i32x8 low, i32x8 high) {
#if defined(__AVX2__)
    return (i16x16)_mm256_permute4x64_epi64(_mm256_packs_epi32((__m256i)low, (__m256i)high), 0xd8);
#elif defined(__aarch64__)
    int32x4_t a = (int32x4_t)SHUFFLE(low, low, 0, 1, 2, 3), b = (int32x4_t)SHUFFLE(low, low, 4, 5, 6, 7);
    int32x4_t c = (int32x4_t)SHUFFLE(high, high, 0, 1, 2, 3), d = (int32x4_t)SHUFFLE(high, high, 4, 5, 6, 7);
    i16x8 first = (i16x8)vqmovn_high_s32(vqmovn_s32(a), b), second = (i16x8)vqmovn_high_s32(vqmovn_s32(c), d);
    return SHUFFLE(first, second, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#else
    i16x16 numbers;
    for (int i = 0; i < 16; i++) {
        int32_t value = i < 8 ? low[i] : high[i - 8];
        numbers[i] = (int16_t)(value < INT16_MIN ? INT16_MIN : value > INT16_MAX ? INT16_MAX : value);
    }
    return numbers;
#endif
}

/* Return sixteen numbers, saturated to 0..255. */
INLINE u8x16 saturate(i32x8 low, i32x8 high) {
#if defined(__AVX2__)
    __m256i lanes = _mm256_packs_epi32((__m256i)low, (__m256i)high);
    __m256i ordered = _mm256_permute4x64_epi64(lanes, 0xd8);
    return (u8x16)_mm_packus_epi16(_mm256_castsi256_si128(ordered), _mm256_extracti128_si256(ordered, 1));
#elif defined(__aarch64__)
    int32x4_t a = (int32x4_t)SHUFFLE(low, low, 0, 1, 2, 3), b = (int32x4_t)SHUFFLE(low, low, 4, 5, 6, 7);
    int32x4_t c = (int32x4_t)SHUFFLE(high, high, 0, 1, 2, 3), d = (int32x4_t)SHUFFLE(high, high, 4, 5, 6, 7);
    int16x8_t first = vqmovn_high_s32(vqmovn_s32(a), b), second = vqmovn_high_s32(vqmovn_s32(c), d);
    return (u8x16)vqmovun_high_s16(vqmovun_s16(first), second);
#else
    u8x16 bytes;
    for (int i = 0; i < 16; i++) {
        int32_t value = i < 8 ? low[i] : high[i - 8];
        bytes[i] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
    }
    return bytes;
#endif
}

/* Return which of sixteen numbers are not 0, the first in the lowest bit. */
INLINE uint32_t find_nonzero(i16x16 numbers) {
    i16x16 is_present = (i16x16)(numbers != 0); /* all ones, or all zeros */
#if defined(__AVX2__)
    __m256i lanes = (__m256i)is_present;
    __m128i bytes = _mm_packs_epi16(_mm256_castsi256_si128(lanes), _mm256_extracti128_si256(lanes, 1));
    return (uint32_t)_mm_movemask_epi8(bytes);
#else
    const i16x16 bits = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, INT16_MIN};
    i16x16 found = is_present & bits;
#if defined(__aarch64__)
    int16x8_t low = (int16x8_t)SHUFFLE(found, found, 0, 1, 2, 3, 4, 5, 6, 7);
    int16x8_t high = (int16x8_t)SHUFFLE(found, found, 8, 9, 10, 11, 12, 13, 14, 15);
    return vaddvq_u16(vreinterpretq_u16_s16(vorrq_s16(low, high)));
#else
    uint32_t sum = 0;
    for (int i = 0; i < 16; i++) {
        sum |= (uint16_t)found[i];
    }
    return sum;
#endif
#endif
}

#endif
