/* Baseline JPEG to planes of luma and half-size chroma, at 1/1, 1/2, 1/4 or 1/8 of its size. */
#ifndef JPEG_H
#define JPEG_H

#include "planes.h"

#include <stddef.h>

/* What decode_jpeg() found out: a picture, or that the JPEG is for another decoder. */
enum verdict { DECODED, DECLINED, NO_MEMORY };

/* Fill `planes`, whose size is that of the JPEG divided by `divisor` (1, 2, 4 or 8) and rounded up.
 *
 * Declines everything but whole, faultless JPEGs of the usual kind: sequential Huffman coding, 8
 * bits, Y, Cb and Cr in one scan, chroma at full or half width and height. Luma is then what
 * libjpeg decodes, bit for bit; chroma is what it decodes, not enlarged to luma's size. What is in
 * `planes` after declining means nothing. Whether the components are YCbCr is for the caller. */
enum verdict decode_jpeg(const uint8_t *data, size_t bytes, int divisor, struct planes planes);

#endif
