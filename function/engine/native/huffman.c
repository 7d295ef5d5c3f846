/* Tables of codes, made from a JPEG's own, and the loop that reads blocks by them. */
#include "huffman.h"

#include "vector.h"

enum { LARGEST_DC = 11, LARGEST_AC = 10 }; /* bits of a number, for samples of 8 bits */

struct order make_order(const uint8_t steps[COEFFICIENTS], int columns, int rows) {
    struct order order = {0};
    int column = 0, row = 0;
    for (int i = 0; i < SLOTS; i++) {
        int is_wanted = i < COEFFICIENTS && column < columns && row < rows;
        order.places[i] = is_wanted ? (uint8_t)(SIDE * row + column) : COEFFICIENTS;
        order.steps[i] = i < COEFFICIENTS ? steps[i] : 0;
        int is_rising = (column + row) % 2 == 0; /* zigzag along the diagonals, turning at edges */
        int *ahead = is_rising ? &column : &row, *behind = is_rising ? &row : &column;
        if (*ahead == SIDE - 1) {
            ++*behind;
        } else {
            ++*ahead;
            *behind -= *behind > 0;
        }
    }
    return order;
}

static int is_known(uint8_t symbol, int is_ac) {
    int size = symbol & 15;
    if (!is_ac) {
        return symbol <= LARGEST_DC;
    }
    return symbol == 0 || symbol == 0xf0 || (1 <= size && size <= LARGEST_AC);
}

/* A number of `size` bits as T.81's F.12 extends it: the lower half of the range is negative. */
INLINE int extend(uint32_t bits, int size) {
    return bits < 1u << size >> 1 ? (int)bits - (1 << size) + 1 : (int)bits;
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

/* Byte by byte, where a marker or the end may be near. Out of line, as all that is rare here, and
 * with its own copy in memory, so that what is frequent has the registers. */
static __attribute__((noinline)) void fill_slowly(struct reader *reader) {
    struct bits *bits = &reader->bits;
    for (; bits->count < 56; bits->count += 8) {
        const uint8_t *next = bits->next;
        if (next == reader->end || (*next == 0xff && (next + 1 == reader->end || next[1] != 0))) {
            reader->padding += 8;
            continue;
        }
        bits->buffer |= (uint64_t)*next << (56 - bits->count);
        bits->next += *next == 0xff ? 2 : 1; /* a zero is stuffed after such a byte */
    }
}

/* Make sure of 56 bits. */
INLINE struct bits fill(struct bits bits, struct reader *reader) {
    const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
    uint64_t bytes = ~(uint64_t)0;
    if (__builtin_expect(reader->end - bits.next >= 8, 1)) {
        bytes = LOAD(uint64_t, bits.next);
    }
    if (__builtin_expect((~bytes - ones) & bytes & tops, 0)) { /* one of them is 0xff */
        reader->bits = bits;
        fill_slowly(reader);
        return reader->bits;
    }
    bits.buffer |= __builtin_bswap64(bytes) >> bits.count;
    bits.next += (63 - bits.count) >> 3;
    bits.count |= 56;
    return bits;
}

INLINE struct bits drop(struct bits bits, int count) {
    bits.buffer <<= count;
    bits.count -= count;
    return bits;
}

/* One symbol of any length and the number that follows it; -1 for no symbol. */
static __attribute__((noinline)) int read_symbol(struct reader *reader, const struct table *table, int *number) {
    struct bits bits = fill(reader->bits, reader);
    uint32_t ahead = (uint32_t)(bits.buffer >> 48);
    int length = 1;
    while (ahead >= table->limits[length]) {
        length++;
    }
    if (length > LONGEST) {
        return -1;
    }
    int symbol = table->symbols[((ahead >> (LONGEST - length)) + table->offsets[length]) & 0xff];
    int size = symbol & 15;
    bits = drop(bits, length);
    *number = size ? extend((uint32_t)(bits.buffer >> (64 - size)), size) : 0;
    reader->bits = drop(bits, size);
    return symbol;
}

int read_block(struct reader *reader, const struct table *dc_table, const struct table *ac_table,
               const struct order *order, int *dc, int16_t block[STRIDE]) {
    memset(block, 0, COEFFICIENTS * sizeof *block);
    struct bits bits = fill(reader->bits, reader);
    struct meaning meaning = dc_table->meanings[bits.buffer >> (64 - LOOK)];
    int number = meaning.first;
    if (__builtin_expect(meaning.bits == 0, 0)) {
        reader->bits = bits;
        if (read_symbol(reader, dc_table, &number) < 0) {
            return 0;
        }
        bits = reader->bits;
    }
    bits = drop(bits, meaning.bits);
    *dc = (int16_t)(*dc + number);
    block[0] = (int16_t)(*dc * order->steps[0]);
    unsigned at = 0;
    do {
        bits = fill(bits, reader);
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) { /* of LOOK bits each, which one filling is enough for */
            meaning = ac_table->meanings[bits.buffer >> (64 - LOOK)];
            if (__builtin_expect(meaning.bits == 0, 0)) {
                reader->bits = bits;
                int symbol = read_symbol(reader, ac_table, &number);
                if (symbol < 0) {
                    return 0;
                }
                bits = reader->bits;
                at += symbol ? (symbol >> 4) + 1 : END_OF_BLOCK;
                block[order->places[at]] = (int16_t)(number * order->steps[at]);
                break;
            }
            unsigned first = at + meaning.advance;
            if (__builtin_expect(first == COEFFICIENTS - 1, 0)) { /* the second is the next block's */
                bits = drop(bits, meaning.first_bits);
                block[order->places[first]] = (int16_t)(meaning.first * order->steps[first]);
                at = first;
                break;
            }
            at += meaning.advances;
            bits = drop(bits, meaning.bits);
            block[order->places[first]] = (int16_t)(meaning.first * order->steps[first]);
            block[order->places[at]] = (int16_t)(meaning.second * order->steps[at]);
            if (at >= COEFFICIENTS - 1) {
                break;
            }
        }
    } while (at < COEFFICIENTS - 1);
    reader->bits = bits;
    return at == COEFFICIENTS - 1 || at >= END_OF_BLOCK;
}
