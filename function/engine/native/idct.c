/* Eight columns at a time, then eight rows at a time, each by sums of products of pairs.
 *
 * A block of fewer than eight columns shares its vectors with its neighbours. Numbers are then moved
 * by riffles, which interleave two halves: that takes the first bit of a number's place (vector,
 * then lane) to its end, so that as many riffles as columns have bits make rows of columns. */
#include "idct.h"

#include "huffman.h"
#include "vector.h"

typedef int16_t i16x4 __attribute__((vector_size(8)));

enum { FACTOR_BITS = 13, KEPT_BITS = 2 }; /* of a factor; of a fraction, between the passes */

/* a * x + b * y */
INLINE i32x8 weigh(i16x8 x, i16x8 y, int16_t a, int16_t b) {
    i16x16 pairs = SHUFFLE(x, y, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    return multiply_pairs(pairs, repeat_pair((int32_t)((uint32_t)(uint16_t)b << 16 | (uint16_t)a)));
}

INLINE i32x8 widen(i16x8 x) { return CONVERT(x, i32x8) << FACTOR_BITS; }

INLINE void mirror(i32x8 even, i32x8 odd, i32x8 *first, i32x8 *last) {
    *first = even + odd;
    *last = even - odd;
}

/* One dimension: `size` coefficients to as many pixels, 2^FACTOR_BITS times too large. Factors are
 * sqrt(2) * cos(k * pi / 16), for eight points with the rounding that the algorithm of Loeffler,
 * Ligtenberg and Moschytz gives them when it is multiplied out. */
INLINE void transform(const i16x8 *in, int size, i32x8 *out) {
    if (size == 8) {
        i32x8 wide = weigh(in[2], in[6], 10703, 4433), narrow = weigh(in[2], in[6], 4433, -10704);
        i32x8 even[4];
        mirror(widen(in[0]) + widen(in[4]), wide, &even[0], &even[3]);
        mirror(widen(in[0]) - widen(in[4]), narrow, &even[1], &even[2]);
        mirror(even[0], weigh(in[1], in[3], 11363, 9633) + weigh(in[5], in[7], 6437, 2260), &out[0], &out[7]);
        mirror(even[1], weigh(in[1], in[3], 9633, -2259) + weigh(in[5], in[7], -11362, -6436), &out[1], &out[6]);
        mirror(even[2], weigh(in[1], in[3], 6437, -11362) + weigh(in[5], in[7], 2261, 9633), &out[2], &out[5]);
        mirror(even[3], weigh(in[1], in[3], 2260, -6436) + weigh(in[5], in[7], 9633, -11363), &out[3], &out[4]);
    } else if (size == 4) {
        mirror(widen(in[0]) + widen(in[2]), weigh(in[1], in[3], 10703, 4433), &out[0], &out[3]);
        mirror(widen(in[0]) - widen(in[2]), weigh(in[1], in[3], 4433, -10703), &out[1], &out[2]);
    } else if (size == 2) {
        mirror(widen(in[0]), widen(in[1]), &out[0], &out[1]);
    } else {
        out[0] = widen(in[0]);
    }
}

INLINE i32x8 shift_rounded(i32x8 values, int bits) { return (values + (1 << (bits - 1))) >> bits; }

/* One row of coefficients of 8 / columns blocks, `apart` blocks from each other: lane by lane the
 * first column of each block, the second, and so on. */
INLINE i16x8 gather(const int16_t *row, int columns, int apart) {
    if (columns == 8) {
        return LOAD(i16x8, row);
    }
    if (columns == 4) {
        return SHUFFLE(LOAD(i16x4, row), LOAD(i16x4, row + apart * STRIDE), 0, 4, 1, 5, 2, 6, 3, 7);
    }
    i16x8 lanes;
    for (int lane = 0, blocks = LANES / columns; lane < LANES; lane++) {
        lanes[lane] = row[lane % blocks * apart * STRIDE + lane / blocks];
    }
    return lanes;
}

/* All rows of those blocks from their columns. */
INLINE void pass_down(const int16_t *blocks, int columns, int rows, i16x8 *out) {
    i16x8 in[SIDE];
    i32x8 sums[SIDE];
    for (int i = 0; i < rows; i++) {
        in[i] = gather(blocks + SIDE * i, columns, columns / rows);
    }
    transform(in, rows, sums);
    for (int i = 0; i < rows; i++) {
        sums[i] = shift_rounded(sums[i], FACTOR_BITS - KEPT_BITS);
    }
    for (int i = 0; i < rows; i += 2) {
        i16x16 two = narrow(sums[i], sums[(i + 1) % rows]);
        out[i] = SHUFFLE(two, two, 0, 1, 2, 3, 4, 5, 6, 7);
        if (rows > 1) {
            out[i + 1] = SHUFFLE(two, two, 8, 9, 10, 11, 12, 13, 14, 15);
        }
    }
}

INLINE void riffle(i16x8 *vectors, int count) {
    i16x8 riffled[SIDE];
    for (int i = 0, half = count / 2; i < half; i++) {
        i16x8 a = vectors[i], b = vectors[i + half];
        riffled[2 * i] = SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
        riffled[2 * i + 1] = SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
    }
    memcpy(vectors, riffled, (size_t)count * sizeof *vectors);
}

/* The same for bytes, of which a vector has two columns. */
INLINE void riffle_bytes(u8x16 *vectors, int count) {
    u8x16 riffled[SIDE / 2];
    if (count == 1) {
        *vectors = SHUFFLE(*vectors, *vectors, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
        return;
    }
    for (int i = 0, half = count / 2; i < half; i++) {
        u8x16 a = vectors[i], b = vectors[i + half];
        riffled[2 * i] = SHUFFLE(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
        riffled[2 * i + 1] = SHUFFLE(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
    }
    memcpy(vectors, riffled, (size_t)count * sizeof *vectors);
}

/* All pixels of eight rows from their columns: row after row, without gaps. */
INLINE void pass_across(const i16x8 *in, int columns, u8x16 pixels[SIDE / 2]) {
    i32x8 levels[SIDE];
    transform(in, columns, levels);
    for (int i = 0; i < columns; i++) {
        levels[i] = shift_rounded(levels[i], FACTOR_BITS + KEPT_BITS + 3) + 128;
    }
    for (int i = 0; i < columns; i += 2) {
        pixels[i / 2] = saturate(levels[i], levels[(i + 1) % columns]);
    }
    for (int bit = 1; bit < columns; bit *= 2) {
        riffle_bytes(pixels, columns / 2);
    }
}

/* draw_blocks() for sizes that are known when it is compiled. */
INLINE void draw(const int16_t *blocks, int columns, int rows, struct plane plane, int x, int y) {
    i16x8 vectors[SIDE];
    for (int pass = 0; pass < columns / rows; pass++) {
        pass_down(blocks + pass * STRIDE, columns, rows, vectors + pass * rows);
    }
    for (int bit = 1; bit < columns; bit *= 2) {
        riffle(vectors, columns);
    }
    u8x16 bytes[SIDE / 2];
    pass_across(vectors, columns, bytes);
    const uint8_t *pixels = (const uint8_t *)bytes;
    int width = LANES / rows * columns;
    uint8_t *corner = plane.pixels + (size_t)y * plane.width + x;
    if (__builtin_expect(x + width <= plane.width && y + rows <= plane.height, 1)) {
        for (int lane = 0; lane < LANES; lane++) {
            size_t at = (size_t)(lane % rows) * plane.width + lane / rows * columns;
            memcpy(corner + at, pixels + lane * columns, (size_t)columns);
        }
        return;
    }
    for (int lane = 0; lane < LANES; lane++) {
        int down = lane % rows, across = lane / rows * columns, room = plane.width - x - across;
        if (y + down < plane.height && room > 0) {
            size_t at = (size_t)down * plane.width + across;
            memcpy(corner + at, pixels + lane * columns, (size_t)(room < columns ? room : columns));
        }
    }
}

#define CASE(columns, rows) \
    case LANES * columns + rows: draw(blocks, columns, rows, plane, x, y); break

void draw_blocks(const int16_t *blocks, int columns, int rows, struct plane plane, int x, int y) {
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
