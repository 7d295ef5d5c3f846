/* The file's segments, and the order of its blocks. */
#include "jpeg_encode.h"

#include "fdct.h"
#include "huffman_encode.h"

#include <stdlib.h>
#include <string.h>

enum { COMPONENTS = 3, MCU_ROWS = 2 * DCTSIZE };

/* Bytes of all segments at most, of which Huffman tables have 1,108. */
enum { HEADER_ROOM = 2048 };

struct encoder {
    struct symbols symbols;
    struct quantiser quantiser;
    int luma_factor;        /* luma blocks of an MCU, across and down (H and V of T.81, A.1.1): 1 or 2 */
    int last_dc[COMPONENTS];
};

static void begin(struct encoder *encoder, int is_halved, const uint8_t steps[DCTSIZE2]) {
    begin_symbols(&encoder->symbols);
    encoder->quantiser = make_quantiser(steps);
    encoder->luma_factor = is_halved ? 2 : 1;
    memset(encoder->last_dc, 0, sizeof encoder->last_dc);
}

/* Return eight rows of eight samples from `x` and `y` on, which lie in the plane, and how many bytes
 * its rows are apart. Outside the plane its last row and column go on, as libjpeg has it. */
static const uint8_t *find_samples(struct plane plane, int x, int y, uint8_t copy[DCTSIZE2], size_t *stride) {
    if (x + DCTSIZE <= plane.width && y + DCTSIZE <= plane.height) {
        *stride = plane.width;
        return plane.samples + (size_t)y * plane.width + x;
    }
    for (int i = 0; i < DCTSIZE2; i++) {
        int column = x + i % DCTSIZE, row = y + i / DCTSIZE;
        column = column < plane.width ? column : plane.width - 1;
        row = row < plane.height ? row : plane.height - 1;
        copy[i] = plane.samples[(size_t)row * plane.width + column];
    }
    *stride = DCTSIZE;
    return copy;
}

/* Add a block of a component. Return 0 if memory is out. */
static int add_samples(struct encoder *encoder, int component, struct plane plane, int x, int y) {
    int first_table = component ? TABLES / 2 : 0, *last_dc = &encoder->last_dc[component];
    int16_t coefficients[DCTSIZE2];
    if (x >= plane.width || y >= plane.height) { /* fills an MCU up: flat, as the block before */
        return add_block(&encoder->symbols, first_table, 0, coefficients, 0);
    }
    uint8_t copy[DCTSIZE2];
    size_t stride;
    const uint8_t *samples = find_samples(plane, x, y, copy, &stride);
    uint64_t present = fdct_block(samples, stride, &encoder->quantiser, coefficients);
    int difference = coefficients[0] - *last_dc;
    *last_dc = coefficients[0];
    return add_block(&encoder->symbols, first_table, difference, coefficients, present);
}

/* Add a row of MCUs (T.81, A.2.3), whose samples are the planes' first rows. Return 0 if memory is out. */
static int add_mcu_row(struct encoder *encoder, const struct plane planes[COMPONENTS]) {
    for (int x = 0; x * encoder->luma_factor < planes[0].width; x += DCTSIZE) {
        for (int i = 0; i < COMPONENTS; i++) {
            int factor = i ? 1 : encoder->luma_factor;
            for (int block = 0; block < factor * factor; block++) {
                int left = x * factor + DCTSIZE * (block % factor), top = DCTSIZE * (block / factor);
                if (!add_samples(encoder, i, planes[i], left, top)) {
                    return 0;
                }
            }
        }
    }
    return 1;
}

static uint8_t *write_bytes(uint8_t *out, const void *bytes, size_t length) {
    memcpy(out, bytes, length);
    return out + length;
}

#define WRITE(out, ...) \
    write_bytes((out), (const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}))

