/* A harness of libFuzzer for resample(), which has to agree with plain loops over the same coefficients.
 *
 * An input is a struct job and then the source's pixels, repeated until there are enough. That the coefficients
 * are Pillow's is tested in tests/unit/engine/test_vectors.py. */
#include "harness.h"
#include "kernel.h"
#include "resample.h"

enum { MAX_SIDE = 300, MAX_AREA = 4096 }; /* pixels */

struct job {
    uint16_t sides[4]; /* width and height of the source, then of the target */
    uint8_t channels, filter;
    uint32_t box[4]; /* left, top, and how much of the rest is taken across and down, in units of 2^-32 */
} __attribute__((packed));

static struct image make_size(const uint16_t sides[2]) {
    int width = 1 + sides[0] % MAX_SIDE, most = MAX_AREA / width < MAX_SIDE ? MAX_AREA / width : MAX_SIDE;
    return (struct image){NULL, width, 1 + sides[1] % most};
}

static uint8_t clip(int64_t sum) {
    int64_t value = (sum + (1 << (PRECISION_BITS - 1))) >> PRECISION_BITS;
    return (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
}

/* Resample along one axis. A line is the `count` bytes that one step along the other axis covers; `step` is
 * the distance between neighbours along the axis. */
static void resample_axis(const uint8_t *source, int source_size, uint8_t *target, int target_size, int lines,
                          int step, float start, float end, int filter) {
    struct coefficients coefficients;
    expect(precompute_coefficients(&coefficients, source_size, target_size, start, end, filter), "memory");
    for (int line = 0; line < lines; line++) {
        for (int i = 0; i < target_size; i++) {
            const int32_t *values = coefficients.values + (size_t)i * coefficients.kernel_length;
            for (int byte = 0; byte < step; byte++) {
                int64_t sum = 0;
                for (int j = 0; j < coefficients.count[i]; j++) {
                    int at = (line * source_size + coefficients.first[i] + j) * step + byte;
                    sum += (int64_t)values[j] * source[at];
                }
                target[(line * target_size + i) * step + byte] = clip(sum);
            }
        }
    }
    free_coefficients(&coefficients);
}

static void resample_plainly(struct image source, struct image target, int channels, int filter,
                             const float box[4]) {
    int across = source.width != target.width || box[0] != 0 || box[2] != (float)source.width;
    int down = source.height != target.height || box[1] != 0 || box[3] != (float)source.height;
    int down_first = source.height - target.height > 2 * (source.width - target.width) &&
                     target.height < source.height;
    size_t most_width = source.width > target.width ? source.width : target.width;
    size_t most_height = source.height > target.height ? source.height : target.height;
    uint8_t *from = calloc(most_width * most_height, channels), *to = calloc(most_width * most_height, channels);
    int width = source.width, height = source.height;
    memcpy(from, source.pixels, (size_t)width * height * channels);
    for (int pass = 0; pass < 2; pass++) {
        int is_down = pass == !down_first;
        if (!(is_down ? down : across)) {
            continue;
        }
        if (is_down) {
            resample_axis(from, height, to, target.height, 1, width * channels, box[1], box[3], filter);
            height = target.height;
        } else {
            resample_axis(from, width, to, target.width, height, channels, box[0], box[2], filter);
            width = target.width;
        }
        uint8_t *other = from;
        from = to;
        to = other;
    }
    memcpy(target.pixels, from, (size_t)width * height * channels);
    free(from);
    free(to);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static const int filters[] = {LANCZOS, BILINEAR, BICUBIC, BOX, HAMMING, MKS2013};
    struct job job;
    if (size <= sizeof job) {
        return 0;
    }
    memcpy(&job, data, sizeof job);
    struct image source = make_size(job.sides), target = make_size(job.sides + 2), expected = target;
    int channels = job.channels % 2 ? 4 : 1, filter = filters[job.filter % 6];
    float box[4];
    for (int i = 0; i < 2; i++) {
        double side = i ? source.height : source.width, start = side * job.box[i] / UINT32_MAX;
        box[i] = (float)start;
        box[i + 2] = (float)(start + (side - start) * job.box[i + 2] / UINT32_MAX);
        if (box[i] >= box[i + 2]) { /* the module refuses it */
            return 0;
        }
    }
    size_t source_bytes = (size_t)source.width * source.height * channels;
    size_t bytes = (size_t)target.width * target.height * channels;
    source.pixels = allocate(source_bytes);
    for (size_t at = 0; at < source_bytes; at++) {
        source.pixels[at] = data[sizeof job + at % (size - sizeof job)];
    }
    expected.pixels = allocate(bytes);
    resample_plainly(source, expected, channels, filter, box);
    for (int i = 0; i < 2; i++) {
        target.pixels = allocate_filled(bytes, FILLS[i]);
        expect(resample(source, target, channels, filter, box) == RESAMPLE_DONE, "the status");
        expect(!memcmp(target.pixels, expected.pixels, bytes), "the pixels");
        free(target.pixels);
    }
    free(source.pixels);
    free(expected.pixels);
    return 0;
}
