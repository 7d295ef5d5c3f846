/* The marker segments (T.81, annex B), then the scan, MCU_BATCH of its MCUs at a time. */
#include "jpeg_decode.h"

#include "huffman_decode.h"
#include "idct.h"

#include <stdlib.h>

enum {
    COMPONENTS = 3,
    TABLES = 4,     /* of a kind (T.81, B.2.4) */
    MCU_BATCH = 8,  /* MCUs decoded before their IDCT: at 1/8, one vector takes 8 blocks side by side */
    MAX_BLOCKS = 4, /* of a component in an MCU: with sampling factors 2 and 2 */
};

/* T.81, table B.1 */
enum marker {
    SOF0 = 0xffc0, /* baseline DCT */
    SOF1 = 0xffc1, /* extended sequential DCT: with 8 bits, one scan and Huffman codes it is decoded alike */
    DHT = 0xffc4,
    RST0 = 0xffd0,
    SOI = 0xffd8,
    EOI = 0xffd9,
    SOS = 0xffda,
    DQT = 0xffdb,
    DRI = 0xffdd,
    APP0 = 0xffe0,
    APP15 = 0xffef,
    COM = 0xfffe,
};

/* Named as in libjpeg's jpeg_component_info. */
struct component {
    uint8_t component_id;
    uint8_t h_samp_factor, v_samp_factor; /* blocks of an MCU across and down */
    uint8_t quant_tbl_no, dc_tbl_no, ac_tbl_no;
    int last_dc_val;
    int columns, rows; /* samples that a block becomes: DCT_h_scaled_size and DCT_v_scaled_size */
    struct plane plane;
    struct dequant_table dequant;
};

struct decoder {
    int image_width, image_height, divisor;
    int restart_interval; /* MCUs; 0 for none */
    struct component components[COMPONENTS];
    uint8_t quant_tables[TABLES][DCTSIZE2]; /* in zigzag order */
    unsigned has_quant_table, has_dc_table, has_ac_table; /* a bit for each table that was defined */
    struct huffman_table dc_tables[TABLES], ac_tables[TABLES];
    /* Of a batch. The upper row of blocks of all its MCUs comes first, then the lower one, so that
     * neighbours in the image are neighbours here. */
    int16_t blocks[COMPONENTS][MAX_BLOCKS * MCU_BATCH][BLOCK_STRIDE];
};

/* The unread rest of a segment. Reading past its end gives zeros and sets `is_truncated`, so that one
 * check after the last read is enough. */
struct segment {
    const uint8_t *next, *end;
    int is_truncated;
};

static int read_byte(struct segment *segment) {
    if (segment->next >= segment->end) {
        segment->is_truncated = 1;
        return 0;
    }
    return *segment->next++;
}

static int read_u16(struct segment *segment) {
    int high = read_byte(segment);
    return high << 8 | read_byte(segment);
}

/* Return whether so many bytes are left of a segment, whose length is then the one that it must have. */
static int is_read(struct segment segment, int left) {
    return !segment.is_truncated && segment.end - segment.next == left;
}

/* B.2.4.1 */
static int read_dqt(struct decoder *decoder, struct segment segment) {
    while (segment.next < segment.end) {
        int number = read_byte(&segment); /* over 15 if steps have 16 bits (Pq is 1): declined */
        if (number >= TABLES) {
            return 0;
        }
        for (int k = 0; k < DCTSIZE2; k++) {
            decoder->quant_tables[number][k] = (uint8_t)read_byte(&segment);
        }
        decoder->has_quant_table |= 1u << number;
    }
    return !segment.is_truncated;
}

/* B.2.4.2 */
static int read_dht(struct decoder *decoder, struct segment segment) {
    while (segment.next < segment.end) {
        int class_and_number = read_byte(&segment), is_ac = class_and_number >> 4, number = class_and_number & 15;
        if (is_ac > 1 || number >= TABLES || segment.end - segment.next < MAX_CODE_LENGTH) {
            return 0;
        }
        const uint8_t *bits = segment.next;
        int symbols = 0;
        for (int i = 0; i < MAX_CODE_LENGTH; i++) {
            symbols += bits[i];
        }
        if (segment.end - segment.next < MAX_CODE_LENGTH + symbols) {
            return 0;
        }
        struct huffman_table *table = is_ac ? &decoder->ac_tables[number] : &decoder->dc_tables[number];
        if (!make_huffman_table(table, bits, bits + MAX_CODE_LENGTH, is_ac)) {
            return 0;
        }
        *(is_ac ? &decoder->has_ac_table : &decoder->has_dc_table) |= 1u << number;
        segment.next += MAX_CODE_LENGTH + symbols;
    }
    return 1;
}

