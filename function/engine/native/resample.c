/* Two passes, as Pillow's: each source row across, then rows down, with 8 bits between.
 *
 * Rows that were resampled across wait in a ring until no target row needs them, so the picture in
 * between never exists as a whole: the ring of a 12 MP photo is 10 KB and stays in the cache.
 *
 * A weight has 23 bits and a vector multiplies 16 by 16, so each weight is split: high << 11 | low.
 * Both halves are multiplied and summed apart, then joined; 32-bit sums wrap, so the join is exact
 * whenever the whole sum fits, and the result equals Pillow's scalar one bit for bit.
 *
 * Vectors read and write past the end of a row, so every row of our own has PADDING bytes behind it.
 * Of the caller's rows only those are read in place behind which enough of the picture follows. */
#include "resample.h"

#include "vector.h"
#include "weights.h"

#include <stdlib.h>

#define PADDING 64
#define SPLIT 11
#define ROUND (1 << (PRECISION - 1))

/* Weights of the pass across, in the order in which vectors read them. */
struct across {
    int *first;
    int blocks; /* vectors of taps for each target pixel */
    int16_t *weights; /* 16 high halves and 16 low ones for each block */
};

static int high_half(int32_t weight) { return weight >> SPLIT; }

static int low_half(int32_t weight) { return weight & ((1 << SPLIT) - 1); }

static int32_t pair(int first, int second) {
    return (int32_t)((uint32_t)(uint16_t)first | (uint32_t)(uint16_t)second << 16);
}

INLINE i32x8 join(i32x8 high, i32x8 low) { return (high << SPLIT) + low; }

/* ---- across, one channel: 16 taps a block ---- */

INLINE i32x8 sum_taps_1(const uint8_t *pixels, const int16_t *weights, int blocks) {
    i32x8 high = {0}, low = {0};
    for (int b = 0; b < blocks; b++, pixels += 16, weights += 32) {
        i16x16 values = CONVERT(LOAD(u8x16, pixels), i16x16);
        high += multiply_pairs(values, LOAD(i16x16, weights));
        low += multiply_pairs(values, LOAD(i16x16, weights + 16));
    }
    return join(high, low);
}

INLINE i32x4 fold(i32x8 sum) {
    return SHUFFLE(sum, sum, 0, 1, 2, 3) + SHUFFLE(sum, sum, 4, 5, 6, 7);
}

INLINE i32x4 add_neighbours(i32x4 a, i32x4 b) {
    return SHUFFLE(a, b, 0, 2, 4, 6) + SHUFFLE(a, b, 1, 3, 5, 7);
}

INLINE i32x4 four_pixels_1(const uint8_t *row, const struct across *across, int x, int blocks) {
    i32x4 sums[4];
    for (int i = 0; i < 4; i++) {
        const int16_t *weights = across->weights + (size_t)(x + i) * blocks * 32;
        sums[i] = fold(sum_taps_1(row + across->first[x + i], weights, blocks));
    }
    return add_neighbours(add_neighbours(sums[0], sums[1]), add_neighbours(sums[2], sums[3]));
}

INLINE void row_1(const uint8_t *row, uint8_t *out, int width, const struct across *across, int blocks) {
    for (int x = 0; x < width; x += 16) {
        i32x4 sums[4];
        for (int i = 0; i < 4; i++) {
            sums[i] = (four_pixels_1(row, across, x + 4 * i, blocks) + ROUND) >> PRECISION;
        }
        STORE(out + x, saturate(SHUFFLE(sums[0], sums[1], 0, 1, 2, 3, 4, 5, 6, 7),
                                SHUFFLE(sums[2], sums[3], 0, 1, 2, 3, 4, 5, 6, 7)));
    }
}

/* ---- across, four channels: 4 taps a block, neighbours' channels side by side ---- */

