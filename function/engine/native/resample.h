/* Pillow's Image.resize() for 8-bit images, bit for bit. */
#ifndef RESAMPLE_H
#define RESAMPLE_H

#include "image.h"

enum resample_status { RESAMPLE_DONE, RESAMPLE_NO_MEMORY };

/* Resample the region `box` (left, top, right, bottom, in pixels) of `source` to all of `target`.
 *
 * A pixel has `channels` bytes, 1 or 4. The filter is one that has_filter() knows. The box must lie
 * within the source and not be empty. The target must not overlap the source. */
enum resample_status resample(struct image source, struct image target, int channels, int filter,
                              const float box[4]);

#endif
