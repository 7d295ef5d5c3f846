/* One pixel at a time, all its channels at once, because filters look at the pixel before. */
#include "unfilter.h"

#include "vector.h"

enum filter_type { NONE, SUB, UP, AVERAGE, PAETH }; /* ISO 15948, table 9.1 */

typedef int16_t i16x4 __attribute__((vector_size(8)));

/* The reconstructed pixels that ISO 15948, 9.2 calls a, b and c. They stay in 16 bits from pixel to
 * pixel: each pixel waits for the one before, and narrowing to bytes would lengthen that chain. */
struct neighbours {
    i16x4 left, above, upper_left;
};

INLINE i16x4 absolute(i16x4 a) { return (a ^ (a >> 15)) - (a >> 15); }

INLINE i16x4 choose(i16x4 condition, i16x4 a, i16x4 b) { return (a & condition) | (b & ~condition); }

/* Return the neighbour that is nearest to p = left + above - upper_left (PaethPredictor, 9.4). On a tie
 * left goes before above and above before upper_left. */
INLINE i16x4 predict_paeth(struct neighbours near) {
    i16x4 across = near.left - near.upper_left, down = near.above - near.upper_left;
    /* p - left is down, p - above is across, and p - upper_left is the sum of both. */
    i16x4 to_left = absolute(down), to_above = absolute(across), to_upper_left = absolute(across + down);
    i16x4 other = choose(to_above > to_upper_left, near.upper_left, near.above);
    return choose((to_left > to_above) | (to_left > to_upper_left), other, near.left);
}

INLINE i16x4 predict(enum filter_type type, struct neighbours near) {
    const i16x4 nothing = {0};
    return type == SUB       ? near.left
           : type == UP      ? near.above
           : type == AVERAGE ? (near.left + near.above) >> 1
           : type == PAETH   ? predict_paeth(near)
                             : nothing;
}

/* Load one pixel. Four bytes are loaded even of three channels, which is faster, except where the fourth
 * would lie past the end of the data. The fourth byte is never used. */
INLINE i16x4 load(const uint8_t *bytes, int channels, int is_last) {
    u8x4 pixel = {0};
    memcpy(&pixel, bytes, is_last ? (size_t)channels : sizeof pixel);
    return CONVERT(pixel, i16x4);
}

INLINE void store(uint8_t *to, i16x4 pixel, int channels) {
    const u8x4 opaque = {0, 0, 0, channels == 3 ? 255 : 0};
    STORE(to, CONVERT(pixel, u8x4) | opaque);
}

/* Reconstruct the pixels of one scanline. `above` is the row above, or NULL for the first. */
INLINE void reconstruct(enum filter_type type, const uint8_t *filtered, int channels, const uint8_t *above,
                        uint8_t *to, int width) {
    struct neighbours near = {0};
    for (int x = 0; x < width; x++) {
        near.upper_left = near.above;
        if (above) {
            near.above = load(above + 4 * (size_t)x, 4, 0);
        }
        i16x4 pixel = load(filtered + (size_t)channels * x, channels, x == width - 1);
        near.left = (pixel + predict(type, near)) & 0xff;
        store(to + 4 * (size_t)x, near.left, channels);
    }
}

/* Reconstruct two scanlines of the Paeth filter at once, the lower one a pixel behind.
 *
 * In one scanline each pixel waits for the one before, and the CPU has nothing else to do meanwhile.
 * Two scanlines do not wait for each other: the lower one needs only pixels that the upper one has. */
INLINE void reconstruct_two_paeth(const uint8_t *filtered, int channels, const uint8_t *above, uint8_t *to,
                                  int width) {
    const uint8_t *next = filtered + 1 + (size_t)channels * width;
    struct neighbours upper = {0}, lower = {0};
    for (int x = 0; x <= width; x++) {
        i16x4 above_lower = upper.left;
        if (x < width) {
            upper.upper_left = upper.above;
            upper.above = load(above + 4 * (size_t)x, 4, 0);
            i16x4 pixel = load(filtered + (size_t)channels * x, channels, 0); /* the next scanline follows */
            upper.left = (pixel + predict_paeth(upper)) & 0xff;
            store(to + 4 * (size_t)x, upper.left, channels);
        }
        if (x > 0) {
            lower.upper_left = lower.above;
            lower.above = above_lower;
            i16x4 pixel = load(next + (size_t)channels * (x - 1), channels, x == width);
            lower.left = (pixel + predict_paeth(lower)) & 0xff;
            store(to + 4 * (size_t)(width + x - 1), lower.left, channels);
        }
    }
}

/* One copy of reconstruct() for each filter type. Return 0 for a type that there is not. */
INLINE int reconstruct_type(enum filter_type type, const uint8_t *filtered, int channels, const uint8_t *above,
                            uint8_t *to, int width) {
    switch (type) {
    case NONE: reconstruct(NONE, filtered, channels, above, to, width); return 1;
    case SUB: reconstruct(SUB, filtered, channels, above, to, width); return 1;
    case UP: reconstruct(UP, filtered, channels, above, to, width); return 1;
    case AVERAGE: reconstruct(AVERAGE, filtered, channels, above, to, width); return 1;
    case PAETH: reconstruct(PAETH, filtered, channels, above, to, width); return 1;
    }
    return 0;
}

INLINE int reconstruct_all(const uint8_t *scanlines, int count, int channels, struct image target, int y) {
    size_t stride = 1 + (size_t)channels * target.width, bytes = 4 * (size_t)target.width;
    while (count > 0) {
        uint8_t *to = target.pixels + y * bytes;
        int done = y > 0 && count > 1 && scanlines[0] == PAETH && scanlines[stride] == PAETH ? 2 : 1;
        if (done == 2) {
            reconstruct_two_paeth(scanlines + 1, channels, to - bytes, to, target.width);
        } else if (!reconstruct_type(*scanlines, scanlines + 1, channels, y ? to - bytes : 0, to, target.width)) {
            return 0;
        }
        scanlines += done * stride;
        count -= done;
        y += done;
    }
    return 1;
}

int unfilter(const uint8_t *scanlines, int count, int channels, struct image target, int first) {
    return channels == 3 ? reconstruct_all(scanlines, count, 3, target, first)
                         : reconstruct_all(scanlines, count, 4, target, first);
}
