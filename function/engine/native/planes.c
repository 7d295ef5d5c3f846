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

/* libjpeg's conversion (jccolor.c): JFIF's factors, 2^16 times too large. Half a unit rounds, and
 * chroma's 128 is added; just less than a half, so that pure blue and red stay below 256. */
enum { SCALE_BITS = 16, HALF = 1 << (SCALE_BITS - 1), CHROMA_OFFSET = (128 << SCALE_BITS) + HALF - 1 };

static void convert_pixel(const uint8_t *pixel, uint8_t *luma, uint8_t *cb, uint8_t *cr) {
    int red = pixel[0], green = pixel[1], blue = pixel[2];
    *luma = (uint8_t)((19595 * red + 38470 * green + 7471 * blue + HALF) >> SCALE_BITS);
    *cb = (uint8_t)((-11059 * red - 21709 * green + 32768 * blue + CHROMA_OFFSET) >> SCALE_BITS);
    *cr = (uint8_t)((32768 * red - 27439 * green - 5329 * blue + CHROMA_OFFSET) >> SCALE_BITS);
}

/* Return the products of both 16-bit halves of each pixel's 32 bits with two factors, added. */
INLINE i32x8 weigh(u32x8 pixels, int16_t low, int16_t high) {
    return multiply_pairs((i16x16)pixels, repeat_pair((int32_t)((uint32_t)(uint16_t)high << 16 | (uint16_t)low)));
}

INLINE u8x8 to_samples(i32x8 sums) { return CONVERT((u32x8)sums >> SCALE_BITS, u8x8); }

/* Convert a row. Factors above 32,767 do not fit in 16 bits: green's is halved and green doubled. */
static void convert_row(const uint8_t *pixels, uint8_t *luma, uint8_t *cb, uint8_t *cr, int width) {
    int x = 0;
    for (; x + 8 <= width; x += 8) {
        u32x8 packed = LOAD(u32x8, pixels + 4 * (size_t)x);
        u32x8 red_and_blue = packed & 0xff00ff, green = packed >> 8 & 0xff;
        i32x8 half_red = (i32x8)(packed << 15 & 0xff << 15), half_blue = (i32x8)(packed >> 1 & 0xff << 15);
        STORE(luma + x, to_samples(weigh(red_and_blue, 19595, 7471) + weigh(green << 1, 19235, 0) + HALF));
        STORE(cb + x, to_samples(weigh(red_and_blue, -11059, 0) + weigh(green, -21709, 0) + half_blue + CHROMA_OFFSET));
        STORE(cr + x, to_samples(weigh(red_and_blue, 0, -5329) + weigh(green, -27439, 0) + half_red + CHROMA_OFFSET));
    }
    for (; x < width; x++) {
        convert_pixel(pixels + 4 * (size_t)x, luma + x, cb + x, cr + x);
    }
}

/* Average two by two samples, rounded up and down in turn, as libjpeg's h2v2_downsample() does. Past
 * `width` the last column goes on. */
static void halve(const uint8_t *above, const uint8_t *below, int width, struct plane plane, int y) {
    uint8_t *row = plane.samples + (size_t)y * plane.width;
    int whole = width / 2, last = above[width - 1] + below[width - 1];
    for (int x = 0; x < whole; x++) {
        row[x] = (uint8_t)((above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1] + 1 + (x & 1)) >> 2);
    }
    for (int x = whole; x < plane.width; x++) {
        row[x] = (uint8_t)((2 * last + 1 + (x & 1)) >> 2);
    }
}

void convert_rgb(const uint8_t *pixels, int width, int height, int is_halved, const struct plane planes[3],
                 uint8_t *scratch) {
    for (int y = 0; y < height; y++) {
        size_t row = (size_t)y * width;
        /* Two rows of Cb, then two of Cr, before they are halved. */
        uint8_t *cb = is_halved ? scratch + y % 2 * width : planes[1].samples + row;
        uint8_t *cr = is_halved ? cb + 2 * (size_t)width : planes[2].samples + row;
        convert_row(pixels + 4 * row, planes[0].samples + row, cb, cr, width);
        if (is_halved && (y % 2 || y + 1 == height)) { /* the last row may count twice */
            halve(scratch, cb, width, planes[1], y / 2);
            halve(scratch + 2 * (size_t)width, cr, width, planes[2], y / 2);
        }
    }
}
