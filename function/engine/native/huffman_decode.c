/* The lookup tables, made from a JPEG's own tables, and the loop that decodes a block by them. */
#include "huffman_decode.h"

#include "vector.h"

/* Largest category SSSS for samples of 8 bits (T.81, tables F.1 and F.2): bits of a value. */
enum { MAX_DC_CATEGORY = 11, MAX_AC_CATEGORY = 10 };

struct dequant_table make_dequant_table(const uint8_t quant_table[DCTSIZE2], int columns, int rows) {
    struct dequant_table dequant = {0};
    for (int k = 0; k < ZIGZAG_ENTRIES; k++) {
        int is_stored = k < DCTSIZE2, place = is_stored ? NATURAL_ORDER[k] : DISCARDED;
        int is_needed = is_stored && place % DCTSIZE < columns && place / DCTSIZE < rows;
        dequant.natural_order[k] = (uint8_t)(is_needed ? place : DISCARDED);
        dequant.step[k] = is_stored ? quant_table[k] : 0;
    }
    return dequant;
}

/* Return whether baseline JPEG has the symbol. libjpeg takes more of them (it reads 0x10 as EOB, for
 * example), so a file that has any is declined and left to it. */
static int is_baseline_symbol(uint8_t symbol, int is_ac) {
    int category = symbol & 15;
    if (!is_ac) {
        return symbol <= MAX_DC_CATEGORY;
    }
    return symbol == EOB || symbol == ZRL || (1 <= category && category <= MAX_AC_CATEGORY);
}

/* Return the value of `category` additional bits, as EXTEND of T.81, figure F.12: the lower half of
 * their range is negative. */
INLINE int extend(uint32_t additional_bits, int category) {
    return additional_bits < 1u << category >> 1 ? (int)additional_bits - (1 << category) + 1
                                                 : (int)additional_bits;
}

/* Fill every entry whose bits begin with a code and hold all of its additional bits. */
static void add_first_symbol(struct huffman_table *table, uint32_t code, int length, uint8_t symbol, int is_ac) {
    int category = symbol & 15, bits = length + category, spare = LOOKAHEAD_BITS - length;
    uint8_t advance = is_ac && symbol == EOB ? EOB_ADVANCE : (symbol >> 4) + 1;
    for (uint32_t rest = 0; bits <= LOOKAHEAD_BITS && rest < 1u << spare; rest++) {
        int16_t value = category ? (int16_t)extend(rest >> (spare - category), category) : 0;
        table->lookup[code << spare | rest] =
            (struct lookup_entry){bits, advance, advance, bits, value, value};
    }
}

/* Add the second symbol to every entry whose bits hold two. After EOB there is none in this block. */
static void add_second_symbols(struct huffman_table *table) {
    for (uint32_t ahead = 0; ahead < 1u << LOOKAHEAD_BITS; ahead++) {
        struct lookup_entry *entry = &table->lookup[ahead];
        /* Zeros stand in for bits that are not known yet. If the next symbol needs any of them, then
         * the sum of bits is too large. */
        const struct lookup_entry *next =
            &table->lookup[ahead << entry->total_bits & ((1u << LOOKAHEAD_BITS) - 1)];
        int bits = entry->first_bits + next->first_bits;
        if (entry->total_bits && entry->first_advance != EOB_ADVANCE && next->total_bits &&
            bits <= LOOKAHEAD_BITS) {
            entry->total_bits = (uint8_t)bits;
            entry->total_advance += next->first_advance;
            entry->second_value = next->first_value;
        }
    }
}

int make_huffman_table(struct huffman_table *table, const uint8_t bits[MAX_CODE_LENGTH],
                       const uint8_t *huffval, int is_ac) {
    memset(table, 0, sizeof *table);
    uint32_t code = 0;
    int place = 0;
    for (int length = 1; length <= MAX_CODE_LENGTH; length++, code <<= 1) {
        table->valoffset[length] = place - (int32_t)code;
        for (int i = 0; i < bits[length - 1]; i++, place++, code++) {
            if (place == sizeof table->huffval || code >> length || !is_baseline_symbol(huffval[place], is_ac)) {
                return 0;
            }
            table->huffval[place] = huffval[place];
            add_first_symbol(table, code, length, huffval[place], is_ac);
        }
        if (bits[length - 1] && code >> length) {
            return 0; /* no code may be all ones (T.81, annex C) */
        }
        table->code_limit[length] = code << (MAX_CODE_LENGTH - length);
    }
    table->code_limit[MAX_CODE_LENGTH + 1] = UINT32_MAX;
    if (is_ac) {
        add_second_symbols(table);
    }
    return 1;
}

/* Refill byte by byte, where a marker or the end may be near.
 *
 * Like everything rare here, this is out of line and works on the reader's copy of the buffer in
 * memory, so that the frequent code keeps its own copy in registers. */
static __attribute__((noinline)) void fill_bit_buffer_bytewise(struct bit_reader *reader) {
    struct bit_buffer *buffer = &reader->buffer;
    for (; buffer->bits_left < 56; buffer->bits_left += 8) {
        const uint8_t *next = buffer->next_input_byte;
        /* 0xff is data only if a zero byte was stuffed after it (T.81, F.1.2.3); else it is a marker. */
        if (next == reader->end || (*next == 0xff && (next + 1 == reader->end || next[1] != 0))) {
            reader->padding_bits += 8;
            continue;
        }
        buffer->get_buffer |= (uint64_t)*next << (56 - buffer->bits_left);
        buffer->next_input_byte += *next == 0xff ? 2 : 1;
    }
}

