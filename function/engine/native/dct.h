/* Operations of both the forward and the inverse DCT, on vectors of eight 16-bit numbers. */
#ifndef DCT_H
#define DCT_H

#include "block.h"
#include "vector.h"

/* Fraction bits of a constant, and of the numbers between the passes; both as in libjpeg's jfdctint.c
 * and jidctint.c. */
enum { CONST_BITS = 13, PASS1_BITS = 2 };

/* Return a * x + b * y. */
INLINE i32x8 multiply_add(i16x8 x, i16x8 y, int16_t a, int16_t b) {
    i16x16 pairs = SHUFFLE(x, y, 0, 8, 1, 9, 2, 10, 3, 11, 4, 12, 5, 13, 6, 14, 7, 15);
    return multiply_pairs(pairs, repeat_pair((int32_t)((uint32_t)(uint16_t)b << 16 | (uint16_t)a)));
}

/* Divide by 2^bits and round, as libjpeg's DESCALE(). */
INLINE i32x8 descale(i32x8 values, int bits) { return (values + (1 << (bits - 1))) >> bits; }

INLINE i16x8 lower_half(i16x16 numbers) { return SHUFFLE(numbers, numbers, 0, 1, 2, 3, 4, 5, 6, 7); }

INLINE i16x8 upper_half(i16x16 numbers) { return SHUFFLE(numbers, numbers, 8, 9, 10, 11, 12, 13, 14, 15); }

/* Put the vectors' halves together, number by number.
 *
 * Let the index of a number be the number of its vector followed by that of its lane, in binary. The
 * bits of every index are rotated left by one. So after as many calls as `count` has bits, at eight
 * vectors three, what was the lane is the vector. */
INLINE void interleave_halves(i16x8 *vectors, int count) {
    i16x8 result[DCTSIZE];
    for (int i = 0, half = count / 2; i < half; i++) {
        i16x8 a = vectors[i], b = vectors[i + half];
        result[2 * i] = SHUFFLE(a, b, 0, 8, 1, 9, 2, 10, 3, 11);
        result[2 * i + 1] = SHUFFLE(a, b, 4, 12, 5, 13, 6, 14, 7, 15);
    }
    memcpy(vectors, result, (size_t)count * sizeof *vectors);
}

INLINE void transpose(i16x8 lanes[DCTSIZE]) {
    for (int bit = 1; bit < DCTSIZE; bit *= 2) {
        interleave_halves(lanes, DCTSIZE);
    }
}

#endif
