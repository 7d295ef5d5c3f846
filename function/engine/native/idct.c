/* The two passes of libjpeg's jidctint.c, eight columns and then eight rows at a time.
 *
 * A block of fewer than eight columns shares its vectors with its neighbours. They are transposed by
 * as many calls of interleave_halves() as columns have bits: the vector's number is the column then,
 * and the row has become part of the lane's. */
#include "idct.h"

#include "dct.h"

typedef int16_t i16x4 __attribute__((vector_size(8)));

INLINE i32x8 to_fixed_point(i16x8 x) { return CONVERT(x, i32x8) << CONST_BITS; }

INLINE void butterfly(i32x8 even, i32x8 odd, i32x8 *first, i32x8 *last) {
    *first = even + odd;
    *last = even - odd;
}

/* Transform one dimension: `points` coefficients to as many samples, 2^CONST_BITS times too large.
 *
 * Constants are sqrt(2) * cos(k * pi / 16). For eight points they are sums of the rounded constants
 * of jpeg_idct_islow(), the algorithm of Loeffler, Ligtenberg and Moschytz multiplied out: -10704 is
 * FIX(0.541196100) - FIX(1.847759065). Integer sums wrap (-fwrapv in pipeline/bundle/native.py), so their order
 * does not matter and the results are equal. Fewer points have no result to equal, and -10703 is nearer. */
INLINE void idct_1d(const i16x8 *in, int points, i32x8 *out) {
    if (points == 8) {
        i32x8 wide = multiply_add(in[2], in[6], 10703, 4433), narrow = multiply_add(in[2], in[6], 4433, -10704);
        i32x8 even[4];
        butterfly(to_fixed_point(in[0]) + to_fixed_point(in[4]), wide, &even[0], &even[3]);
        butterfly(to_fixed_point(in[0]) - to_fixed_point(in[4]), narrow, &even[1], &even[2]);
        butterfly(even[0], multiply_add(in[1], in[3], 11363, 9633) + multiply_add(in[5], in[7], 6437, 2260),
                  &out[0], &out[7]);
        butterfly(even[1], multiply_add(in[1], in[3], 9633, -2259) + multiply_add(in[5], in[7], -11362, -6436),
                  &out[1], &out[6]);
        butterfly(even[2], multiply_add(in[1], in[3], 6437, -11362) + multiply_add(in[5], in[7], 2261, 9633),
                  &out[2], &out[5]);
        butterfly(even[3], multiply_add(in[1], in[3], 2260, -6436) + multiply_add(in[5], in[7], 9633, -11363),
                  &out[3], &out[4]);
    } else if (points == 4) {
        butterfly(to_fixed_point(in[0]) + to_fixed_point(in[2]), multiply_add(in[1], in[3], 10703, 4433),
                  &out[0], &out[3]);
        butterfly(to_fixed_point(in[0]) - to_fixed_point(in[2]), multiply_add(in[1], in[3], 4433, -10703),
                  &out[1], &out[2]);
    } else if (points == 2) {
        butterfly(to_fixed_point(in[0]), to_fixed_point(in[1]), &out[0], &out[1]);
    } else {
        out[0] = to_fixed_point(in[0]);
    }
}

/* Return one row of coefficients of 8 / columns blocks, which are `distance` blocks apart: first the
 * first column of each block, then the second column of each, and so on. */
INLINE i16x8 load_row(const int16_t *row, int columns, int distance) {
    if (columns == 8) {
        return LOAD(i16x8, row);
    }
    if (columns == 4) {
        return SHUFFLE(LOAD(i16x4, row), LOAD(i16x4, row + distance * BLOCK_STRIDE), 0, 4, 1, 5, 2, 6, 3, 7);
    }
    i16x8 lanes;
    for (int lane = 0, blocks = LANES / columns; lane < LANES; lane++) {
        lanes[lane] = row[lane % blocks * distance * BLOCK_STRIDE + lane / blocks];
    }
    return lanes;
}

/* Transform the columns of 8 / columns blocks. narrow() saturates like jsimd_idct_islow_*() does,
 * so that faulty blocks give the same samples. */
