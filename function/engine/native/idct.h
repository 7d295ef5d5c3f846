/* Inverse DCT (T.81, A.3.3) of blocks to samples, at full size or scaled to 1/2, 1/4 or 1/8. */
#ifndef IDCT_H
#define IDCT_H

#include "planes.h"

#include <stdint.h>

enum { LANES = 8 }; /* numbers that are computed at once */

/* Transform `LANES / rows` neighbouring blocks of a row of blocks and store their samples in the plane,
 * from `x` and `y` on, which lie in it. Samples that lie outside the plane are dropped.
 *
 * A block becomes `columns` by `rows` samples, made of as many of its lowest coefficients. `rows` is
 * 1, 2, 4 or 8. `columns` is `rows` or twice that, and 8 at most.
 *
 * At 8 by 8 the samples are those of libjpeg's jpeg_idct_islow(), bit for bit. Smaller sizes are the
 * inverse DCT of that many points, as in libjpeg since version 7, but not bit for bit. libjpeg-turbo
 * averages the samples of the 8 by 8 block instead (jidctred.c), and that blurs what the resize
 * after it needs (docs/decoder.md). */
void idct_blocks(const int16_t *blocks, int columns, int rows, struct plane plane, int x, int y);

#endif
