/* A pixel at a time where a filter looks at the one before, all its channels at once. */
#include "unfilter.h"

#include "vector.h"

enum png_filter { NONE, SUB, UP, AVERAGE, PAETH };

typedef int16_t i16x4 __attribute__((vector_size(8)));

/* The pixels to the left, above, and above to the left, in more bits than they need: a chain of
 * sums from pixel to pixel is as fast as its shortest steps, and narrowing is not one of them. */
struct around {
    i16x4 left, above, corner;
};

INLINE i16x4 absolute(i16x4 a) { return (a ^ (a >> 15)) - (a >> 15); }

INLINE i16x4 choose(i16x4 condition, i16x4 a, i16x4 b) { return (a & condition) | (b & ~condition); }

/* Whichever of the three is nearest to left + above - corner. */
INLINE i16x4 paeth(struct around around) {
    i16x4 across = around.left - around.corner, down = around.above - around.corner;
    i16x4 to_left = absolute(down), to_above = absolute(across), to_corner = absolute(across + down);
    i16x4 nearer = choose(to_above > to_corner, around.corner, around.above);
    return choose((to_left > to_above) | (to_left > to_corner), nearer, around.left);
}

INLINE i16x4 predict(enum png_filter filter, struct around around) {
    const i16x4 nothing = {0};
    return filter == SUB       ? around.left
           : filter == UP      ? around.above
           : filter == AVERAGE ? (around.left + around.above) >> 1
           : filter == PAETH   ? paeth(around)
                               : nothing;
}

/* One pixel; the byte after three channels is not looked at. */
INLINE i16x4 load(const uint8_t *bytes, int channels, int is_last) {
    u8x4 pixel = {0};
    memcpy(&pixel, bytes, is_last ? (size_t)channels : sizeof pixel);
    return CONVERT(pixel, i16x4);
}

INLINE void store(uint8_t *to, i16x4 pixel, int channels) {
    const u8x4 opaque = {0, 0, 0, channels == 3 ? 255 : 0};
    STORE(to, CONVERT(pixel, u8x4) | opaque);
}

/* One row; `above` is NULL for the first. */
INLINE void undo(enum png_filter filter, const uint8_t *row, int channels, const uint8_t *above,
                 uint8_t *to, int width) {
    struct around around = {0};
    for (int x = 0; x < width; x++) {
        around.corner = around.above;
        if (above) {
            around.above = load(above + 4 * (size_t)x, 4, 0);
        }
        i16x4 pixel = load(row + (size_t)channels * x, channels, x == width - 1);
        around.left = (pixel + predict(filter, around)) & 0xff;
        store(to + 4 * (size_t)x, around.left, channels);
    }
}

/* Two rows of Paeth's filter at once, the lower one a pixel behind: neither waits for the other's sums,
 * of which a row alone has one chain from its first pixel to its last. */
INLINE void undo_two(const uint8_t *row, int channels, const uint8_t *above, uint8_t *to, int width) {
    const uint8_t *next = row + 1 + (size_t)channels * width;
    struct around upper = {0}, lower = {0};
    for (int x = 0; x <= width; x++) {
        i16x4 behind = upper.left;
        if (x < width) {
            upper.corner = upper.above;
            upper.above = load(above + 4 * (size_t)x, 4, 0);
            i16x4 pixel = load(row + (size_t)channels * x, channels, 0); /* the next row follows */
            upper.left = (pixel + paeth(upper)) & 0xff;
            store(to + 4 * (size_t)x, upper.left, channels);
        }
        if (x > 0) {
            lower.corner = lower.above;
            lower.above = behind;
            i16x4 pixel = load(next + (size_t)channels * (x - 1), channels, x == width);
            lower.left = (pixel + paeth(lower)) & 0xff;
            store(to + 4 * (size_t)(width + x - 1), lower.left, channels);
        }
    }
}

INLINE int undo_any(enum png_filter filter, const uint8_t *row, int channels, const uint8_t *above,
                    uint8_t *to, int width) {
    switch (filter) {
    case NONE: undo(NONE, row, channels, above, to, width); return 1;
    case SUB: undo(SUB, row, channels, above, to, width); return 1;
    case UP: undo(UP, row, channels, above, to, width); return 1;
    case AVERAGE: undo(AVERAGE, row, channels, above, to, width); return 1;
    case PAETH: undo(PAETH, row, channels, above, to, width); return 1;
    }
    return 0;
}

INLINE int undo_all(const uint8_t *rows, int count, int channels, struct image target, int y) {
    size_t stride = 1 + (size_t)channels * target.width, bytes = 4 * (size_t)target.width;
    while (count > 0) {
        uint8_t *to = target.pixels + y * bytes;
        int done = y > 0 && count > 1 && rows[0] == PAETH && rows[stride] == PAETH ? 2 : 1;
        if (done == 2) {
            undo_two(rows + 1, channels, to - bytes, to, target.width);
        } else if (!undo_any(*rows, rows + 1, channels, y ? to - bytes : 0, to, target.width)) {
            return 0;
        }
        rows += done * stride;
        count -= done;
        y += done;
    }
    return 1;
}

int unfilter(const uint8_t *rows, int count, int channels, struct image target, int first) {
    return channels == 3 ? undo_all(rows, count, 3, target, first) : undo_all(rows, count, 4, target, first);
}
