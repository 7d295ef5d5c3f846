/* malloc keeps freed memory as it was, and hands it out again (GNU C Library manual, "Freeing Memory
 * Allocated with malloc"). So what is free is what it hands out while it may ask the system for no more:
 * first large pieces, then ever smaller ones, down to each size that it keeps lists of. */
#include "wipe.h"

#include <stdlib.h> /* defines __GLIBC__ */

#if defined(__GLIBC__)
#include <malloc.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#include <stdint.h>
#endif

enum {
    HEADER = 8,        /* bytes that malloc adds to a piece */
    LARGEST = 1 << 16, /* what the memory of a picture is cut into */
    SMALLEST = 32,     /* bytes of malloc's smallest piece */
    STACK = 1 << 18,   /* bytes below this stack frame that calls before may have written to */
};

struct piece {
    struct piece *next;
};

#if defined(__SSE2__)
/* Fill memory with zeros past the caches: half the time of memset here, which reads each line before it writes it. */
static void clear(unsigned char *start, size_t bytes) {
    const __m128i zero = _mm_setzero_si128();
    size_t done = -(uintptr_t)start % sizeof(zero);
    memset(start, 0, done);
    for (; done + sizeof(zero) <= bytes; done += sizeof(zero)) {
        _mm_stream_si128((__m128i *)(void *)(start + done), zero);
    }
    _mm_sfence(); /* other threads see these stores no later than any that follow */
    memset(start + done, 0, bytes - done);
}
#else
static void clear(unsigned char *start, size_t bytes) { memset(start, 0, bytes); }
#endif

/* Return the next smaller size to ask for: halves, and below 1 KB the steps of malloc's own lists. */
static size_t next_size(size_t size) { return size > 1024 ? size / 2 : size - 16; }

/* Return whether the system gives no memory. RLIMIT_DATA holds for mmap since Linux 4.7 (setrlimit(2)). */
static bool gives_none(void) {
    void *more = mmap(NULL, SMALLEST, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (more == MAP_FAILED) {
        return true;
    }
    munmap(more, SMALLEST);
    return false;
}

/* Return the bytes that were free. */
static size_t wipe_what_malloc_has(void) {
    struct piece *taken = NULL;
    size_t wiped = 0;
    for (size_t size = LARGEST; size >= SMALLEST; size = next_size(size)) {
        struct piece *piece;
        while ((piece = malloc(size - HEADER))) {
            clear((unsigned char *)piece, size - HEADER);
            piece->next = taken;
            taken = piece;
            wiped += size;
        }
    }
    while (taken) {
        struct piece *next = taken->next;
        taken->next = NULL;
        free(taken);
        taken = next;
    }
    return wiped;
}

/* Overwrite what functions that have returned left on the stack: rows of a picture, or the vector registers that
 * the dynamic linker saves there when a function is called for the first time. */
static __attribute__((noinline)) void wipe_stack(void) {
    unsigned char unused[STACK];
    memset(unused, 0, sizeof(unused));
    __asm__ volatile("" : : "r"(unused) : "memory"); /* or compilers leave it out */
}

void trim_heap(void) { malloc_trim(0); }

bool wipe_free_memory(size_t kept) {
    struct rlimit allowed;
    if (getrlimit(RLIMIT_DATA, &allowed)) {
        return false;
    }
    /* Linux does not enforce a limit of 0 (mm/mmap.c, may_expand_vm). */
    struct rlimit none = {.rlim_cur = 1, .rlim_max = allowed.rlim_max};
    bool held = !setrlimit(RLIMIT_DATA, &none) && gives_none();
    if (held) {
        wipe_stack();
        /* glibc returns by itself only what is free at the end of the heap (malloc_trim(3)). The rest would come
         * on top of what the next upload takes. */
        if (wipe_what_malloc_has() > kept) {
            trim_heap();
        }
    }
    return !setrlimit(RLIMIT_DATA, &allowed) && held;
}
#else
void trim_heap(void) {}
bool wipe_free_memory(size_t kept) { return (void)kept, false; } /* another malloc, on a developer's machine */
#endif
