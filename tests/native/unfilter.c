/* unfilter() as a program, to run it under sanitizers and on other CPUs.
 *
 * Reads jobs from standard input until it ends. A job is four 32-bit integers (length of the scanlines,
 * channels, width and height) and the scanlines. Writes a byte for each job, 1 if all filter types were
 * known, and then the pixels. Everything is allocated to the byte, so that a sanitizer finds any access
 * past its end. */
#include "unfilter.h"

#include <stdio.h>
#include <stdlib.h>

int main(void) {
    int32_t job[4];
    while (fread(job, sizeof job, 1, stdin) == 1) {
        size_t length = (size_t)job[0], pixels = (size_t)4 * job[2] * job[3];
        uint8_t *scanlines = malloc(length);
        struct image target = {calloc(pixels, 1), job[2], job[3]};
        if (!scanlines || !target.pixels || fread(scanlines, 1, length, stdin) != length) {
            return 1;
        }
        int is_known = unfilter(scanlines, job[3], job[1], target, 0);
        putchar(is_known);
        if (is_known) {
            fwrite(target.pixels, 1, pixels, stdout);
        }
        free(scanlines);
        free(target.pixels);
    }
    return 0;
}
