#define _DEFAULT_SOURCE /* sbrk, madvise */
#include "heap.h"

#include <stdlib.h> /* defines __GLIBC__ */

#if defined(__GLIBC__)
#include <malloc.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

enum {
    LARGE_PAGE = 1 << 21,
    SPARE = 24 << 20, /* bytes at the end of the heap that are kept besides when they are free */
    MOST_MAPPED = 1 << 16, /* malloc's own value of M_MMAP_MAX */
};

void use_one_heap(void) { mallopt(M_ARENA_MAX, 1); }

void use_large_pages(void *start, size_t bytes) {
    uintptr_t first = ((uintptr_t)start + LARGE_PAGE - 1) & ~(uintptr_t)(LARGE_PAGE - 1);
    uintptr_t end = ((uintptr_t)start + bytes) & ~(uintptr_t)(LARGE_PAGE - 1);
    if (end > first) {
        madvise((void *)first, end - first, MADV_HUGEPAGE);
    }
}

void grow_heap(size_t bytes) {
    mallopt(M_TRIM_THRESHOLD, (int)bytes + SPARE); /* or free() would give them back at once */
    mallopt(M_MMAP_MAX, 0);
    char *start = sbrk(0);
    void *volatile taken = malloc(bytes); /* volatile, or compilers leave out both calls */
    use_large_pages(start, (size_t)((char *)sbrk(0) - start));
    mallopt(M_MMAP_MAX, MOST_MAPPED);
    free(taken);
}
#else
void use_one_heap(void) {}
void grow_heap(size_t bytes) { (void)bytes; }
void use_large_pages(void *start, size_t bytes) { (void)start, (void)bytes; }
#endif
