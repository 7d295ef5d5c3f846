/* decode_jpeg() as a program, to run it under sanitizers and on other CPUs.
 *
 * Reads jobs from standard input until it ends. A job is four 32-bit integers (length of the file,
 * divisor, width and height of luma) and the file. Writes the status as a byte for each job, and the
 * planes if the file was decoded. File and planes are allocated to the byte, so that a sanitizer finds
 * any access past their ends. */
#include "jpeg_decode.h"

#include <stdio.h>
#include <stdlib.h>

int main(void) {
    int32_t job[4];
    while (fread(job, sizeof job, 1, stdin) == 1) {
        size_t length = (size_t)job[0], whole = (size_t)job[2] * job[3];
        size_t half = (size_t)((job[2] + 1) / 2) * ((job[3] + 1) / 2);
        uint8_t *data = malloc(length);
        struct planes planes = {calloc(whole, 1), calloc(half, 1), calloc(half, 1), job[2], job[3]};
        if (!data || !planes.luma || !planes.cb || !planes.cr || fread(data, 1, length, stdin) != length) {
            return 1;
        }
        enum jpeg_status status = decode_jpeg(data, length, job[1], planes);
        putchar(status);
        if (status == JPEG_DECODED) {
            fwrite(planes.luma, 1, whole, stdout);
            fwrite(planes.cb, 1, half, stdout);
            fwrite(planes.cr, 1, half, stdout);
        }
        free(data);
        free(planes.luma);
        free(planes.cb);
        free(planes.cr);
    }
    return 0;
}
