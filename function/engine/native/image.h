/* An 8-bit image, of one or four channels. */
#ifndef IMAGE_H
#define IMAGE_H

#include <stdint.h>

struct image {
    uint8_t *pixels;   /* rows without gaps, top to bottom */
    int width, height; /* pixels */
};

#endif
