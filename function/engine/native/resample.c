/* The two passes of ImagingResampleHorizontal_8bpc() and ImagingResampleVertical_8bpc(), in vectors.
 *
 * Pillow keeps the whole image between the passes, rounded to 8 bits. Here each source row goes through
 * the horizontal pass when it is needed, and waits in a ring buffer of as many rows as the vertical
 * kernel is long. For a 12 MP photo that is 10 KB, which stays in the cache.
 *
 * A vector multiplies 16 bits by 16, and a coefficient has more. So each is split into two halves, high
 * << LOW_BITS | low, whose products are summed apart and then joined. Sums of 32 bits wrap (-fwrapv in
 * pipeline/bundle/native.py), so the joined one is exact whenever it fits 32 bits itself, as Pillow's does.
 *
 * Vectors read and write past the end of a row. So every row of ours has ROW_PADDING bytes behind it,
 * and a source row is read in place only if enough of the image follows. */
#include "resample.h"

#include "kernel.h"
#include "vector.h"

#include <stdlib.h>

#define ROW_PADDING 64
#define LOW_BITS 11
#define ROUNDING (1 << (PRECISION_BITS - 1))
#define HALVES 32 /* of one vector of coefficients: 16 high, then 16 low */

/* Coefficients of the horizontal pass, in the order in which vectors read them. */
struct horizontal_coefficients {
    int *first;      /* first source pixel of each target pixel */
    int vectors;     /* of coefficients for each target pixel */
    int16_t *halves; /* HALVES for each vector */
};

static int high_half(int32_t coefficient) { return coefficient >> LOW_BITS; }

static int low_half(int32_t coefficient) { return coefficient & ((1 << LOW_BITS) - 1); }

static int32_t pair(int first, int second) {
    return (int32_t)((uint32_t)(uint16_t)first | (uint32_t)(uint16_t)second << 16);
}

INLINE i32x8 join_halves(i32x8 high, i32x8 low) { return (high << LOW_BITS) + low; }

/* ---- horizontal pass, one channel: a vector has the coefficients of 16 source pixels ---- */

INLINE i32x8 convolve_1(const uint8_t *pixels, const int16_t *halves, int vectors) {
    i32x8 high = {0}, low = {0};
    for (int v = 0; v < vectors; v++, pixels += 16, halves += HALVES) {
        i16x16 values = CONVERT(LOAD(u8x16, pixels), i16x16);
        high += multiply_pairs(values, LOAD(i16x16, halves));
        low += multiply_pairs(values, LOAD(i16x16, halves + 16));
    }
    return join_halves(high, low);
}

INLINE i32x4 add_upper_to_lower(i32x8 sums) {
    return SHUFFLE(sums, sums, 0, 1, 2, 3) + SHUFFLE(sums, sums, 4, 5, 6, 7);
}

INLINE i32x4 add_neighbours(i32x4 a, i32x4 b) {
    return SHUFFLE(a, b, 0, 2, 4, 6) + SHUFFLE(a, b, 1, 3, 5, 7);
}

INLINE i32x4 four_pixels_1(const uint8_t *row, const struct horizontal_coefficients *horizontal, int x,
                           int vectors) {
    i32x4 sums[4];
    for (int i = 0; i < 4; i++) {
        const int16_t *halves = horizontal->halves + (size_t)(x + i) * vectors * HALVES;
        sums[i] = add_upper_to_lower(convolve_1(row + horizontal->first[x + i], halves, vectors));
    }
    return add_neighbours(add_neighbours(sums[0], sums[1]), add_neighbours(sums[2], sums[3]));
}

INLINE void horizontal_pass_1(const uint8_t *row, uint8_t *out, int width,
                              const struct horizontal_coefficients *horizontal, int vectors) {
    for (int x = 0; x < width; x += 16) {
        i32x4 sums[4];
        for (int i = 0; i < 4; i++) {
            sums[i] = (four_pixels_1(row, horizontal, x + 4 * i, vectors) + ROUNDING) >> PRECISION_BITS;
        }
        STORE(out + x, saturate(SHUFFLE(sums[0], sums[1], 0, 1, 2, 3, 4, 5, 6, 7),
                                SHUFFLE(sums[2], sums[3], 0, 1, 2, 3, 4, 5, 6, 7)));
    }
}

