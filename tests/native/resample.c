/* resample() as a program, to run it under sanitizers and on other CPUs.
 *
 * Reads jobs from standard input until it ends. A job is six 32-bit integers (source width and height,
 * target width and height, channels, filter), the box as four floats, and the source's pixels. Writes
 * each target's pixels to standard output. Images are allocated to the byte, so that a sanitizer finds
 * any access past their ends. */
#include "resample.h"

#include <stdio.h>
#include <stdlib.h>

int main(void) {
    int32_t job[6];
    float box[4];
    while (fread(job, sizeof job, 1, stdin) == 1 && fread(box, sizeof box, 1, stdin) == 1) {
        size_t source_bytes = (size_t)job[0] * job[1] * job[4];
        size_t target_bytes = (size_t)job[2] * job[3] * job[4];
        struct image source = {malloc(source_bytes), job[0], job[1]};
        struct image target = {malloc(target_bytes), job[2], job[3]};
        if (!source.pixels || !target.pixels ||
            fread(source.pixels, 1, source_bytes, stdin) != source_bytes) {
            return 1;
        }
        if (resample(source, target, job[4], job[5], box) != RESAMPLE_DONE) {
            return 2;
        }
        fwrite(target.pixels, 1, target_bytes, stdout);
        free(source.pixels);
        free(target.pixels);
    }
    return 0;
}
