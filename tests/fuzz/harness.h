/* The parts that the harnesses share. */
#ifndef HARNESS_H
#define HARNESS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Targets are filled with one of these before each of two calls. A byte that a call does not write differs
 * between the two results. */
static const int FILLS[2] = {0x55, 0xaa};

static void *allocate(size_t size) {
    void *memory = malloc(size); /* to the byte, so that AddressSanitizer finds any access past the end */
    if (!memory) {
        abort();
    }
    return memory;
}

static uint8_t *allocate_filled(size_t size, int fill) { return memset(allocate(size), fill, size); }

/* End the program if a result is not the expected one; libFuzzer then keeps the input. */
static void expect(int is_true, const char *what) {
    if (!is_true) {
        fprintf(stderr, "not as expected: %s\n", what);
        abort();
    }
}

#endif
