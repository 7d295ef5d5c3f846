/* Overwrite memory that was freed. */
#ifndef WIPE_H
#define WIPE_H

#include <stdbool.h>
#include <stddef.h>

/* Overwrite all free memory of the heap, so that nothing of an upload is left there for the next one, and
 * return it to the system if it is more than `kept` bytes. Return false where that cannot be done. */
bool wipe_free_memory(size_t kept);

/* Return the free memory of the heap to the system. */
void trim_heap(void);

#endif
