/* A harness of libFuzzer for decode_jpeg().
 *
 * The first byte of an input chooses the divisor; the rest is the file. The planes have the size that the
 * first frame header states, as the engine would allocate them. */
#include "harness.h"
#include "jpeg_decode.h"

enum { MAX_AREA = 1 << 16 }; /* pixels; larger images take longer and reach no other code */

static struct planes allocate_planes(int width, int height, int fill) {
    size_t whole = (size_t)width * height, half = (size_t)((width + 1) / 2) * ((height + 1) / 2);
    return (struct planes){allocate_filled(whole, fill), allocate_filled(half, fill), allocate_filled(half, fill),
                           width, height};
}

static void free_planes(struct planes planes) {
    free(planes.luma);
    free(planes.cb);
    free(planes.cr);
}

/* Find the frame header as a sequence of bytes, which may also lie elsewhere: the decoder has to notice. */
static void find_size(const uint8_t *data, size_t size, int *width, int *height) {
    *width = *height = 1;
    for (size_t at = 0; at + 9 <= size; at++) {
        if (data[at] == 0xff && (data[at + 1] == 0xc0 || data[at + 1] == 0xc1)) {
            *height = data[at + 5] << 8 | data[at + 6];
            *width = data[at + 7] << 8 | data[at + 8];
            return;
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) {
        return 0;
    }
    int divisor = 1 << (data[0] & 3), width, height;
    find_size(++data, --size, &width, &height);
    width = (width + divisor - 1) / divisor;
    height = (height + divisor - 1) / divisor;
    if (!width || !height || (int64_t)width * height > MAX_AREA) {
        return 0;
    }
    struct planes first = allocate_planes(width, height, FILLS[0]);
    enum jpeg_status status = decode_jpeg(data, size, divisor, first);
    if (status == JPEG_DECODED) {
        struct planes second = allocate_planes(width, height, FILLS[1]);
        size_t whole = (size_t)width * height, half = (size_t)((width + 1) / 2) * ((height + 1) / 2);
        expect(decode_jpeg(data, size, divisor, second) == JPEG_DECODED, "the second decode's status");
        expect(!memcmp(first.luma, second.luma, whole), "every sample of luma is written");
        expect(!memcmp(first.cb, second.cb, half), "every sample of Cb is written");
        expect(!memcmp(first.cr, second.cr, half), "every sample of Cr is written");
        free_planes(second);
    }
    free_planes(first);
    return 0;
}
