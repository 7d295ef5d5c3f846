/* Overwrite memory that was freed. */
#ifndef WIPE_H
#define WIPE_H

#include <stdbool.h>

/* Overwrite all free memory of the heap, so that nothing of an upload is left there for the next one.
 * Return false where that cannot be done. */
bool wipe_free_memory(void);

/* Keep all memory in the one heap that wipe_free_memory overwrites, also that of threads. To be called before
 * the first thread starts. Threads wait for each other there: HEIC takes a quarter more time with it. */
void use_one_heap(void);

#endif
