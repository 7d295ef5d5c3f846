/* The arithmetic follows Pillow's step by step, in double precision, so that both round alike. */
#include "weights.h"

#include "resample.h"

#include <math.h>
#include <stdlib.h>

static const double PI = 3.14159265358979323846;

static double box(double x) { return x > -0.5 && x <= 0.5 ? 1.0 : 0.0; }

static double bilinear(double x) {
    x = fabs(x);
    return x < 1.0 ? 1.0 - x : 0.0;
}

static double hamming(double x) {
    x = fabs(x);
    if (x == 0.0) {
        return 1.0;
    }
    if (x >= 1.0) {
        return 0.0;
    }
    x *= PI;
    return sin(x) / x * (0.54f + 0.46f * cos(x)); /* Pillow's constants are floats */
}

static double bicubic(double x) { /* Keys' cubic convolution with a = -1/2 */
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0) {
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    }
    return x < 2.0 ? (((x - 5.0) * x + 8.0) * x - 4.0) * a : 0.0;
}

static double lanczos(double x) { /* sinc(x) * sinc(x / 3), from one sine: that is most of the cost */
    if (x == 0.0) {
        return 1.0;
    }
    if (x < -3.0 || x >= 3.0) {
        return 0.0;
    }
    double third = x * PI / 3.0;
    double sine = sin(third);
    return sine * (3.0 - 4.0 * sine * sine) * sine / (3.0 * third * third);
}

static double mks2013(double x) { /* Costella's Magic Kernel Sharp of 2013 */
    x = fabs(x);
    if (x >= 2.5) {
        return 0.0;
    }
    if (x >= 1.5) {
        return -0.125 * (x - 2.5) * (x - 2.5);
    }
    return x >= 0.5 ? 0.25 * (4.0 * x * x - 11.0 * x + 7.0) : 1.0625 - 1.75 * x * x;
}

struct kernel {
    double (*weigh)(double);
    double radius;
};

static struct kernel find_kernel(int filter) {
    switch (filter) {
    case LANCZOS:
        return (struct kernel){lanczos, 3.0};
    case BILINEAR:
        return (struct kernel){bilinear, 1.0};
    case BICUBIC:
        return (struct kernel){bicubic, 2.0};
    case BOX:
        return (struct kernel){box, 0.5};
    case HAMMING:
        return (struct kernel){hamming, 1.0};
    case MKS2013:
        return (struct kernel){mks2013, 2.5};
    default:
        return (struct kernel){NULL, 0.0};
    }
}

int has_filter(int filter) { return find_kernel(filter).weigh != NULL; }

static int32_t to_fixed(double weight) {
    double scaled = weight * (1 << PRECISION);
    return (int32_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

int find_taps(struct taps *taps, int source, int target, float start, float end, int filter) {
    struct kernel kernel = find_kernel(filter);
    double scale = (double)(end - start) / target;
    double stretch = scale > 1.0 ? scale : 1.0;
    double radius = kernel.radius * stretch;
    double narrow = 1.0 / stretch;
    int room = (int)ceil(radius) * 2 + 1;

    taps->most = 1;
    taps->first = malloc(target * sizeof *taps->first);
    taps->count = malloc(target * sizeof *taps->count);
    taps->weights = calloc((size_t)target * room, sizeof *taps->weights);
    double *exact = malloc(room * sizeof *exact);
    if (!taps->first || !taps->count || !taps->weights || !exact) {
        free(exact);
        return 0;
    }
    for (int i = 0; i < target; i++) {
        double centre = start + (i + 0.5) * scale;
        int first = (int)(centre - radius + 0.5);
        int end_tap = (int)(centre + radius + 0.5);
        first = first < 0 ? 0 : first;
        end_tap = end_tap > source ? source : end_tap;
        int count = end_tap - first;
        double sum = 0.0;
        for (int j = 0; j < count; j++) {
            exact[j] = kernel.weigh((j + first - centre + 0.5) * narrow);
            sum += exact[j];
        }
        for (int j = 0; j < count; j++) {
            taps->weights[(size_t)i * room + j] = to_fixed(sum == 0.0 ? exact[j] : exact[j] / sum);
        }
        taps->first[i] = first;
        taps->count[i] = count;
        taps->most = count > taps->most ? count : taps->most;
    }
    free(exact);
    for (int i = 0; i < target; i++) { /* close the gaps that were left for the longest */
        for (int j = 0; j < taps->most; j++) {
            taps->weights[(size_t)i * taps->most + j] = taps->weights[(size_t)i * room + j];
        }
    }
    return 1;
}

void free_taps(struct taps *taps) {
    free(taps->first);
    free(taps->count);
    free(taps->weights);
}
