/* Undo the filters of PNG's scanlines (ISO 15948, clause 9). */
#ifndef UNFILTER_H
#define UNFILTER_H

#include "image.h"

/* Reconstruct `count` inflated scanlines and store them in `target` from row `first` on; the rows above
 * must be there already. A scanline is a byte for the filter type and `width` pixels of `channels`
 * bytes, 3 or 4. A pixel of the target has 4 bytes, and 255 is stored for a fourth that is missing.
 *
 * Return 0, and stop, at a filter type that PNG does not have. */
int unfilter(const uint8_t *scanlines, int count, int channels, struct image target, int first);

#endif
