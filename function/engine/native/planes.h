/* Packed YCbCr to planes with chroma at half size (4:2:0), and back. */
#ifndef PLANES_H
#define PLANES_H

#include <stdint.h>

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

#endif
