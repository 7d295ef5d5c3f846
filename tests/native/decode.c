/* decode_jpeg() as a program, for what cannot be tried inside Python: sanitizers and other CPUs.
 *
 * Reads jobs from standard input until it ends, each four 32-bit integers (bytes of the file,
 * divisor, width and height of luma) and the file; writes a byte for each, whether it was decoded,
 * and the planes when it was. File and planes are allocated to the byte, so that a sanitizer sees
 * the first one read or written past them. */
#include "jpeg.h"

#include <stdio.h>
#include <stdlib.h>

int main(void) {
    int32_t job[4];
    while (fread(job, sizeof job, 1, stdin) == 1) {
        size_t bytes = (size_t)job[0], whole = (size_t)job[2] * job[3];
        size_t half = (size_t)((job[2] + 1) / 2) * ((job[3] + 1) / 2);
        uint8_t *data = malloc(bytes);
        struct planes planes = {calloc(whole, 1), calloc(half, 1), calloc(half, 1), job[2], job[3]};
        if (!data || !planes.luma || !planes.blue || !planes.red || fread(data, 1, bytes, stdin) != bytes) {
            return 1;
        }
        enum verdict verdict = decode_jpeg(data, bytes, job[1], planes);
        putchar(verdict);
        if (verdict == DECODED) {
            fwrite(planes.luma, 1, whole, stdout);
            fwrite(planes.blue, 1, half, stdout);
            fwrite(planes.red, 1, half, stdout);
        }
        free(data);
        free(planes.luma);
        free(planes.blue);
        free(planes.red);
    }
    return 0;
}
