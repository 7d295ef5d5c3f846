/* Entropy coding of JPEG with Huffman tables made for the picture (T.81, F.1.2 and annex K.2).
 *
 * A picture is coded in two steps: all of its symbols are stored and counted, and once the counts
 * have become tables, the symbols are written. */
#ifndef HUFFMAN_ENCODE_H
#define HUFFMAN_ENCODE_H

#include "huffman.h"

#include <stddef.h>
#include <stdint.h>

enum {
    TABLES = 4,    /* DC and AC of luma, then DC and AC of chroma */
    SYMBOLS = 256, /* of a table */
    ITEM_BITS = 6, /* additional bits that an item has room for */
};

/* Symbols in the order in which they are written, each with its additional bits. */
struct symbols {
    /* The places of a block's coefficients come as bits row by row. zigzag_bits[i][n] has them in zigzag
     * order, for the four bits n from the 4 * i-th on. */
    uint64_t zigzag_bits[DCTSIZE2 / 4][16];
    /* From the highest bit down: two bits for the table, eight for the symbol, six additional bits. If
     * there are more of those, the next item has them and these six are 0. */
    uint16_t *items;
    size_t length, room; /* items */
    uint32_t counts[TABLES][SYMBOLS];
};

/* A table as a DHT segment has it, and the code of each symbol. */
struct code_table {
    uint8_t bits[MAX_CODE_LENGTH]; /* number of codes of each length, from 1 bit up */
    uint8_t huffval[SYMBOLS];      /* symbols by increasing code */
    uint32_t codes[SYMBOLS];       /* code << 8 | its length in bits; 0 of a symbol that has none */
};

/* Make ready to add blocks. The caller frees `items` in the end. */
void begin_symbols(struct symbols *symbols);

/* Add a block: its DC coefficient less that of the block before, and the other coefficients.
 *
 * `present` says which are not 0, as fdct_block() returns it. `first_table` is 0 for
 * luma and 2 for chroma. Return 0 if memory is out. */
int add_block(struct symbols *symbols, int first_table, int dc_difference,
              const int16_t coefficients[DCTSIZE2], uint64_t present);

/* Return the table with the fewest bits for symbols that occur so often, as libjpeg's
 * jpeg_gen_optimal_table() makes it. */
struct code_table make_code_table(const uint32_t counts[SYMBOLS]);

/* A file in memory. */
struct file {
    uint8_t *bytes;
    size_t length, room; /* bytes */
};

/* Make room for more bytes. Return 0 if memory is out. */
int make_room(struct file *file, size_t more);

/* Write all symbols as entropy-coded data. Return 0 if memory is out. */
int write_symbols(const struct symbols *symbols, const struct code_table tables[TABLES], struct file *file);

#endif
