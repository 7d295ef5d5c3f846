/* The order of the operations in double precision is that of Pillow's Resample.c, so that coefficients
 * are rounded alike: one that differs in its last bit can change a pixel. The compiler must not fuse a
 * multiplication with an addition either (-ffp-contract=off in pipeline/bundle/native.py). */
#include "kernel.h"

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
    return sin(x) / x * (0.54f + 0.46f * cos(x)); /* hamming_filter() has floats, too */
}

static double bicubic(double x) { /* Keys' cubic convolution with a = -1/2 */
    const double a = -0.5;
    x = fabs(x);
    if (x < 1.0) {
        return ((a + 2.0) * x - (a + 3.0)) * x * x + 1.0;
    }
    return x < 2.0 ? (((x - 5.0) * x + 8.0) * x - 4.0) * a : 0.0;
}

/* sinc(x) * sinc(x / 3). Pillow computes two sines, and they are most of the cost. This computes one:
 * sin(3 t) is sin(t) * (3 - 4 * sin(t)^2). The doubles may differ in their last bits, which are far
 * below PRECISION_BITS; tests/unit/engine/test_vectors.py compares the pixels. */
static double lanczos(double x) {
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
    double (*evaluate)(double);
    double support; /* half its width in pixels; farther from its centre it is zero */
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

int has_filter(int filter) { return find_kernel(filter).evaluate != NULL; }

/* Round half away from zero, as normalize_coeffs_8bpc() does. */
static int32_t to_fixed_point(double value) {
    double scaled = value * (1 << PRECISION_BITS);
    return (int32_t)(scaled < 0 ? scaled - 0.5 : scaled + 0.5);
}

int precompute_coefficients(struct coefficients *coefficients, int source, int target, float start, float end,
                            int filter) {
    struct kernel kernel = find_kernel(filter);
    double scale = (double)(end - start) / target;
    double filter_scale = scale > 1.0 ? scale : 1.0; /* on the way down a kernel covers more pixels */
    double support = kernel.support * filter_scale;
    double inverse_scale = 1.0 / filter_scale;
    int max_length = (int)ceil(support) * 2 + 1; /* Pillow's ksize */

    coefficients->kernel_length = 1;
    coefficients->first = malloc(target * sizeof *coefficients->first);
    coefficients->count = malloc(target * sizeof *coefficients->count);
    coefficients->values = calloc((size_t)target * max_length, sizeof *coefficients->values);
    double *exact = malloc(max_length * sizeof *exact);
    if (!coefficients->first || !coefficients->count || !coefficients->values || !exact) {
        free(exact);
        return 0;
    }
    for (int i = 0; i < target; i++) {
        double centre = start + (i + 0.5) * scale;
        int first = (int)(centre - support + 0.5);
        int end_pixel = (int)(centre + support + 0.5);
        first = first < 0 ? 0 : first;
        end_pixel = end_pixel > source ? source : end_pixel;
        int count = end_pixel - first;
        double sum = 0.0;
        for (int j = 0; j < count; j++) {
            exact[j] = kernel.evaluate((j + first - centre + 0.5) * inverse_scale);
            sum += exact[j];
        }
        for (int j = 0; j < count; j++) {
            coefficients->values[(size_t)i * max_length + j] =
                to_fixed_point(sum == 0.0 ? exact[j] : exact[j] / sum);
        }
        coefficients->first[i] = first;
        coefficients->count[i] = count;
        coefficients->kernel_length = count > coefficients->kernel_length ? count : coefficients->kernel_length;
    }
    free(exact);
    /* max_length is an upper bound that is seldom reached. Move the values together, so that the passes
     * multiply fewer zeros. It can be done in place: none moves to a higher index. */
    for (int i = 0; i < target; i++) {
        for (int j = 0; j < coefficients->kernel_length; j++) {
            coefficients->values[(size_t)i * coefficients->kernel_length + j] =
                coefficients->values[(size_t)i * max_length + j];
        }
    }
    return 1;
}

void free_coefficients(struct coefficients *coefficients) {
    free(coefficients->first);
    free(coefficients->count);
    free(coefficients->values);
}
