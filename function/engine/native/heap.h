/* How malloc gets memory from the system. Where malloc is not that of glibc, nothing is changed. */
#ifndef HEAP_H
#define HEAP_H

#include <stddef.h>

/* Keep all memory in one heap, also that of threads: the one that wipe_free_memory overwrites and that
 * grow_heap grows. To be called before the first thread starts. */
void use_one_heap(void);

/* Let the heap grow by so many bytes at once, where they are free, and keep them. They take memory when they
 * are first touched, 2 MB at a time if the system has pages of that size. The first touch of a page of 4 KB
 * takes the kernel 5 us, and a process that was just forked has touched none. */
void grow_heap(size_t bytes);

/* Have the kernel give memory that was not touched yet in pages of 2 MB, where it has them. */
void use_large_pages(void *start, size_t bytes);

#endif