/* B.2.2. A height of 0 means that a DNL segment follows the scan: declined. */
static int read_sof(struct decoder *decoder, struct segment segment) {
    if (decoder->image_width || read_byte(&segment) != 8) { /* a second frame, or not 8 bits */
        return 0;
    }
    decoder->image_height = read_u16(&segment);
    decoder->image_width = read_u16(&segment);
    if (!decoder->image_width || !decoder->image_height || read_byte(&segment) != COMPONENTS) {
        return 0;
    }
    for (int i = 0; i < COMPONENTS; i++) {
        struct component *component = &decoder->components[i];
        component->component_id = (uint8_t)read_byte(&segment);
        int samp_factors = read_byte(&segment);
        component->h_samp_factor = (uint8_t)(samp_factors >> 4);
        component->v_samp_factor = samp_factors & 15;
        component->quant_tbl_no = (uint8_t)read_byte(&segment);
        int max_samp_factor = i ? 1 : 2;
        if (component->h_samp_factor < 1 || component->h_samp_factor > max_samp_factor ||
            component->v_samp_factor < 1 || component->v_samp_factor > max_samp_factor ||
            component->quant_tbl_no >= TABLES) {
            return 0;
        }
    }
    return is_read(segment, 0);
}

/* B.2.3. Ss, Se, Ah and Al are not looked at: libjpeg only warns of wrong ones, because some
 * baseline files have zeros there (start_pass_huff_decoder). */
static int read_sos(struct decoder *decoder, struct segment segment) {
    if (!decoder->image_width || read_byte(&segment) != COMPONENTS) {
        return 0;
    }
    for (int i = 0; i < COMPONENTS; i++) {
        struct component *component = &decoder->components[i];
        int id = read_byte(&segment), tables = read_byte(&segment);
        component->dc_tbl_no = (uint8_t)(tables >> 4);
        component->ac_tbl_no = tables & 15;
        if (id != component->component_id || component->dc_tbl_no >= TABLES || component->ac_tbl_no >= TABLES ||
            !(decoder->has_dc_table >> component->dc_tbl_no & decoder->has_ac_table >> component->ac_tbl_no &
              decoder->has_quant_table >> component->quant_tbl_no & 1)) {
            return 0;
        }
    }
    return is_read(segment, 3);
}

/* Read all segments up to the scan. Return where its entropy-coded data begins, or NULL to decline. */
static const uint8_t *read_headers(struct decoder *decoder, const uint8_t *data, size_t length) {
    struct segment file = {data, data + length, 0};
    if (read_u16(&file) != SOI) {
        return NULL;
    }
    for (;;) {
        int marker = read_u16(&file), segment_length = read_u16(&file) - 2;
        if (file.is_truncated || segment_length < 0 || file.end - file.next < segment_length) {
            return NULL;
        }
        struct segment segment = {file.next, file.next + segment_length, 0};
        file.next = segment.end;
        int is_valid = 1;
        switch (marker) {
        case DQT: is_valid = read_dqt(decoder, segment); break;
        case DHT: is_valid = read_dht(decoder, segment); break;
        case SOF0:
        case SOF1: is_valid = read_sof(decoder, segment); break;
        case SOS: return read_sos(decoder, segment) ? file.next : NULL;
        case DRI:
            decoder->restart_interval = read_u16(&segment);
            is_valid = is_read(segment, 0);
            break;
        default: /* every other segment may change what is decoded: progressive, arithmetic, DNL, ... */
            is_valid = (marker >= APP0 && marker <= APP15) || marker == COM;
        }
        if (!is_valid) {
            return NULL;
        }
    }
}

static int divide_up(int value, int divisor) { return (value + divisor - 1) / divisor; }

/* Set how large the blocks of each component become and where they go. Return 0 for what
 * idct_blocks() does not do: 4:4:0, and 4:4:4 at 1/8, whose chroma has less than a sample a block. */
static int set_output_sizes(struct decoder *decoder, struct planes planes) {
    struct component *luma = &decoder->components[0];
    int side = DCTSIZE / decoder->divisor;
    for (int i = 0; i < COMPONENTS; i++) {
        struct component *component = &decoder->components[i];
        component->columns = i ? side * luma->h_samp_factor / 2 : side;
        component->rows = i ? side * luma->v_samp_factor / 2 : side;
        component->plane.samples = i == 0 ? planes.luma : i == 1 ? planes.cb : planes.cr;
        component->plane.width = i ? (planes.width + 1) / 2 : planes.width;
        component->plane.height = i ? (planes.height + 1) / 2 : planes.height;
        if (!component->rows || component->columns < component->rows) {
            return 0;
        }
        component->dequant = make_dequant_table(decoder->quant_tables[component->quant_tbl_no],
                                                component->columns, component->rows);
    }
    return planes.width == divide_up(decoder->image_width, decoder->divisor) &&
           planes.height == divide_up(decoder->image_height, decoder->divisor);
}

