/* Sixteen pixels at a time, and the rest of a row one or two at a time. */
#include "planes.h"

#include "vector.h"

typedef uint16_t u16x16 __attribute__((vector_size(32)));
typedef uint32_t u32x8 __attribute__((vector_size(32)));

/* Return Cb and Cr of eight pixels as 16-bit numbers: Cb in the lower half of each 32 bits. */
INLINE u32x8 chroma(u32x8 pixels) { return (pixels >> 8 & 0xff) | (pixels & 0xff0000); }

INLINE u32x8 even(u32x8 a, u32x8 b) { return SHUFFLE(a, b, 0, 2, 4, 6, 8, 10, 12, 14); }

INLINE u32x8 odd(u32x8 a, u32x8 b) { return SHUFFLE(a, b, 1, 3, 5, 7, 9, 11, 13, 15); }

static void split_luma(const uint8_t *pixels, uint8_t *luma, int width) {
    int x = 0;
    for (; x + 16 <= width; x += 16) {
        u32x8 left = LOAD(u32x8, pixels + 4 * (size_t)x), right = LOAD(u32x8, pixels + 4 * (size_t)x + 32);
        STORE(luma + x, CONVERT(left, u8x8)); /* conversion keeps the lowest byte */
        STORE(luma + x + 8, CONVERT(right, u8x8));
    }
    for (; x < width; x++) {
        luma[x] = pixels[4 * (size_t)x];
    }
}

/* Return the mean of a channel over the pixels `x` and `x` + 1 of two rows. At the right edge, where
 * `x` is `last`, the pixel counts twice, which gives the mean of the two there are. */
static uint8_t mean(const uint8_t *above, const uint8_t *below, size_t x, size_t last, int channel) {
    size_t left = 4 * x + channel, right = 4 * (x < last ? x + 1 : x) + channel;
    return (uint8_t)((above[left] + above[right] + below[left] + below[right] + 2) >> 2);
}

static void split_chroma(const uint8_t *above, const uint8_t *below, uint8_t *cb, uint8_t *cr, int width) {
    int x = 0;
    for (; x + 16 <= width; x += 16) {
        size_t offset = 4 * (size_t)x;
        u32x8 left = chroma(LOAD(u32x8, above + offset)) + chroma(LOAD(u32x8, below + offset));
        u32x8 right = chroma(LOAD(u32x8, above + offset + 32)) + chroma(LOAD(u32x8, below + offset + 32));
        /* 0x20002 adds 2 to both sums for rounding. The sums have 10 bits, so 16-bit lanes hold them. */
        u32x8 means = (u32x8)((u16x16)(even(left, right) + odd(left, right) + 0x20002) >> 2);
        STORE(cb + x / 2, CONVERT(means, u8x8));
        STORE(cr + x / 2, CONVERT(means >> 16, u8x8));
    }
    for (; x < width; x += 2) {
        cb[x / 2] = mean(above, below, x, width - 1, 1);
        cr[x / 2] = mean(above, below, x, width - 1, 2);
    }
}

void split_planes(const uint8_t *pixels, struct planes planes) {
    size_t width = planes.width, half = (width + 1) / 2, bytes = 4 * width;
    for (int y = 0; y < planes.height; y += 2) {
        const uint8_t *above = pixels + y * bytes;
        const uint8_t *below = y + 1 < planes.height ? above + bytes : above;
        split_luma(above, planes.luma + y * width, planes.width);
        if (below != above) {
            split_luma(below, planes.luma + (y + 1) * width, planes.width);
        }
        size_t row = y / 2 * half;
        split_chroma(above, below, planes.cb + row, planes.cr + row, planes.width);
    }
}

/* Widen eight samples, each of them twice, to 32-bit numbers: `left` gets the first four. */
INLINE void repeat_samples(const uint8_t *samples, u32x8 *left, u32x8 *right) {
    u32x8 wide = CONVERT(LOAD(u8x8, samples), u32x8);
    *left = SHUFFLE(wide, wide, 0, 0, 1, 1, 2, 2, 3, 3);
    *right = SHUFFLE(wide, wide, 4, 4, 5, 5, 6, 6, 7, 7);
}

static void merge_row(const uint8_t *luma, const uint8_t *cb, const uint8_t *cr, uint8_t *pixels, int width) {
    int x = 0;
    for (; x + 16 <= width; x += 16) {
        u32x8 cbs[2], crs[2];
        repeat_samples(cb + x / 2, &cbs[0], &cbs[1]);
        repeat_samples(cr + x / 2, &crs[0], &crs[1]);
        for (int half = 0; half < 2; half++) {
            u32x8 lumas = CONVERT(LOAD(u8x8, luma + x + 8 * half), u32x8);
            STORE(pixels + 4 * (size_t)x + 32 * half,
                  lumas | cbs[half] << 8 | crs[half] << 16 | 0xff000000);
        }
    }
    for (; x < width; x++) {
        uint8_t *pixel = pixels + 4 * (size_t)x;
        pixel[0] = luma[x];
        pixel[1] = cb[x / 2];
        pixel[2] = cr[x / 2];
        pixel[3] = 0xff; /* unused */
    }
}

void merge_planes(struct planes planes, uint8_t *pixels) {
    size_t width = planes.width, half = (width + 1) / 2;
    for (int y = 0; y < planes.height; y++) {
        size_t row = y / 2 * half;
        merge_row(planes.luma + y * width, planes.cb + row, planes.cr + row, pixels + y * 4 * width,
                  planes.width);
    }
}
