/* The maps of SSIMULACRA2 (libjxl, tools/ssimulacra2.cc; SSIMMap and EdgeDiffMap): at every fourth pixel of every
 * fourth row of the full size, and at every second pixel of every second row of the smaller scales.
 *
 * Two differences: means and variances are of a window of 6 by 6 pixels, not of an endless one of the same
 * standard deviation, and they are computed in whole numbers, so that every CPU gives the same terms. */
#include "similarity.h"

#include "vector.h"

#include <math.h>
#include <stdlib.h>

typedef float f32x8 __attribute__((vector_size(32)));
typedef uint16_t u16x8 __attribute__((vector_size(16)));
typedef uint16_t u16x16 __attribute__((vector_size(32)));

enum {
    PLANES = SIMILARITY_PLANES,
    IMAGES = 2,
    CONE_BITS = 14,           /* a cone's response to white is 1 << CONE_BITS */
    CONE_LEVELS = 1 << CONE_BITS,
    UNIT = 2048,              /* 1.0 in XYB: squares of a window's 64 weights fit into 31 bits */
    MATRIX_BITS = 15,
    SUMS = 4,                 /* of a block of 2 by 2 pixels: of both images, of squares, of products */
    CORNERS = 2,              /* the first pixel of a block, of both images */
    NUMBERS = SUMS + CORNERS, /* of each block */
    ADDED = SIMILARITY_MAPS * SIMILARITY_NORMS, /* of each window: powers of what it has in the maps */
    BLOCK_ROWS = 3,           /* rows of blocks that a window covers, weighted 1, 2, 1 in both directions */
    WINDOW_WEIGHT = 64,       /* 4 pixels of a block, times 4 by 4 */
    LANES = 8,
};

/* Shares of red, green and blue in the cones L, M and S, and the bias before the cube root (XYB of libjxl,
 * lib/jxl/cms/opsin_params.h). */
static const double ABSORBANCE[PLANES][3] = {
    {0.30, 0.622, 0.078}, {0.23, 0.692, 0.078}, {0.24342268924547819, 0.20476744424496821, 0.5518098665095536}};
static const double BIAS = 0.0037930732552754493;

static const float C2 = 0.0009f; /* tools/ssimulacra2.cc has it */

static int16_t linear[256];              /* of sRGB's levels, 1.0 as CONE_LEVELS - 1 */
static int16_t roots[CONE_LEVELS];       /* cube root of a cone's biased response, in 1 / UNIT */
static int32_t matrix[PLANES][3];        /* ABSORBANCE in 1 / (1 << MATRIX_BITS) */

void prepare_similarity(void) {
    if (roots[CONE_LEVELS - 1]) {
        return;
    }
    for (int level = 0; level < 256; level++) {
        double v = level / 255.0;
        double light = v <= 0.04045 ? v / 12.92 : pow((v + 0.055) / 1.055, 2.4);
        linear[level] = (int16_t)(light * (CONE_LEVELS - 1) + 0.5);
    }
    for (int plane = 0; plane < PLANES; plane++) {
        for (int channel = 0; channel < 3; channel++) {
            matrix[plane][channel] = (int32_t)(ABSORBANCE[plane][channel] * (1 << MATRIX_BITS) + 0.5);
        }
    }
    for (int i = 0; i < CONE_LEVELS; i++) {
        roots[i] = (int16_t)((cbrt(i / (CONE_LEVELS - 1.0) + BIAS) - cbrt(BIAS)) * UNIT + 0.5);
    }
}

/* Set a row of the cones' responses from a row of pixels. Levels are looked up one by one, and the rest is
 * done in vectors. */