INLINE void column_pass(const int16_t *blocks, int columns, int rows, i16x8 *out) {
    i16x8 in[DCTSIZE];
    i32x8 sums[DCTSIZE];
    for (int i = 0; i < rows; i++) {
        in[i] = load_row(blocks + DCTSIZE * i, columns, columns / rows);
    }
    idct_1d(in, rows, sums);
    for (int i = 0; i < rows; i++) {
        sums[i] = descale(sums[i], CONST_BITS - PASS1_BITS);
    }
    for (int i = 0; i < rows; i += 2) {
        i16x16 two = narrow(sums[i], sums[(i + 1) % rows]);
        out[i] = lower_half(two);
        if (rows > 1) {
            out[i + 1] = upper_half(two);
        }
    }
}

/* interleave_halves() for samples, of which a vector holds two columns. */
INLINE void interleave_sample_halves(u8x16 *vectors, int count) {
    u8x16 result[DCTSIZE / 2];
    if (count == 1) {
        *vectors = SHUFFLE(*vectors, *vectors, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
        return;
    }
    for (int i = 0, half = count / 2; i < half; i++) {
        u8x16 a = vectors[i], b = vectors[i + half];
        result[2 * i] = SHUFFLE(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        result[2 * i + 1] = SHUFFLE(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    memcpy(vectors, result, (size_t)count * sizeof *vectors);
}

/* Transform eight rows, given as columns, to their samples, row after row without gaps. */
INLINE void row_pass(const i16x8 *in, int columns, u8x16 samples[DCTSIZE / 2]) {
    i32x8 sums[DCTSIZE];
    idct_1d(in, columns, sums);
    for (int i = 0; i < columns; i++) {
        /* Both passes together are 8 times too large, which is 3 bits. The 128 undoes the level shift
         * of T.81, A.3.1. */
        sums[i] = descale(sums[i], CONST_BITS + PASS1_BITS + 3) + 128;
    }
    for (int i = 0; i < columns; i += 2) {
        samples[i / 2] = saturate(sums[i], sums[(i + 1) % columns]);
    }
    for (int bit = 1; bit < columns; bit *= 2) {
        interleave_sample_halves(samples, columns / 2);
    }
}

/* idct_blocks() for numbers of columns and rows that the compiler knows. */
INLINE void idct_blocks_of(const int16_t *blocks, int columns, int rows, struct plane plane, int x, int y) {
    i16x8 vectors[DCTSIZE];
    for (int pass = 0; pass < columns / rows; pass++) {
        column_pass(blocks + pass * BLOCK_STRIDE, columns, rows, vectors + pass * rows);
    }
    for (int bit = 1; bit < columns; bit *= 2) {
        interleave_halves(vectors, columns);
    }
    u8x16 bytes[DCTSIZE / 2];
    row_pass(vectors, columns, bytes);
    const uint8_t *samples = (const uint8_t *)bytes;
    int width = LANES / rows * columns;
    uint8_t *corner = plane.samples + (size_t)y * plane.width + x;
    if (__builtin_expect(x + width <= plane.width && y + rows <= plane.height, 1)) {
        for (int lane = 0; lane < LANES; lane++) {
            size_t offset = (size_t)(lane % rows) * plane.width + lane / rows * columns;
            memcpy(corner + offset, samples + lane * columns, (size_t)columns);
        }
        return;
    }
    for (int lane = 0; lane < LANES; lane++) {
        int down = lane % rows, right = lane / rows * columns, room = plane.width - x - right;
        if (y + down < plane.height && room > 0) {
            size_t offset = (size_t)down * plane.width + right;
            memcpy(corner + offset, samples + lane * columns, (size_t)(room < columns ? room : columns));
        }
    }
}

#define CASE(columns, rows) \
    case LANES * columns + rows: idct_blocks_of(blocks, columns, rows, plane, x, y); break

void idct_blocks(const int16_t *blocks, int columns, int rows, struct plane plane, int x, int y) {
    switch (LANES * columns + rows) {
        CASE(8, 8);
        CASE(8, 4);
        CASE(4, 4);
        CASE(4, 2);
        CASE(2, 2);
        CASE(2, 1);
        CASE(1, 1);
    }
}
