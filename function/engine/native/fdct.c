/* The two passes of libjpeg's jfdctint.c, eight rows and then eight columns at a time. */
#include "fdct.h"

#include "dct.h"

typedef float f32x8 __attribute__((vector_size(32)));

/* libjpeg's coefficients before quantisation are this many times too large (jcdctmgr.c). */
enum { SCALE = 8 };

/* Transform one dimension of eight samples, whose sums are 2^PASS1_BITS times too large after the
 * first pass (`is_first`) and right again after the second.
 *
 * Constants are sqrt(2) * cos(k * pi / 16): sums of the rounded constants of jpeg_fdct_islow(), the
 * algorithm of Loeffler, Ligtenberg and Moschytz multiplied out, as in idct.c. */
INLINE void fdct_1d(i16x8 lanes[DCTSIZE], int is_first) {
    int bits = CONST_BITS + (is_first ? -PASS1_BITS : PASS1_BITS);
    i16x8 sum[4], difference[4];
    for (int i = 0; i < 4; i++) {
        sum[i] = lanes[i] + lanes[7 - i];
        difference[i] = lanes[i] - lanes[7 - i];
    }
    i16x8 outer = sum[0] + sum[3], inner = sum[1] + sum[2];
    i16x8 far = sum[0] - sum[3], near = sum[1] - sum[2];
    i16x8 all = outer + inner, ends = outer - inner;
    lanes[0] = is_first ? all << PASS1_BITS : (all + (1 << (PASS1_BITS - 1))) >> PASS1_BITS;
    lanes[4] = is_first ? ends << PASS1_BITS : (ends + (1 << (PASS1_BITS - 1))) >> PASS1_BITS;
    i32x8 even[2] = {multiply_add(far, near, 10703, 4433), multiply_add(far, near, 4433, -10704)};
    i16x8 a = difference[0], b = difference[1], c = difference[2], d = difference[3];
    i32x8 odd[4] = {
        multiply_add(a, b, 11363, 9633) + multiply_add(c, d, 6437, 2260),
        multiply_add(a, b, 9633, -2259) + multiply_add(c, d, -11362, -6436),
        multiply_add(a, b, 6437, -11362) + multiply_add(c, d, 2261, 9633),
        multiply_add(a, b, 2260, -6436) + multiply_add(c, d, 9633, -11363),
    };
    i16x16 twice = narrow(descale(even[0], bits), descale(even[1], bits));
    i16x16 low = narrow(descale(odd[0], bits), descale(odd[1], bits));
    i16x16 high = narrow(descale(odd[2], bits), descale(odd[3], bits));
    lanes[2] = lower_half(twice);
    lanes[6] = upper_half(twice);
    lanes[1] = lower_half(low);
    lanes[3] = upper_half(low);
    lanes[5] = lower_half(high);
    lanes[7] = upper_half(high);
}

/* Divide by the steps and round to the nearest integer, halves away from zero.
 *
 * With half a unit more than half a step, the quotient is never within 2^-17 of an integer, so the
 * rounding of floats cannot carry it to the other side: sums are integers and a half, below 2^15. */
INLINE i32x8 quantise(i16x8 coefficients, const float *half, const float *reciprocal) {
    f32x8 values = CONVERT(CONVERT(coefficients, i32x8), f32x8);
    i32x8 signs = (i32x8)values & INT32_MIN;
    f32x8 rounded = values + (f32x8)((i32x8)LOAD(f32x8, half) | signs);
    return CONVERT(rounded * LOAD(f32x8, reciprocal), i32x8);
}

struct quantiser make_quantiser(const uint8_t steps[DCTSIZE2]) {
    struct quantiser quantiser;
    for (int i = 0; i < DCTSIZE2; i++) {
        quantiser.half[i] = (float)(SCALE * steps[i] / 2) + 0.5f;
        quantiser.reciprocal[i] = 1.0f / (float)(SCALE * steps[i]);
    }
    return quantiser;
}

uint64_t fdct_block(const uint8_t *samples, size_t stride, const struct quantiser *quantiser,
                    int16_t coefficients[DCTSIZE2]) {
    i16x8 lanes[DCTSIZE];
    for (int row = 0; row < DCTSIZE; row++) {
        lanes[row] = CONVERT(LOAD(u8x8, samples + row * stride), i16x8) - 128; /* T.81, A.3.1 */
    }
    transpose(lanes);
    fdct_1d(lanes, 1);
    transpose(lanes);
    fdct_1d(lanes, 0);
    uint64_t present = 0;
    for (int i = 0; i < DCTSIZE2; i += 2 * DCTSIZE) {
        i32x8 above = quantise(lanes[i / DCTSIZE], quantiser->half + i, quantiser->reciprocal + i);
        i32x8 below = quantise(lanes[i / DCTSIZE + 1], quantiser->half + i + DCTSIZE, quantiser->reciprocal + i + DCTSIZE);
        i16x16 rows = narrow(above, below);
        STORE(coefficients + i, rows);
        present |= (uint64_t)find_nonzero(rows) << i;
    }
    return present;
}
