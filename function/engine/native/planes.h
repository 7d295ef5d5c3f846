/* Packed pixels to planes, and back. */
#ifndef PLANES_H
#define PLANES_H

#include <stdint.h>

struct plane {
    uint8_t *samples;  /* rows without gaps, top to bottom */
    int width, height; /* samples */
};

struct planes {
    uint8_t *luma;     /* Y: width * height */
    uint8_t *cb, *cr;  /* half the width and height, rounded up */
    int width, height; /* pixels, of luma */
};

/* Fill `planes` from pixels of four bytes: Y, Cb, Cr and one unused. A chroma sample is the rounded
 * mean of two by two pixels, and at odd edges of the pixels that exist, as Pillow's Image.reduce(2)
 * computes it (ImagingReduce). */
void split_planes(const uint8_t *pixels, struct planes planes);

/* Fill pixels of four bytes from `planes`, by repeating each chroma sample for two by two pixels. */
void merge_planes(struct planes planes, uint8_t *pixels);

/* Fill planes of Y, Cb and Cr from `height` rows of `width` pixels of four bytes: red, green, blue and one
 * unused. Samples are those of libjpeg-turbo's encoder, bit for bit.
 *
 * With `is_halved`, chroma has half the height, rounded up, and at least half the width: columns past it
 * repeat the last pixels. `scratch` then has four bytes for each pixel of a row. */
void convert_rgb(const uint8_t *pixels, int width, int height, int is_halved, const struct plane planes[3],
                 uint8_t *scratch);

#endif
