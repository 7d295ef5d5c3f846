/* Which source pixels make a target pixel, and with what weights. */
#ifndef WEIGHTS_H
#define WEIGHTS_H

#include <stdint.h>

/* Weights are fixed-point numbers with this many bits after the point, as in Pillow: the sum of
 * 255 times each still fits 32 bits. */
#define PRECISION 22

/* The taps of every target pixel along one axis. */
struct taps {
    int most;         /* largest count */
    int *first;       /* first source pixel of each target pixel */
    int *count;       /* source pixels of each target pixel */
    int32_t *weights; /* `most` for each target pixel; those past its count are zero */
};

/* Whether find_taps() knows a filter. */
int has_filter(int filter);

/* Find the taps that scale `start`..`end` of `source` pixels to `target` pixels; 0 when memory is
 * out. Free them with free_taps() in either case. */
int find_taps(struct taps *taps, int source, int target, float start, float end, int filter);

void free_taps(struct taps *taps);

#endif
