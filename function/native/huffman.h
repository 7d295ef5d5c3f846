/* The entropy coding of baseline JPEG (ITU-T T.81, annexes C and F): bits to coefficients.
 *
 * Nine tenths of a photo's decode are here. Two things make it fast. One look at the next `LOOK`
 * bits gives a coefficient with its value, and the one after it as well when both fit, which is
 * so for most. And eight bytes go into the buffer at once, unless one of them may be a marker. */
#ifndef HUFFMAN_H
#define HUFFMAN_H

#include <stdint.h>
#include <string.h>

#include "vector.h"

enum {
    LOOK = 11,           /* bits; the tables of a photo, 16 KB each, still fit the first cache */
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

/* Bytes seen as bits. `buffer` holds the next `count` bits, first one topmost; below them may be
 * bits that will be read again. Past a marker or the end come zeros, counted in `padding`. */
struct reader {
    uint64_t buffer;
    int64_t padding;
    const uint8_t *next, *end;
    int count;
};

/* Byte by byte, where a marker or the end may be near. */
INLINE void fill_slowly(struct reader *reader) {
    for (; reader->count < 56; reader->count += 8) {
        const uint8_t *next = reader->next;
        if (next == reader->end || (*next == 0xff && (next + 1 == reader->end || next[1] != 0))) {
            reader->padding += 8;
            continue;
        }
        reader->buffer |= (uint64_t)*next << (56 - reader->count);
        reader->next += *next == 0xff ? 2 : 1; /* a zero is stuffed after such a byte */
    }
}

/* Make sure of 56 bits. */
INLINE void fill(struct reader *reader) {
    const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
    uint64_t bytes = 0;
    int whole = reader->end - reader->next >= 8;
    if (whole) {
        memcpy(&bytes, reader->next, 8);
    }
    if (__builtin_expect(whole && !((~bytes - ones) & bytes & tops), 1)) { /* none is 0xff */
        reader->buffer |= __builtin_bswap64(bytes) >> reader->count;
        reader->next += (63 - reader->count) >> 3;
        reader->count |= 56;
    } else {
        fill_slowly(reader);
    }
}

INLINE void drop(struct reader *reader, int bits) {
    reader->buffer <<= bits;
    reader->count -= bits;
}

/* A number of `size` bits as T.81's F.12 extends it: the lower half of the range is negative. */
INLINE int extend(uint32_t bits, int size) {
    return bits < 1u << size >> 1 ? (int)bits - (1 << size) + 1 : (int)bits;
}

/* One symbol and its number, of any length; -1 for no symbol. */
INLINE int read_symbol(struct reader *reader, const struct table *table, int *number) {
    fill(reader);
    uint32_t ahead = (uint32_t)(reader->buffer >> 48);
    int length = 1;
    while (ahead >= table->limits[length]) {
        length++;
    }
    if (length > LONGEST) {
        return -1;
    }
    int symbol = table->symbols[((ahead >> (LONGEST - length)) + table->offsets[length]) & 0xff];
    int size = symbol & 15;
    drop(reader, length);
    *number = size ? extend((uint32_t)(reader->buffer >> (64 - size)), size) : 0;
    drop(reader, size);
    return symbol;
}

/* The order in which a block's coefficients come, and the 65th for all that are past the end. */
extern const uint8_t ZIGZAG[SLOTS];

/* Decode one block into coefficients times their quantisation steps, row by row. `steps` are in
 * the order of ZIGZAG; `dc` is the last block's first coefficient. Returns 0 for what is no block. */
INLINE int read_block(struct reader *reader, const struct table *dc_table, const struct table *ac_table,
                      const int16_t steps[SLOTS], int *dc, int16_t block[STRIDE]) {
    memset(block, 0, COEFFICIENTS * sizeof *block);
    fill(reader);
    struct meaning meaning = dc_table->meanings[reader->buffer >> (64 - LOOK)];
    int number = meaning.first;
    if (__builtin_expect(meaning.bits != 0, 1)) {
        drop(reader, meaning.bits);
    } else if (read_symbol(reader, dc_table, &number) < 0) {
        return 0;
    }
    *dc = (int16_t)(*dc + number);
    block[0] = (int16_t)(*dc * steps[0]);
    int at = 0;
    do {
        fill(reader);
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) { /* of LOOK bits each, which one filling is enough for */
            meaning = ac_table->meanings[reader->buffer >> (64 - LOOK)];
            if (__builtin_expect(meaning.bits == 0, 0)) {
                int symbol = read_symbol(reader, ac_table, &number);
                if (symbol < 0) {
                    return 0;
                }
                at += symbol ? (symbol >> 4) + 1 : END_OF_BLOCK;
                block[ZIGZAG[at]] = (int16_t)(number * steps[at]);
                break;
            }
            int first = at + meaning.advance;
            if (__builtin_expect(first == COEFFICIENTS - 1, 0)) { /* the second is the next block's */
                drop(reader, meaning.first_bits);
                block[first] = (int16_t)(meaning.first * steps[first]);
                at = first;
                break;
            }
            at += meaning.advances;
            drop(reader, meaning.bits);
            block[ZIGZAG[first]] = (int16_t)(meaning.first * steps[first]);
            block[ZIGZAG[at]] = (int16_t)(meaning.second * steps[at]);
            if (at >= COEFFICIENTS - 1) {
                break;
            }
        }
    } while (at < COEFFICIENTS - 1);
    return at == COEFFICIENTS - 1 || at >= END_OF_BLOCK;
}

#endif
