/* A block's symbols, the tables with the fewest bits for all of them, and the bits. */
#include "huffman_encode.h"

#include <stdlib.h>
#include <string.h>

enum { ZRL_ZEROS = 16 };

/* Longest code before it is shortened to MAX_CODE_LENGTH: a picture of 2^32 symbols has none longer. */
enum { MAX_LENGTH = 48 };

/* Items that a block has at most: DC and 63 coefficients, each with a second item. A ZRL takes the place
 * of sixteen coefficients, and EOB that of one. */
enum { BLOCK_ITEMS = 2 * DCTSIZE2 };

/* Items that more room is made for. */
enum { MORE_ITEMS = 1 << 14 };

/* Items that are written before room is made for more, and bytes that they take at most: 16 bits of code
 * and 11 more are four bytes, each of which a 0 may follow, and a word may be left from before. */
enum { WORD_BITS = 64, RUN = 1 << 12, RUN_BYTES = 8 * (RUN + 1) + 2 * WORD_BITS / 8 };

void begin_symbols(struct symbols *symbols) {
    memset(symbols, 0, sizeof *symbols);
    for (int k = 0; k < DCTSIZE2; k++) {
        int place = NATURAL_ORDER[k], bit = 1 << place % 4;
        for (int n = 0; n < 16; n++) {
            symbols->zigzag_bits[place / 4][n] |= n & bit ? 1ull << k : 0;
        }
    }
}

static inline void add(struct symbols *symbols, int table, int symbol, uint32_t additional_bits) {
    uint32_t item = (uint32_t)(table << 8 | symbol) << ITEM_BITS;
    symbols->counts[table][symbol]++;
    if ((symbol & 15) > ITEM_BITS) {
        symbols->items[symbols->length++] = (uint16_t)item;
        item = 0;
    }
    symbols->items[symbols->length++] = (uint16_t)(item | additional_bits);
}

/* Add a value after a run of zeros: its category is the number of bits of its size (T.81, table F.1),
 * and a negative value's additional bits are those of the value less 1. */
static inline void add_value(struct symbols *symbols, int table, int run, int value) {
    int category = value ? 32 - __builtin_clz((unsigned)abs(value)) : 0;
    uint32_t bits = (uint32_t)(value - (value < 0)) & ((1u << category) - 1);
    add(symbols, table, run << 4 | category, bits);
}

static int make_item_room(struct symbols *symbols) {
    if (symbols->room - symbols->length >= BLOCK_ITEMS) {
        return 1;
    }
    size_t room = symbols->room + symbols->room / 4 + MORE_ITEMS;
    uint16_t *items = realloc(symbols->items, room * sizeof *items);
    if (items) {
        symbols->items = items;
        symbols->room = room;
    }
    return items != NULL;
}

int add_block(struct symbols *symbols, int first_table, int dc_difference,
              const int16_t coefficients[DCTSIZE2], uint64_t present) {
    if (!make_item_room(symbols)) {
        return 0;
    }
    add_value(symbols, first_table, 0, dc_difference);
    uint64_t ahead = 0; /* zigzag indexes of coefficients */
    for (int i = 0; i < DCTSIZE2 / 4; i++) {
        ahead |= symbols->zigzag_bits[i][present >> 4 * i & 15];
    }
    ahead &= ~1ull; /* without DC */
    int before = 0;
    for (; ahead; ahead &= ahead - 1) {
        int k = __builtin_ctzll(ahead), run = k - before - 1;
        for (; run >= ZRL_ZEROS; run -= ZRL_ZEROS) {
            add(symbols, first_table + 1, ZRL, 0);
        }
        add_value(symbols, first_table + 1, run, coefficients[NATURAL_ORDER[k]]);
        before = k;
    }
    if (before < DCTSIZE2 - 1) {
        add(symbols, first_table + 1, EOB, 0);
    }
    return 1;
}

/* A tree of symbols in the making of codes. */
struct tree {
    uint64_t count; /* of its symbols; 0 once it is part of another tree */
    int symbol;     /* of its root */
    int next;       /* the tree that was joined to it last, or -1 */
};

/* Return which tree but `other` has the least count, the last one of equal counts; -1 for none. */
static int find_least(const struct tree *trees, int length, int other) {
    int least = -1;
    for (int i = 0; i < length; i++) {
        if (trees[i].count && i != other && (least < 0 || trees[i].count <= trees[least].count)) {
            least = i;
        }
    }
    return least;
}

/* Set how long each symbol's code is (T.81, figure K.1). The symbol 256 takes the code of all ones,
 * which JPEG does not allow. */
static void find_lengths(const uint32_t counts[SYMBOLS], uint8_t lengths[SYMBOLS + 1]) {
    struct tree trees[SYMBOLS + 1];
    int length = 0;
    for (int symbol = 0; symbol <= SYMBOLS; symbol++) {
        uint64_t count = symbol < SYMBOLS ? counts[symbol] : 1;
        if (count) {
            trees[length++] = (struct tree){count, symbol, -1};
        }
    }
    for (;;) {
        int first = find_least(trees, length, -1), second = find_least(trees, length, first);
        if (second < 0) {
            return;
        }
        trees[first].count += trees[second].count;
        trees[second].count = 0;
        int last = first;
        while (trees[last].next >= 0) {
            last = trees[last].next;
        }
        trees[last].next = second;
        for (int i = first; i >= 0; i = trees[i].next) {
            lengths[trees[i].symbol]++;
        }
    }
}