INLINE i32x4 pixel_4(const uint8_t *pixels, const int16_t *weights, int blocks) {
    i32x8 high = {0}, low = {0};
    for (int b = 0; b < blocks; b++, pixels += 16, weights += 32) {
        u8x16 four = LOAD(u8x16, pixels);
        u8x16 pairs = SHUFFLE(four, four, 0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
        i16x16 values = CONVERT(pairs, i16x16);
        high += multiply_pairs(values, LOAD(i16x16, weights));
        low += multiply_pairs(values, LOAD(i16x16, weights + 16));
    }
    return (fold(join(high, low)) + ROUND) >> PRECISION;
}

INLINE void row_4(const uint8_t *row, uint8_t *out, int width, const struct across *across, int blocks) {
    for (int x = 0; x < width; x += 4) {
        i32x4 pixels[4];
        for (int i = 0; i < 4; i++) {
            const int16_t *weights = across->weights + (size_t)(x + i) * blocks * 32;
            pixels[i] = pixel_4(row + 4 * (size_t)across->first[x + i], weights, blocks);
        }
        STORE(out + 4 * (size_t)x, saturate(SHUFFLE(pixels[0], pixels[1], 0, 1, 2, 3, 4, 5, 6, 7),
                                            SHUFFLE(pixels[2], pixels[3], 0, 1, 2, 3, 4, 5, 6, 7)));
    }
}

/* One row across; the number of blocks as a constant lets the compiler unroll the common cases. */
static void row_across(const uint8_t *row, uint8_t *out, int width, int channels,
                       const struct across *across) {
    int blocks = across->blocks;
    if (channels == 1) {
        switch (blocks) {
        case 1:
            row_1(row, out, width, across, 1);
            break;
        case 2:
            row_1(row, out, width, across, 2);
            break;
        default:
            row_1(row, out, width, across, blocks);
        }
    } else {
        switch (blocks) {
        case 2:
            row_4(row, out, width, across, 2);
            break;
        case 3:
            row_4(row, out, width, across, 3);
            break;
        default:
            row_4(row, out, width, across, blocks);
        }
    }
}

/* Order the taps of the pass across for row_1() or row_4(); 0 when memory is out.
 * Target pixels are padded to 16 with taps of weight zero. */
static int pack(struct across *across, const struct taps *taps, int width, int channels) {
    int block = channels == 1 ? 16 : 4;
    size_t pixels = (width + 15) / 16 * 16;
    across->blocks = (taps->most + block - 1) / block;
    across->first = calloc(pixels, sizeof *across->first);
    across->weights = calloc(pixels * across->blocks, 32 * sizeof *across->weights);
    if (!across->first || !across->weights) {
        return 0;
    }
    for (int x = 0; x < width; x++) {
        across->first[x] = taps->first[x];
        int16_t *out = across->weights + (size_t)x * across->blocks * 32;
        for (int i = 0; i < taps->count[x]; i++) {
            int32_t weight = taps->weights[(size_t)x * taps->most + i];
            int16_t *at = out + i / block * 32;
            if (channels == 1) {
                at[i % 16] = (int16_t)high_half(weight);
                at[i % 16 + 16] = (int16_t)low_half(weight);
                continue;
            }
            for (int channel = 0; channel < 4; channel++) {
                int lane = i % 4 / 2 * 8 + channel * 2 + i % 2;
                at[lane] = (int16_t)high_half(weight);
                at[lane + 16] = (int16_t)low_half(weight);
            }
        }
    }
    return 1;
}

/* ---- down: 32 bytes of as many rows as there are taps, two rows at a time ---- */

struct down_pair {
    const uint8_t *rows[2];
    int32_t high, low; /* both rows' halves */
};

static void row_down(const struct down_pair *pairs, int count, uint8_t *out, size_t bytes) {
    for (size_t x = 0; x < bytes; x += 32) {
        i32x8 high[4] = {{0}}, low[4] = {{0}};
        for (int p = 0; p < count; p++) {
            i16x16 high_weights = repeat_pair(pairs[p].high), low_weights = repeat_pair(pairs[p].low);
            for (int half = 0; half < 2; half++) {
                u8x16 a = LOAD(u8x16, pairs[p].rows[0] + x + 16 * half);
                u8x16 b = LOAD(u8x16, pairs[p].rows[1] + x + 16 * half);
                u8x16 left = SHUFFLE(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
                u8x16 right = SHUFFLE(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
                i16x16 left_values = CONVERT(left, i16x16), right_values = CONVERT(right, i16x16);
                high[2 * half] += multiply_pairs(left_values, high_weights);
                low[2 * half] += multiply_pairs(left_values, low_weights);
                high[2 * half + 1] += multiply_pairs(right_values, high_weights);
                low[2 * half + 1] += multiply_pairs(right_values, low_weights);
            }
        }
        for (int half = 0; half < 2; half++) {
            STORE(out + x + 16 * half,
                  saturate((join(high[2 * half], low[2 * half]) + ROUND) >> PRECISION,
                           (join(high[2 * half + 1], low[2 * half + 1]) + ROUND) >> PRECISION));
        }
    }
}

/* ---- both ---- */

/* What one call needs besides the images. */
struct work {
    int is_across, is_down; /* whether there is anything to do along each axis */
    int is_down_first;
    struct taps across_taps, down_taps;
    struct across across;
    uint8_t *ring;                    /* rows that wait for the pass down */
    size_t ring_bytes, ring_stride;   /* of one row, and from one to the next */
    uint8_t *before, *after;          /* rows that the pass across reads and writes */
    size_t overrun;                   /* bytes past its row that it may read */
    struct down_pair *pairs;
};

static size_t padded(size_t bytes) { return (bytes + 31) / 32 * 32 + PADDING; }

static void finish(struct work *work) {
    free_taps(&work->across_taps);
    free_taps(&work->down_taps);
    free(work->across.first);
    free(work->across.weights);
    free(work->ring);
    free(work->before);
    free(work->after);
    free(work->pairs);
}

static int prepare(struct work *work, struct image source, struct image target, int channels,
                   int filter, const float box[4]) {
    int width = source.width, height = source.height;
    work->is_across = width != target.width || box[0] != 0 || box[2] != (float)width;
    work->is_down = height != target.height || box[1] != 0 || box[3] != (float)height;
    /* Pillow's rule, and the order shows in the last bit. */
    work->is_down_first = target.height < height &&
                          height - target.height > 2 * ((int64_t)width - target.width);
    if (work->is_across &&
        (!find_taps(&work->across_taps, width, target.width, box[0], box[2], filter) ||
         !pack(&work->across, &work->across_taps, target.width, channels))) {
        return 0;
    }
    if (!find_taps(&work->down_taps, height, target.height, work->is_down ? box[1] : 0,
                   work->is_down ? box[3] : (float)height, work->is_down ? filter : BOX)) {
        return 0;
    }
    int most = work->down_taps.most;
    size_t source_bytes = (size_t)width * channels, target_bytes = (size_t)target.width * channels;
    work->ring_bytes = work->is_down_first ? source_bytes : target_bytes;
    work->ring_stride = padded(work->ring_bytes);
    work->overrun = (size_t)work->across.blocks * 16;
    work->ring = calloc(most, work->ring_stride);
    work->before = calloc(padded(source_bytes) + work->overrun, 1);
    work->after = malloc(padded(target_bytes));
    work->pairs = malloc((most + 1) / 2 * sizeof *work->pairs);
    return work->ring && work->before && work->after && work->pairs;
}

/* Put a source row into the ring, resampled across unless that comes later. */
static void feed(struct work *work, int y, struct image source, int width, int channels) {
    size_t bytes = (size_t)source.width * channels;
    const uint8_t *row = source.pixels + y * bytes;
    uint8_t *slot = work->ring + (size_t)(y % work->down_taps.most) * work->ring_stride;
    if (work->is_across && !work->is_down_first) {
        if (bytes + work->overrun > (source.height - y) * bytes) { /* too near to the end */
            row = memcpy(work->before, row, bytes);
        }
        row_across(row, slot, width, channels, &work->across);
    } else {
        memcpy(slot, row, bytes);
    }
}

/* Pair up the rows and weights that make target row `y`; returns how many pairs. */
static int pair_rows(struct work *work, int y) {
    const struct taps *taps = &work->down_taps;
    const int32_t *weights = taps->weights + (size_t)y * taps->most;
    int count = taps->count[y];
    for (int i = 0; i < count; i += 2) {
        int partner = i + 1 < count ? i + 1 : i;
        int32_t first = weights[i], second = partner > i ? weights[partner] : 0;
        work->pairs[i / 2] = (struct down_pair){
            {work->ring + (size_t)((taps->first[y] + i) % taps->most) * work->ring_stride,
             work->ring + (size_t)((taps->first[y] + partner) % taps->most) * work->ring_stride},
            pair(high_half(first), high_half(second)),
            pair(low_half(first), low_half(second)),
        };
    }
    return (count + 1) / 2;
}

enum outcome resample(struct image source, struct image target, int channels, int filter,
                      const float box[4]) {
    struct work work = {0};
    if (!prepare(&work, source, target, channels, filter, box)) {
        finish(&work);
        return OUT_OF_MEMORY;
    }
    size_t bytes = (size_t)target.width * channels;
    int fed = work.down_taps.first[0];
    for (int y = 0; y < target.height; y++) {
        int end = work.down_taps.first[y] + work.down_taps.count[y];
        for (; fed < end; fed++) {
            feed(&work, fed, source, target.width, channels);
        }
        int pairs = pair_rows(&work, y);
        if (work.is_across && work.is_down_first) {
            row_down(work.pairs, pairs, work.before, work.ring_bytes);
            row_across(work.before, work.after, target.width, channels, &work.across);
        } else {
            row_down(work.pairs, pairs, work.after, work.ring_bytes);
        }
        memcpy(target.pixels + y * bytes, work.after, bytes);
    }
    finish(&work);
    return DONE;
}
