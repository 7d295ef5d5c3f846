/* Decoding of baseline JPEG to planes: Y, and Cb and Cr at half its size, at 1/1, 1/2, 1/4 or 1/8. */
#ifndef JPEG_DECODE_H
#define JPEG_DECODE_H

#include "planes.h"

#include <stddef.h>

/* JPEG_DECLINED leaves the file to another decoder: it is faulty, or of a kind that is rare. */
enum jpeg_status { JPEG_DECODED, JPEG_DECLINED, JPEG_NO_MEMORY };

/* Fill `planes`, whose size is that of the JPEG divided by `divisor` (1, 2, 4 or 8; libjpeg's
 * scale_denom) and rounded up.
 *
 * Declines everything but faultless JPEGs of the usual kind: sequential Huffman coding, 8 bits, Y, Cb
 * and Cr in one scan, chroma at full or half width and height. Declining is not rejecting: the caller
 * gives the file to libjpeg, which decides what is damaged beyond repair, what is decoded in spite of
 * it, and how the error is worded. So nothing that libjpeg would accept is lost by being strict here.
 *
 * Y is what libjpeg-turbo decodes at full size, bit for bit. So are Cb and Cr of 4:2:0, before libjpeg
 * enlarges them. After JPEG_DECLINED the planes hold nothing of use. The caller has to know that the
 * components are YCbCr: their ids do not say so. */
enum jpeg_status decode_jpeg(const uint8_t *data, size_t length, int divisor, struct planes planes);

#endif
