/* Packed YCbCr taken apart into planes with chroma at half size (4:2:0), and put together again. */
#ifndef PLANES_H
#define PLANES_H

#include <stdint.h>

struct planes {
    uint8_t *luma;       /* width * height */
    uint8_t *blue, *red; /* half of each, rounded up */
    int width, height;   /* pixels, of luma */
};

/* Fill `planes` from pixels of four bytes: Y, Cb, Cr and one unused. Chroma is averaged over two by
 * two pixels, at odd edges over those that there are, as Pillow's reduce(2) does. */
void split_planes(const uint8_t *pixels, struct planes planes);

/* Fill pixels of four bytes from `planes`: each chroma value stands for two by two pixels. */
void merge_planes(struct planes planes, uint8_t *pixels);

#endif
