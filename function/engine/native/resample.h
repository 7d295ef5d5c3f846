/* Resampling of 8-bit images: Pillow's filters and its arithmetic, bit for bit. */
#ifndef RESAMPLE_H
#define RESAMPLE_H

#include <stdint.h>

/* Numbered as Pillow's Image.Resampling. */
enum filter { LANCZOS = 1, BILINEAR = 2, BICUBIC = 3, BOX = 4, HAMMING = 5, MKS2013 = 6 };

enum outcome { DONE, OUT_OF_MEMORY };

struct image {
    uint8_t *pixels; /* rows without gaps, top to bottom */
    int width;       /* pixels */
    int height;      /* pixels */
};

/* Whether resample() knows a filter. */
int has_filter(int filter);

/* Resample the region `box` (left, top, right, bottom, in pixels) of `source` to all of `target`.
 *
 * `channels` is the size of a pixel in bytes, 1 or 4. The box must lie within the source and be
 * wider and higher than nothing; the target must not overlap the source. */
enum outcome resample(struct image source, struct image target, int channels, int filter,
                      const float box[4]);

#endif