/* Shorten the codes above MAX_CODE_LENGTH and take the one of all ones away (T.81, figure K.3). */
static void limit_lengths(int bits[MAX_LENGTH + 1]) {
    for (int i = MAX_LENGTH; i > MAX_CODE_LENGTH; i--) {
        while (bits[i] > 0) {
            int shorter = i - 2;
            while (!bits[shorter]) {
                shorter--;
            }
            bits[i] -= 2;
            bits[i - 1]++;
            bits[shorter + 1] += 2;
            bits[shorter]--;
        }
    }
    int longest = MAX_CODE_LENGTH;
    while (!bits[longest]) {
        longest--;
    }
    bits[longest]--;
}

struct code_table make_code_table(const uint32_t counts[SYMBOLS]) {
    struct code_table table = {0};
    uint8_t lengths[SYMBOLS + 1] = {0};
    int bits[MAX_LENGTH + 1] = {0};
    find_lengths(counts, lengths);
    for (int i = 0; i <= SYMBOLS; i++) {
        bits[lengths[i]] += lengths[i] > 0;
    }
    limit_lengths(bits);
    int found = 0;
    for (int length = 1; length <= MAX_LENGTH; length++) {
        for (int symbol = 0; symbol < SYMBOLS; symbol++) {
            if (lengths[symbol] == length) {
                table.huffval[found++] = (uint8_t)symbol;
            }
        }
    }
    uint32_t code = 0;
    for (int length = 1, i = 0; length <= MAX_CODE_LENGTH; length++, code <<= 1) {
        table.bits[length - 1] = (uint8_t)bits[length];
        for (int end = i + bits[length]; i < end; i++) {
            table.codes[table.huffval[i]] = code++ << 8 | (uint32_t)length;
        }
    }
    return table;
}

int make_room(struct file *file, size_t more) {
    if (file->room - file->length >= more) {
        return 1;
    }
    size_t room = file->length + file->length / 2 + more;
    uint8_t *bytes = realloc(file->bytes, room);
    if (bytes) {
        file->bytes = bytes;
        file->room = room;
    }
    return bytes != NULL;
}

static inline uint8_t *write_byte(uint8_t byte, uint8_t *out) {
    *out++ = byte;
    if (byte == 0xff) {
        *out++ = 0; /* so that it starts no marker (T.81, B.1.1.5) */
    }
    return out;
}

/* Write eight bytes, the highest first. */
static inline uint8_t *write_word(uint64_t word, uint8_t *out) {
    const uint64_t low = 0x0101010101010101, high = low << 7;
    if (!(word & ~(word + low) & high)) { /* no byte is 0xff */
        uint64_t bytes = __builtin_bswap64(word);
        memcpy(out, &bytes, sizeof bytes);
        return out + sizeof bytes;
    }
    for (int shift = WORD_BITS - 8; shift >= 0; shift -= 8) {
        out = write_byte((uint8_t)(word >> shift), out);
    }
    return out;
}

/* Bits that are not written yet, from the highest down, and where they go. */
struct bit_writer {
    uint64_t word;
    int room; /* bits of the word that are not set */
    uint8_t *out;
};

static inline void write_bits(struct bit_writer *writer, uint64_t bits, int length) {
    writer->room -= length;
    if (writer->room >= 0) {
        writer->word = writer->word << length | bits;
        return;
    }
    writer->out = write_word(writer->word << (length + writer->room) | bits >> -writer->room, writer->out);
    writer->word = bits;
    writer->room += WORD_BITS;
}

/* Write what is left, with ones up to the end of the last byte (T.81, F.1.2.3). */
static void finish_bits(struct bit_writer *writer) {
    int bytes = (WORD_BITS - writer->room + 7) / 8, padding = 8 * bytes - (WORD_BITS - writer->room);
    write_bits(writer, (1u << padding) - 1, padding);
    for (int i = bytes - 1; i >= 0; i--) {
        writer->out = write_byte((uint8_t)(writer->word >> 8 * i), writer->out);
    }
}

int write_symbols(const struct symbols *symbols, const struct code_table tables[TABLES], struct file *file) {
    uint32_t codes[TABLES * SYMBOLS];
    for (int table = 0; table < TABLES; table++) {
        memcpy(codes + table * SYMBOLS, tables[table].codes, sizeof tables[table].codes);
    }
    struct bit_writer writer = {0, WORD_BITS, NULL};
    for (const uint16_t *item = symbols->items, *end = item + symbols->length; item < end;) {
        if (!make_room(file, RUN_BYTES)) {
            return 0;
        }
        writer.out = file->bytes + file->length;
        for (const uint16_t *stop = end - item > RUN ? item + RUN : end; item < stop; item++) {
            uint32_t code = codes[*item >> ITEM_BITS], category = *item >> ITEM_BITS & 15;
            uint32_t additional_bits = *item & ((1u << ITEM_BITS) - 1);
            if (category > ITEM_BITS) {
                additional_bits = *++item;
            }
            write_bits(&writer, (uint64_t)(code >> 8) << category | additional_bits, (int)(code & 0xff) + (int)category);
        }
        file->length = (size_t)(writer.out - file->bytes);
    }
    finish_bits(&writer);
    file->length = (size_t)(writer.out - file->bytes);
    return 1;
}
