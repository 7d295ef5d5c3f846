/* The entropy coding of baseline JPEG (ITU-T T.81, annexes C and F): bits to coefficients.
 *
 * Four fifths of a photo's decode are here. Two things make it fast. One look at the next `LOOK`
 * bits gives a coefficient with its value, and the one after it as well when both fit, which is
 * so for most. And eight bytes go into the buffer at once, unless one of them may be a marker. */
#ifndef HUFFMAN_H
#define HUFFMAN_H

#include <stdint.h>

enum {
    LOOK = 11,           /* bits; with fewer too much is rare, with more the tables outgrow the caches */
    LONGEST = 16,        /* bits of a code, by the standard */
    SIDE = 8,            /* of a block, in coefficients and in pixels */
    COEFFICIENTS = 64,   /* of a block */
    END_OF_BLOCK = 128,  /* an advance past every coefficient, and past every overflow too */
    SLOTS = 256,         /* entries of what is indexed by an advanced coefficient number */
    STRIDE = 72,         /* numbers from block to block: the 65th takes what is past the end */
};

/* What the next LOOK bits mean, as fields of 64 bits. An advance is the number of coefficients to
 * go on; a second symbol that does not fit repeats the first. */
struct meaning {
    uint8_t bits;       /* of both symbols; 0 when not even the first fits */
    uint8_t advance;    /* to the first coefficient */
    uint8_t advances;   /* to the second */
    uint8_t first_bits; /* of the first symbol alone */
    int16_t first, second;
};

struct table {
    struct meaning meanings[1 << LOOK];
    uint32_t limits[LONGEST + 2]; /* 16 bits below this start a code of at most that length */
    int32_t offsets[LONGEST + 1]; /* from a code of that length to its symbol's place */
    uint8_t symbols[256];
};

/* Fill a table from a DHT segment: how many codes of each length there are, and their symbols.
 * Returns 0 when no such code exists, or when it has symbols that baseline JPEG does not. */
int make_table(struct table *table, const uint8_t counts[LONGEST], const uint8_t *symbols, int is_ac);

/* Bytes seen as bits: `buffer` holds the next `count` of them, first one topmost. Below them may be
 * bits that will be read again. */
struct bits {
    uint64_t buffer;
    const uint8_t *next;
    int count;
};

/* The data of a scan. Past a marker or the end come zeros, counted in `padding`. */
struct reader {
    struct bits bits;
    const uint8_t *end;
    int64_t padding; /* bits */
};

/* What is done with a block's coefficients, in the order in which they come. */
struct order {
    uint8_t places[SLOTS]; /* in the block, row by row; the 65th takes what nobody wants */
    int16_t steps[SLOTS];  /* of quantisation; 0 past the 64th */
};

/* The order of a block of which the first `columns` and `rows` coefficients are wanted. */
struct order make_order(const uint8_t steps[COEFFICIENTS], int columns, int rows);

/* Decode one block into coefficients times their steps. `dc` is the last block's first coefficient.
 * Returns 0 for what is no block. */
int read_block(struct reader *reader, const struct table *dc_table, const struct table *ac_table,
               const struct order *order, int *dc, int16_t block[STRIDE]);

#endif
