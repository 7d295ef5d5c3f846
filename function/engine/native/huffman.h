/* Names of JPEG's Huffman coding that the decoder and the encoder share. */
#ifndef HUFFMAN_H
#define HUFFMAN_H

#include "block.h"

#include <stdint.h>

enum {
    MAX_CODE_LENGTH = 16, /* bits (T.81, B.2.4.2) */
    EOB = 0x00,           /* AC symbols without a value (T.81, F.1.2.2.1): no more coefficients in this block, */
    ZRL = 0xf0,           /* and sixteen that are 0 */
};

/* Index in a block row by row of each coefficient in zigzag order (T.81, A.3.6). */
static const uint8_t NATURAL_ORDER[DCTSIZE2] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
    41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
    30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
};

#endif