/* ---- horizontal pass, four channels: a vector has the coefficients of 4 source pixels, four times.
 * The same channel of two neighbours is put side by side for multiply_pairs(). ---- */

INLINE i32x4 one_pixel_4(const uint8_t *pixels, const int16_t *halves, int vectors) {
    i32x8 high = {0}, low = {0};
    for (int v = 0; v < vectors; v++, pixels += 16, halves += HALVES) {
        u8x16 four = LOAD(u8x16, pixels);
        u8x16 pairs = SHUFFLE(four, four, 0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15);
        i16x16 values = CONVERT(pairs, i16x16);
        high += multiply_pairs(values, LOAD(i16x16, halves));
        low += multiply_pairs(values, LOAD(i16x16, halves + 16));
    }
    return (add_upper_to_lower(join_halves(high, low)) + ROUNDING) >> PRECISION_BITS;
}

INLINE void horizontal_pass_4(const uint8_t *row, uint8_t *out, int width,
                              const struct horizontal_coefficients *horizontal, int vectors) {
    for (int x = 0; x < width; x += 4) {
        i32x4 pixels[4];
        for (int i = 0; i < 4; i++) {
            const int16_t *halves = horizontal->halves + (size_t)(x + i) * vectors * HALVES;
            pixels[i] = one_pixel_4(row + 4 * (size_t)horizontal->first[x + i], halves, vectors);
        }
        STORE(out + 4 * (size_t)x, saturate(SHUFFLE(pixels[0], pixels[1], 0, 1, 2, 3, 4, 5, 6, 7),
                                            SHUFFLE(pixels[2], pixels[3], 0, 1, 2, 3, 4, 5, 6, 7)));
    }
}

/* Resample one row. The number of vectors as a constant lets the compiler unroll the common cases. */
static void horizontal_pass(const uint8_t *row, uint8_t *out, int width, int channels,
                            const struct horizontal_coefficients *horizontal) {
    int vectors = horizontal->vectors;
    if (channels == 1) {
        switch (vectors) {
        case 1:
            horizontal_pass_1(row, out, width, horizontal, 1);
            break;
        case 2:
            horizontal_pass_1(row, out, width, horizontal, 2);
            break;
        default:
            horizontal_pass_1(row, out, width, horizontal, vectors);
        }
    } else {
        switch (vectors) {
        case 2:
            horizontal_pass_4(row, out, width, horizontal, 2);
            break;
        case 3:
            horizontal_pass_4(row, out, width, horizontal, 3);
            break;
        default:
            horizontal_pass_4(row, out, width, horizontal, vectors);
        }
    }
}

/* Order coefficients for horizontal_pass(). Return 0 when memory is out. Target pixels are padded to a
 * multiple of 16 with coefficients of zero, so that a pass needs no loop for the rest. */
static int pack_coefficients(struct horizontal_coefficients *horizontal, const struct coefficients *coefficients,
                             int width, int channels) {
    int per_vector = channels == 1 ? 16 : 4;
    size_t pixels = (width + 15) / 16 * 16;
    horizontal->vectors = (coefficients->kernel_length + per_vector - 1) / per_vector;
    horizontal->first = calloc(pixels, sizeof *horizontal->first);
    horizontal->halves = calloc(pixels * horizontal->vectors, HALVES * sizeof *horizontal->halves);
    if (!horizontal->first || !horizontal->halves) {
        return 0;
    }
    for (int x = 0; x < width; x++) {
        horizontal->first[x] = coefficients->first[x];
        int16_t *out = horizontal->halves + (size_t)x * horizontal->vectors * HALVES;
        for (int i = 0; i < coefficients->count[x]; i++) {
            int32_t value = coefficients->values[(size_t)x * coefficients->kernel_length + i];
            int16_t *vector = out + i / per_vector * HALVES;
            if (channels == 1) {
                vector[i % 16] = (int16_t)high_half(value);
                vector[i % 16 + 16] = (int16_t)low_half(value);
                continue;
            }
            for (int channel = 0; channel < 4; channel++) {
                int lane = i % 4 / 2 * 8 + channel * 2 + i % 2;
                vector[lane] = (int16_t)high_half(value);
                vector[lane + 16] = (int16_t)low_half(value);
            }
        }
    }
    return 1;
}