static void to_cones(const uint8_t *pixels, int width, int16_t *light[3], uint16_t *cones[PLANES]) {
    for (int x = 0; x < width; x++) {
        for (int channel = 0; channel < 3; channel++) {
            light[channel][x] = linear[pixels[4 * (size_t)x + channel]];
        }
    }
    for (int plane = 0; plane < PLANES; plane++) {
        const int32_t *row = matrix[plane];
        for (int x = 0; x < width; x += LANES) {
            i32x8 sum = {0};
            for (int channel = 0; channel < 3; channel++) {
                sum += row[channel] * CONVERT(LOAD(i16x8, light[channel] + x), i32x8);
            }
            STORE(cones[plane] + x, CONVERT(sum >> MATRIX_BITS, u16x8));
        }
    }
}

static void to_xyb(uint16_t *const cones[PLANES], int width, int16_t *xyb[PLANES]) {
    for (int plane = 0; plane < PLANES; plane++) {
        for (int x = 0; x < width; x++) {
            xyb[plane][x] = roots[cones[plane][x]];
        }
    }
    for (int x = 0; x < width; x += LANES) {
        i16x8 l = LOAD(i16x8, xyb[0] + x), m = LOAD(i16x8, xyb[1] + x), s = LOAD(i16x8, xyb[2] + x);
        i16x8 mean = (l + m) >> 1;
        STORE(xyb[0] + x, (l - m) * 7); /* half the difference, times 14 */
        STORE(xyb[1] + x, mean);
        STORE(xyb[2] + x, s - mean);
    }
}

/* Average two rows of a cone's responses to one of half the width. */
static void halve(const uint16_t *above, const uint16_t *below, int half, uint16_t *to) {
    for (int x = 0; x < half; x++) {
        to[x] = (uint16_t)((above[2 * x] + above[2 * x + 1] + below[2 * x] + below[2 * x + 1] + 2) >> 2);
    }
}

/* Set the numbers of each block of two rows, of one plane: `sums[i]` has one for each block. */
static void sum_blocks(const int16_t *a0, const int16_t *a1, const int16_t *b0, const int16_t *b1, int blocks,
                       int32_t *sums[NUMBERS]) {
    for (int i = 0; i < blocks; i++) {
        int x = 2 * i;
        int32_t a = a0[x], b = a0[x + 1], c = a1[x], d = a1[x + 1];
        int32_t e = b0[x], f = b0[x + 1], g = b1[x], h = b1[x + 1];
        sums[0][i] = a + b + c + d;
        sums[1][i] = e + f + g + h;
        sums[2][i] = a * a + b * b + c * c + d * d + e * e + f * f + g * g + h * h;
        sums[3][i] = a * e + b * f + c * g + d * h;
        sums[SUMS][i] = a;
        sums[SUMS + 1][i] = e;
    }
}

INLINE f32x8 absolute(f32x8 x) { return (f32x8)((i32x8)x & INT32_MAX); }

/* Add the numbers above 0, and their fourth powers. */
INLINE void add_positive(f32x8 d, f32x8 added[SIMILARITY_NORMS]) {
    d = (f32x8)((i32x8)d & (d > 0));
    added[0] += d;
    added[1] += d * d * d * d;
}

/* Add up what eight windows have in each map, from their numbers as sum_blocks() makes them. */
INLINE void add_windows(const f32x8 numbers[NUMBERS], f32x8 added[ADDED]) {
    const float weight = WINDOW_WEIGHT, unit = UNIT;
    f32x8 m1 = numbers[0] / (weight * unit), m2 = numbers[1] / (weight * unit);
    f32x8 variances = numbers[2] / (weight * unit * unit) - m1 * m1 - m2 * m2;
    f32x8 covariance = numbers[3] / (weight * unit * unit) - m1 * m2;
    f32x8 d = 1 - (1 - (m1 - m2) * (m1 - m2)) * (2 * covariance + C2) / (variances + C2);
    f32x8 edge = 1 + absolute(numbers[SUMS] / unit - m1), other = 1 + absolute(numbers[SUMS + 1] / unit - m2);
    f32x8 came = other / edge - 1;
    add_positive(d, added);
    add_positive(came, added + SIMILARITY_NORMS);
    add_positive(-came, added + 2 * SIMILARITY_NORMS);
}

static int count_windows(int blocks, int step) { return (blocks - BLOCK_ROWS) / step + 1; }

