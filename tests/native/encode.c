/* encode_planes() and encode_rgb() as a program, to run them under sanitizers and on other CPUs.
 *
 * Reads jobs from standard input until it ends. A job is three 32-bit integers (width, height, and
 * what the samples are: 0 planes with halved chroma, 1 RGB, chroma then halved, 2 RGB), the 64
 * quantisation steps, and the samples. Writes each file to standard output. Samples are allocated
 * to the byte, so that a sanitizer finds any access past their ends. */
#include "jpeg_encode.h"

#include <stdio.h>
#include <stdlib.h>

enum { PLANES, HALVED_RGB, RGB };

static uint8_t *read_samples(size_t length) {
    uint8_t *samples = malloc(length);
    if (!samples || fread(samples, 1, length, stdin) != length) {
        exit(1);
    }
    return samples;
}

static size_t encode(const int32_t job[3], const uint8_t steps[DCTSIZE2], uint8_t **bytes) {
    size_t whole = (size_t)job[0] * job[1], half = (size_t)((job[0] + 1) / 2) * ((job[1] + 1) / 2), length;
    if (job[2] == PLANES) {
        uint8_t *luma = read_samples(whole), *cb = read_samples(half), *cr = read_samples(half);
        length = encode_planes((struct planes){luma, cb, cr, job[0], job[1]}, steps, bytes);
        free(luma);
        free(cb);
        free(cr);
    } else {
        uint8_t *pixels = read_samples(4 * whole);
        length = encode_rgb((struct image){pixels, job[0], job[1]}, job[2] == HALVED_RGB, steps, bytes);
        free(pixels);
    }
    return length;
}

int main(void) {
    int32_t job[3];
    uint8_t steps[DCTSIZE2], *bytes;
    while (fread(job, sizeof job, 1, stdin) == 1 && fread(steps, sizeof steps, 1, stdin) == 1) {
        size_t length = encode(job, steps, &bytes);
        if (!length) {
            return 2;
        }
        fwrite(bytes, 1, length, stdout);
        free(bytes);
    }
    return 0;
}
