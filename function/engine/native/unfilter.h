/* PNG's rows as they come out of the inflater, to pixels. */
#ifndef UNFILTER_H
#define UNFILTER_H

#include "image.h"

/* Undo the filters of `count` rows (PNG specification, section 9) and store them in `target` from row
 * `first` on, which is after all rows above it. A row is a byte for the filter and `width` pixels of
 * `channels` bytes, 3 or 4; a pixel of the target has 4, the fourth of three being 255.
 *
 * Returns 0, and stops, at a filter that PNG does not have. */
int unfilter(const uint8_t *rows, int count, int channels, struct image target, int first);

#endif