/* Add up the windows of one row, of which one starts at each `step` blocks: `rows` are the numbers of three rows of
 * blocks. `windows` have room for LANES numbers more than there are windows. */
static void add_row(int32_t *const rows[BLOCK_ROWS][NUMBERS], int blocks, int step, int32_t *windows[NUMBERS],
                    double sums[ADDED]) {
    int count = count_windows(blocks, step);
    for (int k = 0; k < SUMS; k++) {
        const int32_t *above = rows[0][k], *middle = rows[1][k], *below = rows[2][k];
        for (int i = 0; i < count; i++) {
            int x = i * step;
            int32_t left = above[x] + 2 * middle[x] + below[x];
            int32_t centre = above[x + 1] + 2 * middle[x + 1] + below[x + 1];
            int32_t right = above[x + 2] + 2 * middle[x + 2] + below[x + 2];
            windows[k][i] = left + 2 * centre + right;
        }
    }
    for (int k = SUMS; k < NUMBERS; k++) {
        for (int i = 0; i < count; i++) {
            windows[k][i] = rows[1][k][i * step + 1];
        }
    }
    f32x8 added[ADDED] = {0};
    for (int k = 0; k < NUMBERS; k++) {
        memset(windows[k] + count, 0, LANES * sizeof **windows); /* such windows are 0 in each map */
    }
    for (int i = 0; i < count; i += LANES) {
        f32x8 numbers[NUMBERS];
        for (int k = 0; k < NUMBERS; k++) {
            numbers[k] = CONVERT(LOAD(i32x8, windows[k] + i), f32x8);
        }
        add_windows(numbers, added);
    }
    for (int k = 0; k < ADDED; k++) {
        for (int i = 0; i < LANES; i++) {
            sums[k] += added[k][i];
        }
    }
}

/* The cones' responses of one image at one scale. At full size they are made row by row, of `pixels`. */
struct picture {
    const uint8_t *pixels;
    uint16_t *cones[PLANES];
};

/* Buffers for the rows that are at work: two of pixels, three of blocks. */
struct rows {
    int16_t *light[3];
    uint16_t *cones[IMAGES][2][PLANES];
    int16_t *xyb[IMAGES][2][PLANES];
    int32_t *blocks[PLANES][BLOCK_ROWS][NUMBERS];
    int32_t *windows[NUMBERS];
};

/* Lay all buffers out in one block of memory, in which everything is 0. Return it, or NULL. */
static void *make_rows(int width, struct rows *rows) {
    size_t pixels = (size_t)width + 16, blocks = pixels / 2 + 16;
    size_t shorts = pixels * (2 * IMAGES * 2 * PLANES + 3), ints = blocks * NUMBERS * (PLANES * BLOCK_ROWS + 1);
    void *memory = calloc(1, shorts * sizeof(int16_t) + ints * sizeof(int32_t));
    int32_t *next = memory;
    if (!memory) {
        return NULL;
    }
    for (int k = 0; k < NUMBERS; k++, next += blocks) {
        rows->windows[k] = next;
    }
    for (int plane = 0; plane < PLANES; plane++) {
        for (int row = 0; row < BLOCK_ROWS; row++) {
            for (int k = 0; k < NUMBERS; k++, next += blocks) {
                rows->blocks[plane][row][k] = next;
            }
        }
    }
    int16_t *at = (int16_t *)next;
    for (int channel = 0; channel < 3; channel++, at += pixels) {
        rows->light[channel] = at;
    }
    for (int image = 0; image < IMAGES; image++) {
        for (int row = 0; row < 2; row++) {
            for (int plane = 0; plane < PLANES; plane++, at += 2 * pixels) {
                rows->cones[image][row][plane] = (uint16_t *)at;
                rows->xyb[image][row][plane] = at + pixels;
            }
        }
    }
    return memory;
}

/* Compare two pictures at one scale and set its terms. Unless `halves` is NULL, set them to the pictures at half
 * the size; they may lie in the same memory as the pictures. */
