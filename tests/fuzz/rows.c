/* A harness of libFuzzer for unfilter(), which has to agree with the PNG specification.
 *
 * The first three bytes of an input are the number of channels, the width, and the row before which the
 * scanlines are cut in two, because the engine hands them over in pieces; the rest is the scanlines. */
#include "harness.h"
#include "unfilter.h"

enum { MAX_WIDTH = 40 };

static int predict_paeth(int a, int b, int c) { /* ISO 15948, 9.4 */
    int p = a + b - c, pa = abs(p - a), pb = abs(p - b), pc = abs(p - c);
    return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}

/* Reconstruct byte by byte, as ISO 15948, 9.2 has it. Return 0 at an unknown filter type. */
static int unfilter_plainly(const uint8_t *scanlines, int channels, struct image target) {
    int bytes = channels * target.width;
    uint8_t *above = calloc(bytes, 1), *row = calloc(bytes, 1);
    int y = 0;
    for (; y < target.height; y++, scanlines += 1 + bytes) {
        if (scanlines[0] > 4) {
            break;
        }
        for (int x = 0; x < bytes; x++) {
            int a = x < channels ? 0 : row[x - channels], b = above[x], c = x < channels ? 0 : above[x - channels];
            const int predictions[] = {0, a, b, (a + b) / 2, predict_paeth(a, b, c)};
            row[x] = (uint8_t)(scanlines[1 + x] + predictions[scanlines[0]]);
        }
        for (int x = 0; x < target.width; x++) {
            uint8_t *pixel = target.pixels + 4 * ((size_t)y * target.width + x);
            pixel[3] = 255;
            memcpy(pixel, row + x * channels, channels);
        }
        memcpy(above, row, bytes);
    }
    free(above);
    free(row);
    return y == target.height;
}

static uint8_t *allocate_copy(const uint8_t *data, size_t size) { return memcpy(allocate(size), data, size); }

/* Call unfilter() for the rows before `cut` and for those from there on. */
static int unfilter_in_two(const uint8_t *scanlines, int channels, struct image target, int cut) {
    size_t stride = 1 + (size_t)channels * target.width;
    uint8_t *first = allocate_copy(scanlines, cut * stride);
    uint8_t *second = allocate_copy(scanlines + cut * stride, (target.height - cut) * stride);
    int is_known = unfilter(first, cut, channels, target, 0) &&
                   unfilter(second, target.height - cut, channels, target, cut);
    free(first);
    free(second);
    return is_known;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 3) {
        return 0;
    }
    int channels = 3 + data[0] % 2, width = 1 + data[1] % MAX_WIDTH;
    int height = (int)((size - 3) / (1 + (size_t)channels * width)), cut = data[2] % (height + 1);
    if (!height) {
        return 0;
    }
    size_t bytes = (size_t)4 * width * height;
    struct image expected = {allocate(bytes), width, height};
    int is_known = unfilter_plainly(data + 3, channels, expected);
    for (int i = 0; i < 2; i++) {
        struct image target = {allocate_filled(bytes, FILLS[i]), width, height};
        expect(unfilter_in_two(data + 3, channels, target, cut) == is_known, "which filter types are known");
        expect(!is_known || !memcmp(target.pixels, expected.pixels, bytes), "the pixels");
        free(target.pixels);
    }
    free(expected.pixels);
    return 0;
}
