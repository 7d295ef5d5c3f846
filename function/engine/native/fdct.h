/* Forward DCT (T.81, A.3.3) of blocks of samples, and their quantisation (A.3.4). */
#ifndef FDCT_H
#define FDCT_H

#include "block.h"

#include <stddef.h>
#include <stdint.h>

/* Quantisation steps of a component as factors, row by row, for fdct_block(). */
struct quantiser {
    float half[DCTSIZE2];       /* half a step and half a unit, which rounds to the nearest multiple */
    float reciprocal[DCTSIZE2]; /* 1 / step */
};

/* Return the factors for a table of steps, 1 to 255, row by row. */
struct quantiser make_quantiser(const uint8_t steps[DCTSIZE2]);

/* Transform eight rows of eight samples, which are `stride` bytes apart, to coefficients row by row,
 * quantised.
 *
 * The coefficients are those of libjpeg's jpeg_fdct_islow() and of its division by steps, bit for bit.
 * Return which of them are not 0: bit 8 * row + column. */
uint64_t fdct_block(const uint8_t *samples, size_t stride, const struct quantiser *quantiser,
                    int16_t coefficients[DCTSIZE2]);

#endif
