/* Blocks of coefficients to pixels, at full size or at 1/2, 1/4 or 1/8 of it. */
#ifndef IDCT_H
#define IDCT_H

#include <stdint.h>

enum { LANES = 8 }; /* numbers that are computed at once */

struct plane {
    uint8_t *pixels;   /* rows without gaps, top to bottom */
    int width, height; /* pixels */
};

/* Draw `LANES / rows` blocks side by side, the first one's corner at x and y, which lie in the plane;
 * what would lie outside is left out. A block becomes `columns` by `rows` pixels, made of as many of
 * its lowest coefficients; rows are 1, 2, 4 or 8, columns as many or twice as many, up to 8.
 *
 * At full size the arithmetic is that of libjpeg's accurate integer IDCT, bit for bit. Smaller ones
 * are the inverse DCT of that many points, as in libjpeg since version 7; libjpeg-turbo averages
 * pixels instead, which blurs what the resize after it should see (docs/decoder.md). */
void draw_blocks(const int16_t *blocks, int columns, int rows, struct plane plane, int x, int y);

#endif
