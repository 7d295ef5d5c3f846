/* Encoding of baseline JPEG, with Huffman tables made for the picture. */
#ifndef JPEG_ENCODE_H
#define JPEG_ENCODE_H

#include "block.h"
#include "image.h"
#include "planes.h"

#include <stddef.h>
#include <stdint.h>

enum { MAX_JPEG_SIDE = 65500 }; /* pixels that libjpeg takes (JPEG_MAX_DIMENSION) */

/* Encode planes with one quantisation table (1 to 255, row by row) for all of them.
 *
 * The bytes are the same as those of Pillow's encoder, libjpeg-turbo, with `optimize`. Return how many
 * they are and set `bytes` to memory that the caller frees; return 0 if memory is out. */
size_t encode_planes(struct planes planes, const uint8_t steps[DCTSIZE2], uint8_t **bytes);

/* The same of RGB pixels of four bytes, whose chroma is halved or not. */
size_t encode_rgb(struct image image, int is_halved, const uint8_t steps[DCTSIZE2], uint8_t **bytes);

#endif