/* ---- vertical pass: 32 bytes of all rows of a kernel, two rows at a time ---- */

struct row_pair {
    const uint8_t *rows[2];
    int32_t high, low; /* halves of both rows' coefficients */
};

static void vertical_pass(const struct row_pair *pairs, int count, uint8_t *out, size_t bytes) {
    for (size_t x = 0; x < bytes; x += 32) {
        i32x8 high[4] = {{0}}, low[4] = {{0}};
        for (int p = 0; p < count; p++) {
            i16x16 high_halves = repeat_pair(pairs[p].high), low_halves = repeat_pair(pairs[p].low);
            for (int half = 0; half < 2; half++) {
                u8x16 a = LOAD(u8x16, pairs[p].rows[0] + x + 16 * half);
                u8x16 b = LOAD(u8x16, pairs[p].rows[1] + x + 16 * half);
                u8x16 left = SHUFFLE(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23);
                u8x16 right = SHUFFLE(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31);
                i16x16 left_values = CONVERT(left, i16x16), right_values = CONVERT(right, i16x16);
                high[2 * half] += multiply_pairs(left_values, high_halves);
                low[2 * half] += multiply_pairs(left_values, low_halves);
                high[2 * half + 1] += multiply_pairs(right_values, high_halves);
                low[2 * half + 1] += multiply_pairs(right_values, low_halves);
            }
        }
        for (int half = 0; half < 2; half++) {
            STORE(out + x + 16 * half,
                  saturate((join_halves(high[2 * half], low[2 * half]) + ROUNDING) >> PRECISION_BITS,
                           (join_halves(high[2 * half + 1], low[2 * half + 1]) + ROUNDING) >> PRECISION_BITS));
        }
    }
}

/* ---- both passes ---- */

/* The state of one call of resample(). */
struct resampler {
    int needs_horizontal, needs_vertical;
    int is_vertical_first;
    struct coefficients horizontal_coefficients, vertical_coefficients;
    struct horizontal_coefficients horizontal;
    uint8_t *ring;                  /* rows that wait for the vertical pass */
    size_t ring_bytes, ring_stride; /* of one row, and from one to the next */
    uint8_t *before, *after;        /* a row that the horizontal pass reads, and the finished row */
    size_t overrun;                 /* bytes past its row that the horizontal pass may read */
    struct row_pair *pairs;
};

static size_t padded(size_t bytes) { return (bytes + 31) / 32 * 32 + ROW_PADDING; }

static void release(struct resampler *resampler) {
    free_coefficients(&resampler->horizontal_coefficients);
    free_coefficients(&resampler->vertical_coefficients);
    free(resampler->horizontal.first);
    free(resampler->horizontal.halves);
    free(resampler->ring);
    free(resampler->before);
    free(resampler->after);
    free(resampler->pairs);
}

static int prepare(struct resampler *resampler, struct image source, struct image target, int channels,
                   int filter, const float box[4]) {
    int width = source.width, height = source.height;
    resampler->needs_horizontal = width != target.width || box[0] != 0 || box[2] != (float)width;
    resampler->needs_vertical = height != target.height || box[1] != 0 || box[3] != (float)height;
    /* Pillow's rule (its pull request 9549). Pixels are rounded to 8 bits between the passes, so the
     * other order would give others. */
    resampler->is_vertical_first = target.height < height &&
                                   height - target.height > 2 * ((int64_t)width - target.width);
    if (resampler->needs_horizontal &&
        (!precompute_coefficients(&resampler->horizontal_coefficients, width, target.width, box[0], box[2],
                                  filter) ||
         !pack_coefficients(&resampler->horizontal, &resampler->horizontal_coefficients, target.width,
                            channels))) {
        return 0;
    }
    /* Without a vertical pass, BOX at the same height copies each row: one coefficient of 1. */
    if (!precompute_coefficients(&resampler->vertical_coefficients, height, target.height,
                                 resampler->needs_vertical ? box[1] : 0,
                                 resampler->needs_vertical ? box[3] : (float)height,
                                 resampler->needs_vertical ? filter : BOX)) {
        return 0;
    }
    int kernel_length = resampler->vertical_coefficients.kernel_length;
    size_t source_bytes = (size_t)width * channels, target_bytes = (size_t)target.width * channels;
    resampler->ring_bytes = resampler->is_vertical_first ? source_bytes : target_bytes;
    resampler->ring_stride = padded(resampler->ring_bytes);
    resampler->overrun = (size_t)resampler->horizontal.vectors * 16;
    resampler->ring = calloc(kernel_length, resampler->ring_stride);
    resampler->before = calloc(padded(source_bytes) + resampler->overrun, 1);
    resampler->after = malloc(padded(target_bytes));
    resampler->pairs = malloc((kernel_length + 1) / 2 * sizeof *resampler->pairs);
    return resampler->ring && resampler->before && resampler->after && resampler->pairs;
}

