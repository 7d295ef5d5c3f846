/* Entropy decoding and dequantisation of a block of sequential JPEG (ITU-T T.81, F.2.2).
 *
 * Four fifths of a photo's decoding time is spent here. Two things make it fast. One lookup of the
 * next LOOKAHEAD_BITS bits gives a coefficient and its value, and mostly the coefficient after it
 * too. And the bit buffer is refilled eight bytes at a time, unless one of them may start a marker. */
#ifndef HUFFMAN_DECODE_H
#define HUFFMAN_DECODE_H

#include "huffman.h"

#include <stdint.h>

enum {
    LOOKAHEAD_BITS = 11,  /* with fewer more codes miss, with more the tables outgrow the cache */
    EOB_ADVANCE = 128,    /* what EOB adds to the zigzag index: more than any faulty run of zeros does */
    /* Entries of a table that is read before the zigzag index is checked. A lookup starts at 62 at
     * most, a run of zeros adds 16, and EOB then adds EOB_ADVANCE. */
    ZIGZAG_ENTRIES = 256,
};

/* The meaning of the next LOOKAHEAD_BITS bits: one symbol or two, each with its additional bits. If it
 * is one, the fields of the second repeat it. An advance is added to the zigzag index: it is the run of
 * zeros plus 1. An entry has eight bytes, so that one load fetches it. */
struct lookup_entry {
    uint8_t total_bits;    /* of both symbols; 0 if even the first is longer than LOOKAHEAD_BITS */
    uint8_t first_advance; /* to the first symbol's coefficient */
    uint8_t total_advance; /* to the second symbol's */
    uint8_t first_bits;    /* of the first symbol alone */
    int16_t first_value, second_value;
};

struct huffman_table {
    struct lookup_entry lookup[1 << LOOKAHEAD_BITS];
    /* One more than MAXCODE of T.81, F.2.2.3, shifted left to 16 bits: a code has at most this
     * length if the next 16 bits are below. The last one ends the search, as in libjpeg. */
    uint32_t code_limit[MAX_CODE_LENGTH + 2];
    int32_t valoffset[MAX_CODE_LENGTH + 1]; /* from a code of that length to its place in huffval */
    uint8_t huffval[256];                   /* symbols by increasing code */
};

/* Fill a table from the lists BITS and HUFFVAL of a DHT segment (T.81, B.2.4.2 and annex C), as
 * libjpeg's jpeg_make_d_derived_tbl() does.
 *
 * Return 0 if a length has more codes than its bits can tell apart, one of them all ones, or if a
 * symbol is not baseline's. */
int make_huffman_table(struct huffman_table *table, const uint8_t bits[MAX_CODE_LENGTH],
                       const uint8_t *huffval, int is_ac);

/* The next `bits_left` bits of the entropy-coded data, from the highest of `get_buffer` down. Bits below
 * them may be set already: the next refill sets the same ones again. */
struct bit_buffer {
    uint64_t get_buffer;
    const uint8_t *next_input_byte;
    int bits_left;
};

/* Entropy-coded data up to a marker or the end, after which it reads zeros, as libjpeg does. */
struct bit_reader {
    struct bit_buffer buffer;
    const uint8_t *end;
    int64_t padding_bits; /* zeros put into the buffer so far */
};

/* The place and the quantisation step of each coefficient, by zigzag index. */
struct dequant_table {
    uint8_t natural_order[ZIGZAG_ENTRIES]; /* index in a block row by row; DISCARDED if not needed */
    int16_t step[ZIGZAG_ENTRIES];          /* 0 past the 64th */
};

/* Return the table for a block of which the lowest `columns` by `rows` coefficients are needed;
 * `quant_table` is in zigzag order, as DQT has it. */
struct dequant_table make_dequant_table(const uint8_t quant_table[DCTSIZE2], int columns, int rows);

/* Decode one block to dequantised coefficients. `last_dc_val` is the DC prediction (PRED in T.81,
 * F.2.2.1) and becomes this block's DC coefficient. Return 0 if the data has no valid block. */
int decode_block(struct bit_reader *reader, const struct huffman_table *dc_table,
                 const struct huffman_table *ac_table, const struct dequant_table *dequant,
                 int *last_dc_val, int16_t block[BLOCK_STRIDE]);

#endif