/* End an entropy-coded segment: less than a byte of it may be left, and the marker with this second
 * byte must follow at once. */
static int end_segment(struct bit_reader *reader, int marker_code) {
    const uint8_t *next = reader->buffer.next_input_byte;
    int64_t bits_left = reader->buffer.bits_left - reader->padding_bits;
    if (bits_left < 0 || bits_left > 7 || reader->end - next < 2 || next[0] != 0xff || next[1] != marker_code) {
        return 0;
    }
    *reader = (struct bit_reader){.buffer = {.next_input_byte = next + 2}, .end = reader->end};
    return 1;
}

/* Decode the MCUs from `first` to before `last`, all of one MCU row. Before each restart interval but
 * the first there is RST0 to RST7 in turn, and the DC predictions start at 0 again (T.81, E.2.4). */
static int decode_mcus(struct decoder *decoder, struct bit_reader *reader, int first, int last) {
    for (int mcu = first; mcu < last; mcu++) {
        int interval = decoder->restart_interval;
        if (interval && mcu && mcu % interval == 0) {
            if (!end_segment(reader, (RST0 & 0xff) + (mcu / interval - 1) % 8)) {
                return 0;
            }
            for (int i = 0; i < COMPONENTS; i++) {
                decoder->components[i].last_dc_val = 0;
            }
        }
        for (int i = 0; i < COMPONENTS; i++) {
            struct component *component = &decoder->components[i];
            const struct huffman_table *dc_table = &decoder->dc_tables[component->dc_tbl_no];
            const struct huffman_table *ac_table = &decoder->ac_tables[component->ac_tbl_no];
            int16_t(*row)[BLOCK_STRIDE] = decoder->blocks[i] + (mcu - first) * component->h_samp_factor;
            for (int v = 0; v < component->v_samp_factor; v++, row += MCU_BATCH * component->h_samp_factor) {
                for (int h = 0; h < component->h_samp_factor; h++) {
                    if (!decode_block(reader, dc_table, ac_table, &component->dequant,
                                      &component->last_dc_val, row[h])) {
                        return 0;
                    }
                }
            }
        }
    }
    return 1;
}

/* Make the samples of a batch whose first MCU is the given one of its MCU row. A batch that the row's
 * end cuts short leaves old blocks behind its own; their samples lie outside the plane. */
static void idct_mcus(const struct decoder *decoder, int mcu, int mcu_row) {
    for (int i = 0; i < COMPONENTS; i++) {
        const struct component *component = &decoder->components[i];
        int columns = component->columns, rows = component->rows, across = MCU_BATCH * component->h_samp_factor;
        for (int block = 0; block < across * component->v_samp_factor; block += LANES / rows) {
            int x = (mcu * component->h_samp_factor + block % across) * columns;
            int y = (mcu_row * component->v_samp_factor + block / across) * rows;
            if (x < component->plane.width && y < component->plane.height) {
                idct_blocks(decoder->blocks[i][block], columns, rows, component->plane, x, y);
            }
        }
    }
}

static int decode_scan(struct decoder *decoder, struct bit_reader reader) {
    const struct component *luma = &decoder->components[0];
    int mcus_per_row = divide_up(decoder->image_width, DCTSIZE * luma->h_samp_factor);
    int mcu_rows = divide_up(decoder->image_height, DCTSIZE * luma->v_samp_factor);
    for (int mcu_row = 0; mcu_row < mcu_rows; mcu_row++) {
        for (int mcu = 0; mcu < mcus_per_row; mcu += MCU_BATCH) {
            int last = mcu + MCU_BATCH < mcus_per_row ? mcu + MCU_BATCH : mcus_per_row;
            if (!decode_mcus(decoder, &reader, mcu_row * mcus_per_row + mcu, mcu_row * mcus_per_row + last)) {
                return 0;
            }
            idct_mcus(decoder, mcu, mcu_row);
        }
        /* Padding was decoded, so the file is cut off and will be declined at its end. Stop now:
         * a few bytes that claim to be a large image must not cost the time of one. */
        if (reader.padding_bits > reader.buffer.bits_left) {
            return 0;
        }
    }
    return end_segment(&reader, EOI & 0xff);
}

enum jpeg_status decode_jpeg(const uint8_t *data, size_t length, int divisor, struct planes planes) {
    struct decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder) {
        return JPEG_NO_MEMORY;
    }
    decoder->divisor = divisor;
    const uint8_t *scan = read_headers(decoder, data, length);
    int is_decoded =
        scan && set_output_sizes(decoder, planes) &&
        decode_scan(decoder, (struct bit_reader){.buffer = {.next_input_byte = scan}, .end = data + length});
    free(decoder);
    return is_decoded ? JPEG_DECODED : JPEG_DECLINED;
}
