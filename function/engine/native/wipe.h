/* Overwrite memory that was freed. */
#ifndef WIPE_H
#define WIPE_H

#include <stdbool.h>

/* Overwrite all free memory of the heap, so that nothing of an upload is left there for the next one.
 * Return false where that cannot be done. */
bool wipe_free_memory(void);

#endif