static void compare_scale(struct picture pictures[IMAGES], int width, int height, int step, struct rows *rows,
                          struct picture *halves, double *terms) {
    int blocks = width / 2;
    double sums[PLANES][ADDED] = {{0}};
    for (int pair = 0; pair < height / 2; pair++) {
        for (int image = 0; image < IMAGES; image++) {
            for (int row = 0; row < 2; row++) {
                size_t start = (size_t)width * (2 * pair + row);
                uint16_t *cones[PLANES];
                for (int plane = 0; plane < PLANES; plane++) {
                    cones[plane] = pictures[image].pixels ? rows->cones[image][row][plane]
                                                          : pictures[image].cones[plane] + start;
                    rows->cones[image][row][plane] = cones[plane];
                }
                if (pictures[image].pixels) {
                    to_cones(pictures[image].pixels + 4 * start, width, rows->light, cones);
                }
                to_xyb(cones, width, rows->xyb[image][row]);
            }
            for (int plane = 0; halves && plane < PLANES; plane++) {
                halve(rows->cones[image][0][plane], rows->cones[image][1][plane], blocks,
                      halves[image].cones[plane] + (size_t)blocks * pair);
            }
        }
        for (int plane = 0; plane < PLANES; plane++) {
            sum_blocks(rows->xyb[0][0][plane], rows->xyb[0][1][plane], rows->xyb[1][0][plane],
                       rows->xyb[1][1][plane], blocks, rows->blocks[plane][pair % BLOCK_ROWS]);
            if (pair >= BLOCK_ROWS - 1 && (pair - BLOCK_ROWS + 1) % step == 0) {
                int32_t *three[BLOCK_ROWS][NUMBERS];
                for (int row = 0; row < BLOCK_ROWS; row++) {
                    memcpy(three[row], rows->blocks[plane][(pair + 1 + row) % BLOCK_ROWS], sizeof three[row]);
                }
                add_row(three, blocks, step, rows->windows, sums[plane]);
            }
        }
    }
    double windows = (double)count_windows(blocks, step) * count_windows(height / 2, step);
    for (int plane = 0; plane < PLANES; plane++) {
        for (int k = 0; k < ADDED; k += SIMILARITY_NORMS) {
            terms[plane * ADDED + k] = sums[plane][k] / windows;
            terms[plane * ADDED + k + 1] = sqrt(sqrt(sums[plane][k + 1] / windows));
        }
    }
}

enum similarity_status compare_images(struct image reference, struct image output,
                                      double terms[SIMILARITY_TERMS]) {
    int width = reference.width, height = reference.height;
    size_t half = (size_t)(width / 2) * (height / 2);
    struct rows rows;
    struct picture pictures[IMAGES] = {{reference.pixels, {0}}, {output.pixels, {0}}}, halves[IMAGES] = {{0}};
    uint16_t *cones = malloc((half * IMAGES * PLANES + 1) * sizeof *cones);
    void *memory = cones ? make_rows(width, &rows) : NULL;
    memset(terms, 0, SIMILARITY_TERMS * sizeof *terms);
    if (!memory) {
        free(cones);
        return SIMILARITY_NO_MEMORY;
    }
    for (int image = 0; image < IMAGES; image++) {
        for (int plane = 0; plane < PLANES; plane++) {
            halves[image].cones[plane] = cones + half * (PLANES * image + plane);
        }
    }
    for (int scale = 0; scale < SIMILARITY_SCALES; scale++) {
        if (width < SIMILARITY_SMALLEST || height < SIMILARITY_SMALLEST) {
            break;
        }
        compare_scale(pictures, width, height, scale ? 1 : 2, &rows, scale + 1 < SIMILARITY_SCALES ? halves : NULL,
                      terms + scale * PLANES * ADDED);
        memcpy(pictures, halves, sizeof pictures);
        width /= 2;
        height /= 2;
    }
    free(memory);
    free(cones);
    return SIMILARITY_DONE;
}
