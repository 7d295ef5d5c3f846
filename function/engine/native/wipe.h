/* Overwrite memory that was freed. */
#ifndef WIPE_H
#define WIPE_H

/* Overwrite all free memory of the heap, so that nothing of an upload is left there for the next one. */
void wipe_free_memory(void);

#endif
