/* Tables of codes, made from a JPEG's own. */
#include "huffman.h"

enum { LARGEST_DC = 11, LARGEST_AC = 10 }; /* bits of a number, for samples of 8 bits */

const uint8_t ZIGZAG[SLOTS] = {
    0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,
    12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6,  7,  14, 21, 28,
    35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
    58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    [64 ... SLOTS - 1] = COEFFICIENTS,
};

static int is_known(uint8_t symbol, int is_ac) {
    int size = symbol & 15;
    if (!is_ac) {
        return symbol <= LARGEST_DC;
    }
    return symbol == 0 || symbol == 0xf0 || (1 <= size && size <= LARGEST_AC);
}

/* Tell all bit patterns that begin with a code, and hold its number whole, what they mean. */
static void tell_first(struct table *table, uint32_t code, int length, uint8_t symbol, int is_ac) {
    int size = symbol & 15, bits = length + size, spare = LOOK - length;
    uint8_t advance = is_ac && symbol == 0 ? END_OF_BLOCK : (symbol >> 4) + 1;
    for (uint32_t rest = 0; bits <= LOOK && rest < 1u << spare; rest++) {
        int16_t number = size ? (int16_t)extend(rest >> (spare - size), size) : 0;
        table->meanings[code << spare | rest] =
            (struct meaning){bits, advance, advance, bits, number, number};
    }
}

/* Add the second symbol to patterns that hold two; the first must not end the block. */
static void tell_second(struct table *table) {
    for (uint32_t ahead = 0; ahead < 1u << LOOK; ahead++) {
        struct meaning *meaning = &table->meanings[ahead];
        const struct meaning *next = &table->meanings[ahead << meaning->bits & ((1u << LOOK) - 1)];
        int bits = meaning->first_bits + next->first_bits;
        if (meaning->bits && meaning->advance != END_OF_BLOCK && next->bits && bits <= LOOK) {
            meaning->bits = (uint8_t)bits;
            meaning->advances += next->advance;
            meaning->second = next->first;
        }
    }
}

int make_table(struct table *table, const uint8_t counts[LONGEST], const uint8_t *symbols, int is_ac) {
    memset(table, 0, sizeof *table);
    uint32_t code = 0;
    int place = 0;
    for (int length = 1; length <= LONGEST; length++, code <<= 1) {
        table->offsets[length] = place - (int32_t)code;
        for (int i = 0; i < counts[length - 1]; i++, place++, code++) {
            if (place == sizeof table->symbols || code >> length || !is_known(symbols[place], is_ac)) {
                return 0;
            }
            table->symbols[place] = symbols[place];
            tell_first(table, code, length, symbols[place], is_ac);
        }
        table->limits[length] = code << (LONGEST - length);
    }
    table->limits[LONGEST + 1] = UINT32_MAX;
    if (is_ac) {
        tell_second(table);
    }
    return 1;
}