/* Refill the buffer to at least 56 bits, without a branch for how many are left.
 *
 * Eight bytes are loaded and all are put behind the bits that are left, but only the whole bytes that
 * fit, (63 - bits_left) / 8, are consumed. The bits of the byte that fits in part are put into the
 * same places again by the next refill, which changes nothing. A consumed byte adds 8 to bits_left,
 * so its lowest 3 bits stay, and the result is 56 to 63: that is bits_left | 56. */
INLINE struct bit_buffer fill_bit_buffer(struct bit_buffer buffer, struct bit_reader *reader) {
    const uint64_t ones = 0x0101010101010101, tops = 0x8080808080808080;
    uint64_t bytes = ~(uint64_t)0; /* fewer than eight bytes take the slow way, like those with 0xff */
    if (__builtin_expect(reader->end - buffer.next_input_byte >= 8, 1)) {
        bytes = LOAD(uint64_t, buffer.next_input_byte);
    }
    /* True if a byte is 0xff: the usual test for a zero byte, applied to ~bytes. */
    if (__builtin_expect((~bytes - ones) & bytes & tops, 0)) {
        reader->buffer = buffer;
        fill_bit_buffer_bytewise(reader);
        return reader->buffer;
    }
    buffer.get_buffer |= __builtin_bswap64(bytes) >> buffer.bits_left;
    buffer.next_input_byte += (63 - buffer.bits_left) >> 3;
    buffer.bits_left |= 56;
    return buffer;
}

INLINE struct bit_buffer drop_bits(struct bit_buffer buffer, int count) {
    buffer.get_buffer <<= count;
    buffer.bits_left -= count;
    return buffer;
}

/* Decode one symbol of any length (DECODE of T.81, F.2.2.3) and its value. Return the symbol, or -1
 * if no code matches. */
static __attribute__((noinline)) int decode_symbol(struct bit_reader *reader, const struct huffman_table *table,
                                                   int *value) {
    struct bit_buffer buffer = fill_bit_buffer(reader->buffer, reader);
    uint32_t ahead = (uint32_t)(buffer.get_buffer >> 48);
    int length = 1;
    while (ahead >= table->code_limit[length]) {
        length++;
    }
    if (length > MAX_CODE_LENGTH) {
        return -1;
    }
    int symbol = table->huffval[((ahead >> (MAX_CODE_LENGTH - length)) + table->valoffset[length]) & 0xff];
    int category = symbol & 15;
    buffer = drop_bits(buffer, length);
    *value = category ? extend((uint32_t)(buffer.get_buffer >> (64 - category)), category) : 0;
    reader->buffer = drop_bits(buffer, category);
    return symbol;
}

/* Products and the DC prediction wrap at 16 bits. libjpeg-turbo stores coefficients in 16 bits
 * (JCOEF, in decode_mcu_fast()) and its jsimd_idct_islow_*() multiply them by the quantisation steps
 * in 16 bits. Only faulty files have such values; if we decode one, our samples must equal libjpeg's. */
int decode_block(struct bit_reader *reader, const struct huffman_table *dc_table,
                 const struct huffman_table *ac_table, const struct dequant_table *dequant,
                 int *last_dc_val, int16_t block[BLOCK_STRIDE]) {
    memset(block, 0, DCTSIZE2 * sizeof *block);
    struct bit_buffer buffer = fill_bit_buffer(reader->buffer, reader);
    struct lookup_entry entry = dc_table->lookup[buffer.get_buffer >> (64 - LOOKAHEAD_BITS)];
    int value = entry.first_value;
    if (__builtin_expect(entry.total_bits == 0, 0)) {
        reader->buffer = buffer;
        if (decode_symbol(reader, dc_table, &value) < 0) {
            return 0;
        }
        buffer = reader->buffer;
    }
    buffer = drop_bits(buffer, entry.total_bits);
    *last_dc_val = (int16_t)(*last_dc_val + value);
    block[0] = (int16_t)(*last_dc_val * dequant->step[0]);
    unsigned k = 0; /* zigzag index, as in T.81, F.2.2.2 */
    do {
        buffer = fill_bit_buffer(buffer, reader);
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++) { /* 4 times LOOKAHEAD_BITS is less than one refill's 56 bits */
            entry = ac_table->lookup[buffer.get_buffer >> (64 - LOOKAHEAD_BITS)];
            if (__builtin_expect(entry.total_bits == 0, 0)) {
                reader->buffer = buffer;
                int symbol = decode_symbol(reader, ac_table, &value);
                if (symbol < 0) {
                    return 0;
                }
                buffer = reader->buffer;
                k += symbol == EOB ? EOB_ADVANCE : (symbol >> 4) + 1;
                block[dequant->natural_order[k]] = (int16_t)(value * dequant->step[k]);
                break;
            }
            unsigned first_k = k + entry.first_advance;
            /* A block that ends with its last coefficient has no EOB: the second symbol of this entry
             * is not one, but bits of the next block's DC coefficient. */
            if (__builtin_expect(first_k == DCTSIZE2 - 1, 0)) {
                buffer = drop_bits(buffer, entry.first_bits);
                block[dequant->natural_order[first_k]] = (int16_t)(entry.first_value * dequant->step[first_k]);
                k = first_k;
                break;
            }
            k += entry.total_advance;
            buffer = drop_bits(buffer, entry.total_bits);
            block[dequant->natural_order[first_k]] = (int16_t)(entry.first_value * dequant->step[first_k]);
            block[dequant->natural_order[k]] = (int16_t)(entry.second_value * dequant->step[k]);
            if (k >= DCTSIZE2 - 1) {
                break;
            }
        }
    } while (k < DCTSIZE2 - 1);
    reader->buffer = buffer;
    /* Else a run of zeros went past the block's end, and EOB may have followed: libjpeg goes on, we
     * decline. */
    return k == DCTSIZE2 - 1 || (EOB_ADVANCE <= k && k < EOB_ADVANCE + DCTSIZE2);
}
