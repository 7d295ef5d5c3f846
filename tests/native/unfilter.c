/* unfilter() as a program, for what cannot be tried inside Python: sanitizers and other CPUs.
 *
 * Reads jobs from standard input until it ends, each four 32-bit integers (bytes of the rows,
 * channels, width and height) and the rows; writes a byte for each, whether all filters were known,
 * and the pixels when they were. All is allocated to the byte, so that a sanitizer sees the first
 * one read or written past it. */
#include "unfilter.h"

#include <stdio.h>
#include <stdlib.h>

int main(void) {
    int32_t job[4];
    while (fread(job, sizeof job, 1, stdin) == 1) {
        size_t bytes = (size_t)job[0], pixels = (size_t)4 * job[2] * job[3];
        uint8_t *rows = malloc(bytes);
        struct image target = {calloc(pixels, 1), job[2], job[3]};
        if (!rows || !target.pixels || fread(rows, 1, bytes, stdin) != bytes) {
            return 1;
        }
        int known = unfilter(rows, job[3], job[1], target, 0);
        putchar(known);
        if (known) {
            fwrite(target.pixels, 1, pixels, stdout);
        }
        free(rows);
        free(target.pixels);
    }
    return 0;
}
