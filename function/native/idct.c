/* Eight columns at a time, then eight rows at a time, each by sums of products of pairs.
 *
 * The factors are sqrt(2) * cos(k * pi / 16) in 13 bits, as Loeffler, Ligtenberg and Moschytz's
 * algorithm has them after multiplying out; those of smaller sizes are means of theirs. */
#include "idct.h"

#include "huffman.h"
#include "vector.h"

enum { FACTOR_BITS = 13, KEPT_BITS = 2 }; /* of a factor; of a fraction, between the passes */

/* a * x + b * y for eight columns. */
INLINE i32x8 weigh(i16x8 x, i16x8 y, int16_t a, int16_t b) {
    i16x16 pairs = SHUFFLE(x, y, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    return multiply_pairs(pairs, repeat_pair((int32_t)((uint32_t)(uint16_t)b << 16 | (uint16_t)a)));
}

INLINE void mirror(i32x8 even, i32x8 odd, i32x8 *first, i32x8 *last) {
    *first = even + odd;
    *last = even - odd;
}

/* One dimension, from 8 coefficients `in` to `size` pixels `out`, which are 2^13 times too large,
 * and further times 8 / size. */
INLINE void transform(const i16x8 in[SIDE], int size, i32x8 out[SIDE]) {
    if (size == 8) {
        i32x8 sum = CONVERT(in[0], i32x8) + CONVERT(in[4], i32x8);
        i32x8 difference = CONVERT(in[0], i32x8) - CONVERT(in[4], i32x8);
        i32x8 wide = weigh(in[2], in[6], 10703, 4433), narrow = weigh(in[2], in[6], 4433, -10704);
        i32x8 even[4];
        mirror(sum << FACTOR_BITS, wide, &even[0], &even[3]);
        mirror(difference << FACTOR_BITS, narrow, &even[1], &even[2]);
        mirror(even[0], weigh(in[1], in[3], 11363, 9633) + weigh(in[5], in[7], 6437, 2260), &out[0], &out[7]);
        mirror(even[1], weigh(in[1], in[3], 9633, -2259) + weigh(in[5], in[7], -11362, -6436), &out[1], &out[6]);
        mirror(even[2], weigh(in[1], in[3], 6437, -11362) + weigh(in[5], in[7], 2261, 9633), &out[2], &out[5]);
        mirror(even[3], weigh(in[1], in[3], 2260, -6436) + weigh(in[5], in[7], 9633, -11363), &out[3], &out[4]);
    } else if (size == 4) {
        i32x8 mean = CONVERT(in[0], i32x8) << (FACTOR_BITS + 1), tilt = weigh(in[2], in[6], 15137, -6270);
        mirror(mean + tilt, weigh(in[1], in[3], 20995, 7373) + weigh(in[5], in[7], -4926, -4176), &out[0], &out[3]);
        mirror(mean - tilt, weigh(in[1], in[3], 8697, -17799) + weigh(in[5], in[7], 11893, -1730), &out[1], &out[2]);
    } else if (size == 2) {
        mirror(CONVERT(in[0], i32x8) << (FACTOR_BITS + 2),
               weigh(in[1], in[3], 29692, -10426) + weigh(in[5], in[7], 6967, -5906), &out[0], &out[1]);
    } else {
        out[0] = CONVERT(in[0], i32x8) << (FACTOR_BITS + 3);
    }
}

/* How many bits too large the results of transform() are. */
INLINE int excess(int size) { return FACTOR_BITS + (size == 8 ? 0 : size == 4 ? 1 : size == 2 ? 2 : 3); }

INLINE i32x8 shift_rounded(i32x8 values, int bits) { return (values + (1 << (bits - 1))) >> bits; }

/* All rows of one block from its columns. */
INLINE void pass_down(const int16_t block[STRIDE], int rows, i16x8 *out) {
    i16x8 in[SIDE];
    i32x8 sums[SIDE];
    for (int i = 0; i < SIDE; i++) {
        in[i] = LOAD(i16x8, block + SIDE * i);
    }
    transform(in, rows, sums);
    int bits = excess(rows) - KEPT_BITS;
    for (int i = 0; i < rows; i += 2) {
        i16x16 two = narrow(shift_rounded(sums[i], bits), shift_rounded(sums[(i + 1) % rows], bits));
        out[i] = SHUFFLE(two, two, 0, 1, 2, 3, 4, 5, 6, 7);
        if (rows > 1) {
            out[i + 1] = SHUFFLE(two, two, 8, 9, 10, 11, 12, 13, 14, 15);
        }
    }
}

/* Turn a square of numbers: a riffle of its halves moves the first bit of an index to the end. */
INLINE void turn(i16x8 rows[SIDE]) {
    for (int bit = 0; bit < 3; bit++) {
        i16x8 riffled[SIDE];
        for (int i = 0; i < 4; i++) {
            riffled[2 * i] = SHUFFLE(rows[i], rows[i + 4], 0, 8, 1, 9, 2, 10, 3, 11);
            riffled[2 * i + 1] = SHUFFLE(rows[i], rows[i + 4], 4, 12, 5, 13, 6, 14, 7, 15);
        }
        memcpy(rows, riffled, sizeof riffled);
    }
}

/* Turn 4 or 8 columns of eight bytes, two of them in a vector. */
INLINE void turn_bytes(u8x16 *pairs, int columns) {
    for (int bit = 1; bit < columns; bit *= 2) {
        u8x16 riffled[4];
        for (int i = 0, half = columns / 4; i < half; i++) {
            u8x16 a = pairs[i], b = pairs[i + half];
            riffled[2 * i] = SHUFFLE(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
            riffled[2 * i + 1] = SHUFFLE(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
        }
        memcpy(pairs, riffled, 8 * (size_t)columns);
    }
}

/* All pixels of eight rows from their columns: row after row. */
INLINE void pass_across(const i16x8 in[SIDE], int columns, u8x16 pixels[4]) {
    i32x8 levels[SIDE];
    transform(in, columns, levels);
    for (int i = 0; i < columns; i++) {
        levels[i] = shift_rounded(levels[i], excess(columns) + KEPT_BITS + 3) + 128;
    }
    for (int i = 0; i < columns; i += 2) {
        pixels[i / 2] = saturate(levels[i], levels[(i + 1) % columns]);
    }
    if (columns == 2) {
        pixels[0] = SHUFFLE(pixels[0], pixels[0], 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    } else if (columns > 2) {
        turn_bytes(pixels, columns);
    }
}

/* draw_blocks() for sizes that are known when it is compiled. */
INLINE void draw(const int16_t *blocks, int columns, int rows, struct plane plane, int x, int y) {
    i16x8 lanes[SIDE];
    u8x16 vectors[4];
    for (int lane = 0; lane < LANES; lane += rows) {
        pass_down(blocks + lane / rows * STRIDE, rows, lanes + lane);
    }
    turn(lanes);
    pass_across(lanes, columns, vectors);
    const uint8_t *pixels = (const uint8_t *)vectors;
    uint8_t *corner = plane.pixels + (size_t)y * plane.width + x;
    int whole = x + LANES / rows * columns <= plane.width && y + rows <= plane.height;
    for (int lane = 0; lane < LANES; lane++) {
        int right = lane / rows * columns, down = lane % rows;
        uint8_t *to = corner + (size_t)down * plane.width + right;
        if (__builtin_expect(whole, 1)) {
            memcpy(to, pixels + lane * columns, (size_t)columns);
        } else if (y + down < plane.height && x + right < plane.width) {
            int room = plane.width - x - right;
            memcpy(to, pixels + lane * columns, (size_t)(room < columns ? room : columns));
        }
    }
}

void draw_blocks(const int16_t *blocks, int columns, int rows, struct plane plane, int x, int y) {
    switch (16 * columns + rows) {
#define CASE(columns, rows) \
    case 16 * columns + rows: draw(blocks, columns, rows, plane, x, y); break
        CASE(8, 8);
        CASE(8, 4);
        CASE(4, 8);
        CASE(4, 4);
        CASE(4, 2);
        CASE(2, 4);
        CASE(2, 2);
        CASE(2, 1);
        CASE(1, 2);
        CASE(1, 1);
    }
}
