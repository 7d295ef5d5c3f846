/* How like its original an encoded picture is: the terms of a score that follows SSIMULACRA2. */
#ifndef SIMILARITY_H
#define SIMILARITY_H

#include "image.h"

enum {
    SIMILARITY_SCALES = 4,  /* full size, 1/2, 1/4 and 1/8; SSIMULACRA2 has two more */
    SIMILARITY_PLANES = 3,  /* X, Y and B of XYB */
    SIMILARITY_MAPS = 3,    /* SSIM, edges that came, and edges that went */
    SIMILARITY_NORMS = 2,   /* mean, and fourth root of the mean fourth power */
    SIMILARITY_TERMS = SIMILARITY_SCALES * SIMILARITY_PLANES * SIMILARITY_MAPS * SIMILARITY_NORMS,
    SIMILARITY_SMALLEST = 8 /* pixels of a shorter side; a smaller picture has no window */
};

enum similarity_status { SIMILARITY_DONE, SIMILARITY_NO_MEMORY };

/* Fill the tables that compare_images() reads. To be called first, by one thread at a time. */
void prepare_similarity(void);

/* Compare two RGB images of one size, of four bytes a pixel, and set the terms: by scale, then by plane,
 * then by map, then by norm. A term is 0 where the images are equal, and at scales that the size has no window for. */
enum similarity_status compare_images(struct image reference, struct image output,
                                      double terms[SIMILARITY_TERMS]);

#endif
