/* compare_images() as a program, to run it under sanitizers and on other CPUs.
 *
 * Reads jobs from standard input until it ends. A job is two 32-bit integers (width and height) and the
 * pixels of both images. Writes the terms of each job. Images are allocated to the byte, so that a sanitizer
 * finds any access past their ends. */
#include "similarity.h"

#include <stdio.h>
#include <stdlib.h>

int main(void) {
    int32_t job[2];
    prepare_similarity();
    while (fread(job, sizeof job, 1, stdin) == 1) {
        size_t bytes = (size_t)4 * job[0] * job[1];
        struct image reference = {malloc(bytes), job[0], job[1]}, output = {malloc(bytes), job[0], job[1]};
        double terms[SIMILARITY_TERMS];
        if (!reference.pixels || !output.pixels || fread(reference.pixels, 1, bytes, stdin) != bytes ||
            fread(output.pixels, 1, bytes, stdin) != bytes) {
            return 1;
        }
        if (compare_images(reference, output, terms) != SIMILARITY_DONE) {
            return 2;
        }
        fwrite(terms, sizeof terms, 1, stdout);
        free(reference.pixels);
        free(output.pixels);
    }
    return 0;
}