/* Put source row `y` into the ring, after the horizontal pass unless that comes second. */
static void add_row(struct resampler *resampler, int y, struct image source, int width, int channels) {
    size_t bytes = (size_t)source.width * channels;
    const uint8_t *row = source.pixels + y * bytes;
    int ring_rows = resampler->vertical_coefficients.kernel_length;
    uint8_t *slot = resampler->ring + (size_t)(y % ring_rows) * resampler->ring_stride;
    if (resampler->needs_horizontal && !resampler->is_vertical_first) {
        if (bytes + resampler->overrun > (source.height - y) * bytes) { /* too near the image's end */
            row = memcpy(resampler->before, row, bytes);
        }
        horizontal_pass(row, slot, width, channels, &resampler->horizontal);
    } else {
        memcpy(slot, row, bytes);
    }
}

/* Pair up the rows and coefficients that make target row `y`. Return the number of pairs. An odd last
 * row is paired with itself and a coefficient of zero. */
static int pair_rows(struct resampler *resampler, int y) {
    const struct coefficients *vertical = &resampler->vertical_coefficients;
    const int32_t *values = vertical->values + (size_t)y * vertical->kernel_length;
    int count = vertical->count[y];
    for (int i = 0; i < count; i += 2) {
        int partner = i + 1 < count ? i + 1 : i;
        int32_t first = values[i], second = partner > i ? values[partner] : 0;
        resampler->pairs[i / 2] = (struct row_pair){
            {resampler->ring + (size_t)((vertical->first[y] + i) % vertical->kernel_length) * resampler->ring_stride,
             resampler->ring +
                 (size_t)((vertical->first[y] + partner) % vertical->kernel_length) * resampler->ring_stride},
            pair(high_half(first), high_half(second)),
            pair(low_half(first), low_half(second)),
        };
    }
    return (count + 1) / 2;
}

enum resample_status resample(struct image source, struct image target, int channels, int filter,
                              const float box[4]) {
    struct resampler resampler = {0};
    if (!prepare(&resampler, source, target, channels, filter, box)) {
        release(&resampler);
        return RESAMPLE_NO_MEMORY;
    }
    size_t bytes = (size_t)target.width * channels;
    int next_row = resampler.vertical_coefficients.first[0];
    for (int y = 0; y < target.height; y++) {
        int end = resampler.vertical_coefficients.first[y] + resampler.vertical_coefficients.count[y];
        for (; next_row < end; next_row++) {
            add_row(&resampler, next_row, source, target.width, channels);
        }
        int pairs = pair_rows(&resampler, y);
        if (resampler.needs_horizontal && resampler.is_vertical_first) {
            vertical_pass(resampler.pairs, pairs, resampler.before, resampler.ring_bytes);
            horizontal_pass(resampler.before, resampler.after, target.width, channels, &resampler.horizontal);
        } else {
            vertical_pass(resampler.pairs, pairs, resampler.after, resampler.ring_bytes);
        }
        memcpy(target.pixels + y * bytes, resampler.after, bytes);
    }
    release(&resampler);
    return RESAMPLE_DONE;
}