/* Write all segments up to the entropy-coded data, in libjpeg's order. Return their end. */
static uint8_t *write_header(uint8_t *out, int width, int height, int luma_factor, const uint8_t steps[DCTSIZE2],
                             const struct code_table tables[TABLES]) {
    out = WRITE(out, 0xff, 0xd8);                                                          /* SOI */
    out = WRITE(out, 0xff, 0xe0, 0, 16, 'J', 'F', 'I', 'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0); /* APP0 */
    for (uint8_t table = 0; table < 2; table++) {
        out = WRITE(out, 0xff, 0xdb, 0, 3 + DCTSIZE2, table); /* DQT */
        for (int k = 0; k < DCTSIZE2; k++) {
            *out++ = steps[NATURAL_ORDER[k]];
        }
    }
    uint8_t sampling = (uint8_t)(0x11 * luma_factor);
    out = WRITE(out, 0xff, 0xc0, 0, 17, 8, height >> 8, height, width >> 8, width, COMPONENTS, 1, sampling, 0, 2,
                0x11, 1, 3, 0x11, 1); /* SOF0 */
    for (uint8_t i = 0; i < TABLES; i++) {
        int symbols = 0;
        for (int bits = 0; bits < MAX_CODE_LENGTH; bits++) {
            symbols += tables[i].bits[bits];
        }
        int length = 3 + MAX_CODE_LENGTH + symbols;
        out = WRITE(out, 0xff, 0xc4, length >> 8, length, (i & 1) << 4 | i >> 1); /* DHT: AC or DC, and number */
        out = write_bytes(out, tables[i].bits, MAX_CODE_LENGTH);
        out = write_bytes(out, tables[i].huffval, (size_t)symbols);
    }
    return WRITE(out, 0xff, 0xda, 0, 12, COMPONENTS, 1, 0x00, 2, 0x11, 3, 0x11, 0, 63, 0); /* SOS */
}

/* Write the file of all MCU rows, which are added. */
static size_t write_file(const struct encoder *encoder, int width, int height, const uint8_t steps[DCTSIZE2],
                         uint8_t **bytes) {
    struct code_table tables[TABLES];
    for (int i = 0; i < TABLES; i++) {
        tables[i] = make_code_table(encoder->symbols.counts[i]);
    }
    struct file file = {0};
    int has_room = make_room(&file, HEADER_ROOM + encoder->symbols.length); /* an item takes about a byte */
    if (has_room) {
        uint8_t *end = write_header(file.bytes, width, height, encoder->luma_factor, steps, tables);
        file.length = (size_t)(end - file.bytes);
        has_room = write_symbols(&encoder->symbols, tables, &file) && make_room(&file, 2);
    }
    if (!has_room) {
        free(file.bytes);
        return 0;
    }
    WRITE(file.bytes + file.length, 0xff, 0xd9); /* EOI */
    *bytes = file.bytes;
    return file.length + 2;
}

size_t encode_planes(struct planes planes, const uint8_t steps[DCTSIZE2], uint8_t **bytes) {
    struct encoder encoder;
    int half = (planes.width + 1) / 2, has_room = 1;
    begin(&encoder, 1, steps);
    for (int y = 0; has_room && y < planes.height; y += MCU_ROWS) {
        int rows = planes.height - y, half_rows = (rows + 1) / 2;
        size_t luma = (size_t)y * planes.width, chroma = (size_t)(y / 2) * half;
        has_room = add_mcu_row(&encoder, (const struct plane[]){{planes.luma + luma, planes.width, rows},
                                                                {planes.cb + chroma, half, half_rows},
                                                                {planes.cr + chroma, half, half_rows}});
    }
    size_t length = has_room ? write_file(&encoder, planes.width, planes.height, steps, bytes) : 0;
    free(encoder.symbols.items);
    return length;
}

size_t encode_rgb(struct image image, int is_halved, const uint8_t steps[DCTSIZE2], uint8_t **bytes) {
    struct encoder encoder;
    begin(&encoder, is_halved, steps);
    int most_rows = DCTSIZE * encoder.luma_factor, half = (image.width + 1) / 2;
    /* Whole blocks of halved chroma: past the edge the encoder would repeat a mean of two pixels, and libjpeg
     * the last pixel. */
    int columns = is_halved ? (half + DCTSIZE - 1) / DCTSIZE * DCTSIZE : image.width;
    size_t luma = (size_t)most_rows * image.width, chroma = (size_t)DCTSIZE * columns;
    uint8_t *samples = malloc(luma + 2 * chroma + 4 * (size_t)image.width);
    int has_room = samples != NULL;
    for (int y = 0; has_room && y < image.height; y += most_rows) {
        int rows = image.height - y < most_rows ? image.height - y : most_rows;
        int chroma_rows = is_halved ? (rows + 1) / 2 : rows;
        const struct plane planes[COMPONENTS] = {{samples, image.width, rows},
                                                 {samples + luma, columns, chroma_rows},
                                                 {samples + luma + chroma, columns, chroma_rows}};
        const uint8_t *pixels = image.pixels + (size_t)4 * y * image.width;
        convert_rgb(pixels, image.width, rows, is_halved, planes, samples + luma + 2 * chroma);
        has_room = add_mcu_row(&encoder, planes);
    }
    free(samples);
    size_t length = has_room ? write_file(&encoder, image.width, image.height, steps, bytes) : 0;
    free(encoder.symbols.items);
    return length;
}
