/* The block of JPEG: 8 by 8 samples or coefficients (ITU-T T.81, A.1.3 calls it a data unit). */
#ifndef BLOCK_H
#define BLOCK_H

enum {
    DCTSIZE = 8,       /* samples or coefficients along one side, as libjpeg names it */
    DCTSIZE2 = 64,     /* of a block */
    DISCARDED = 64,    /* index in a stored block that takes the coefficients nobody needs */
    BLOCK_STRIDE = 72, /* from one stored block to the next: room for DISCARDED, and a multiple of 16 bytes */
};

#endif
