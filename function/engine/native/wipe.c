/* malloc keeps freed memory as it was, and hands it out again (GNU C Library manual, "Freeing Memory
 * Allocated with malloc"). So what is free is what it hands out before it asks the system for more: first
 * large pieces, then ever smaller ones, down to each size that it keeps lists of. */
#define _DEFAULT_SOURCE /* sbrk */
#include "wipe.h"

#include <stdlib.h> /* defines __GLIBC__ */

#if defined(__GLIBC__)
#include <malloc.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

enum {
    HEADER = 8,        /* bytes that malloc adds to a piece */
    LARGEST = 1 << 16, /* the heap grows by as much when no free piece is left */
    SMALLEST = 32,     /* bytes of malloc's smallest piece */
    TOP_PAD = 1 << 17, /* malloc's own value of M_TOP_PAD */
};

struct piece {
    struct piece *next;
};

/* Return the next smaller size to ask for: halves, and below 1 KB the steps of malloc's own lists. */
static size_t next_size(size_t size) { return size > 1024 ? size / 2 : size - 16; }

void wipe_free_memory(void) {
    struct piece *taken = NULL;
    mallopt(M_TOP_PAD, 0); /* the heap is to grow by no more than the piece that does not fit */
    for (size_t size = LARGEST; size >= SMALLEST; size = next_size(size)) {
        for (void *end = sbrk(0); sbrk(0) == end;) {
            struct piece *piece = malloc(size - HEADER);
            if (!piece) {
                break;
            }
            memset(piece, 0, size - HEADER);
            piece->next = taken;
            taken = piece;
        }
    }
    while (taken) {
        struct piece *next = taken->next;
        taken->next = NULL;
        free(taken);
        taken = next;
    }
    mallopt(M_TOP_PAD, TOP_PAD);
}

void use_one_heap(void) { mallopt(M_ARENA_MAX, 1); }
#else
void use_one_heap(void) {}
void wipe_free_memory(void) {} /* another malloc, on a developer's machine */
#endif
