/* Blocks of coefficients to pixels, at full size or averaged to 1/2, 1/4 or 1/8 of it. */
#ifndef IDCT_H
#define IDCT_H

#include <stdint.h>

enum { LANES = 8 }; /* rows of pixels that are computed at once */

struct plane {
    uint8_t *pixels;   /* rows without gaps, top to bottom */
    int width, height; /* pixels */
};

/* Draw `LANES / rows` blocks side by side, the first one's corner at x and y; what would lie outside
 * the plane is left out. A block becomes `columns` by `rows` pixels, each 1, 2, 4 or 8, and neither
 * more than twice the other.
 *
 * The arithmetic is that of libjpeg's accurate integer IDCT and of its reduced sizes (jidctint,
 * jidctred), whose pixels are means of the full-size ones. */
void draw_blocks(const int16_t *blocks, int columns, int rows, struct plane plane, int x, int y);

#endif
