/* The filter kernels of Pillow's resize, and the coefficients they give. */
#ifndef KERNEL_H
#define KERNEL_H

#include <stdint.h>

/* Numbered as Pillow's Image.Resampling. */
enum filter { LANCZOS = 1, BILINEAR = 2, BICUBIC = 3, BOX = 4, HAMMING = 5, MKS2013 = 6 };

/* Fraction bits of a coefficient, as in Pillow: of 32 bits, 8 are the result's, and 2 are for sums that
 * are negative or above 1, because kernels have negative parts. */
#define PRECISION_BITS 22

/* The coefficients along one axis: how much each source pixel adds to each target pixel. */
struct coefficients {
    int kernel_length; /* largest count */
    int *first;        /* first source pixel of each target pixel: Pillow's xmin */
    int *count;        /* source pixels of each target pixel: Pillow's xmax - xmin */
    int32_t *values;   /* `kernel_length` for each target pixel; those past its count are zero */
};

/* Return whether precompute_coefficients() knows a filter. */
int has_filter(int filter);

/* Compute the coefficients that scale `start`..`end` of `source` pixels to `target` pixels, as Pillow's
 * precompute_coeffs() and normalize_coeffs_8bpc() do. Return 0 when memory is out. Free them with
 * free_coefficients() in either case. */
int precompute_coefficients(struct coefficients *coefficients, int source, int target, float start, float end,
                            int filter);

void free_coefficients(struct coefficients *coefficients);

#endif
