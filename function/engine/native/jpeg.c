/* Segments (T.81, annex B), then the scan, a few of its units at a time. */
#include "jpeg.h"

#include "huffman.h"
#include "idct.h"

#include <stdlib.h>

enum { COMPONENTS = 3, TABLES = 4, RUN = 8 /* units decoded before their pixels are made */ };

struct component {
    uint8_t id, wide, high; /* blocks of a unit across and down */
    uint8_t steps, dc, ac;  /* numbers of its tables */
    int last_dc;
    int columns, rows; /* pixels of a block */
    struct plane plane;
    struct order order;
};

struct decoder {
    int width, height, divisor;
    int restart_interval; /* units; 0 for none */
    struct component components[COMPONENTS];
    uint8_t steps[TABLES][COEFFICIENTS]; /* in the order of a block's coefficients */
    unsigned has_steps, has_dc, has_ac; /* bits by table */
    struct table dc[TABLES], ac[TABLES];
    int16_t blocks[COMPONENTS][4 * RUN][STRIDE]; /* of a run, each row of blocks after the last */
};

/* A part of the file; reading past its end gives zeros and leaves it `short_of`. */
struct segment {
    const uint8_t *next, *end;
    int short_of;
};

static int read_byte(struct segment *segment) {
    if (segment->next >= segment->end) {
        segment->short_of = 1;
        return 0;
    }
    return *segment->next++;
}

static int read_pair(struct segment *segment) {
    int high = read_byte(segment);
    return high << 8 | read_byte(segment);
}

static int read_steps(struct decoder *decoder, struct segment segment) {
    while (segment.next < segment.end) {
        int number = read_byte(&segment); /* 16-bit steps have a number over 15 */
        if (number >= TABLES) {
            return 0;
        }
        for (int i = 0; i < COEFFICIENTS; i++) {
            decoder->steps[number][i] = (uint8_t)read_byte(&segment);
        }
        decoder->has_steps |= 1u << number;
    }
    return !segment.short_of;
}

static int read_codes(struct decoder *decoder, struct segment segment) {
    while (segment.next < segment.end) {
        int name = read_byte(&segment), is_ac = name >> 4, number = name & 15;
        if (is_ac > 1 || number >= TABLES || segment.end - segment.next < LONGEST) {
            return 0;
        }
        const uint8_t *counts = segment.next;
        int symbols = 0;
        for (int i = 0; i < LONGEST; i++) {
            symbols += counts[i];
        }
        if (segment.end - segment.next < LONGEST + symbols) {
            return 0;
        }
        struct table *table = is_ac ? &decoder->ac[number] : &decoder->dc[number];
        if (!make_table(table, counts, counts + LONGEST, is_ac)) {
            return 0;
        }
        *(is_ac ? &decoder->has_ac : &decoder->has_dc) |= 1u << number;
        segment.next += LONGEST + symbols;
    }
    return 1;
}

static int read_frame(struct decoder *decoder, struct segment segment) {
    if (decoder->width || read_byte(&segment) != 8) {
        return 0;
    }
    decoder->height = read_pair(&segment);
    decoder->width = read_pair(&segment);
    if (!decoder->width || !decoder->height || read_byte(&segment) != COMPONENTS) {
        return 0;
    }
    for (int i = 0; i < COMPONENTS; i++) {
        struct component *component = &decoder->components[i];
        component->id = (uint8_t)read_byte(&segment);
        int sampling = read_byte(&segment);
        component->wide = (uint8_t)(sampling >> 4);
        component->high = sampling & 15;
        component->steps = (uint8_t)read_byte(&segment);
        int most = i ? 1 : 2;
        if (component->wide < 1 || component->wide > most || component->high < 1 ||
            component->high > most || component->steps >= TABLES) {
            return 0;
        }
    }
    return !segment.short_of;
}

static int read_scan(struct decoder *decoder, struct segment segment) {
    if (!decoder->width || read_byte(&segment) != COMPONENTS) {
        return 0;
    }
    for (int i = 0; i < COMPONENTS; i++) {
        struct component *component = &decoder->components[i];
        int id = read_byte(&segment), tables = read_byte(&segment);
        component->dc = (uint8_t)(tables >> 4);
        component->ac = tables & 15;
        if (id != component->id || component->dc >= TABLES || component->ac >= TABLES ||
            !(decoder->has_dc >> component->dc & decoder->has_ac >> component->ac &
              decoder->has_steps >> component->steps & 1)) {
            return 0;
        }
    }
    return !segment.short_of;
}

/* Read all segments up to the scan; returns where its data begins, or NULL to decline. */
static const uint8_t *read_segments(struct decoder *decoder, const uint8_t *data, size_t bytes) {
    struct segment file = {data, data + bytes, 0};
    if (read_pair(&file) != 0xffd8) {
        return NULL;
    }
    for (;;) {
        int marker = read_pair(&file), length = read_pair(&file) - 2;
        if (file.short_of || length < 0 || file.end - file.next < length) {
            return NULL;
        }
        struct segment segment = {file.next, file.next + length, 0};
        file.next = segment.end;
        int good = 1;
        switch (marker) {
        case 0xffdb: good = read_steps(decoder, segment); break;
        case 0xffc4: good = read_codes(decoder, segment); break;
        case 0xffc0:
        case 0xffc1: good = read_frame(decoder, segment); break;
        case 0xffda: return read_scan(decoder, segment) ? file.next : NULL;
        case 0xffdd:
            decoder->restart_interval = read_pair(&segment);
            good = !segment.short_of;
            break;
        default: /* of the others, only what applications and people add may be passed over */
            good = (marker >= 0xffe0 && marker <= 0xffef) || marker == 0xfffe;
        }
        if (!good) {
            return NULL;
        }
    }
}

static int divide_up(int value, int divisor) { return (value + divisor - 1) / divisor; }

/* Decide how large blocks become; returns 0 for sizes that draw_blocks() does not know. */
static int lay_out(struct decoder *decoder, struct planes planes) {
    struct component *luma = &decoder->components[0];
    int side = SIDE / decoder->divisor;
    for (int i = 0; i < COMPONENTS; i++) {
        struct component *component = &decoder->components[i];
        component->columns = i ? side * luma->wide / 2 : side;
        component->rows = i ? side * luma->high / 2 : side;
        component->plane.pixels = i == 0 ? planes.luma : i == 1 ? planes.blue : planes.red;
        component->plane.width = i ? (planes.width + 1) / 2 : planes.width;
        component->plane.height = i ? (planes.height + 1) / 2 : planes.height;
        if (!component->rows || component->columns < component->rows) {
            return 0;
        }
        component->order = make_order(decoder->steps[component->steps], component->columns, component->rows);
    }
    return planes.width == divide_up(decoder->width, decoder->divisor) &&
           planes.height == divide_up(decoder->height, decoder->divisor);
}

/* Expect the end of a part of the scan, and `marker` after it. */
static int finish_part(struct reader *reader, int marker) {
    const uint8_t *next = reader->bits.next;
    int64_t left = reader->bits.count - reader->padding;
    if (left < 0 || left > 7 || reader->end - next < 2 || next[0] != 0xff || next[1] != marker) {
        return 0;
    }
    *reader = (struct reader){.bits = {.next = next + 2}, .end = reader->end};
    return 1;
}

/* Decode the units from `first` to before `last`, all in one row of units. */
static int read_run(struct decoder *decoder, struct reader *reader, int first, int last) {
    for (int unit = first; unit < last; unit++) {
        int interval = decoder->restart_interval;
        if (interval && unit && unit % interval == 0) {
            if (!finish_part(reader, 0xd0 + (unit / interval - 1) % 8)) {
                return 0;
            }
            for (int i = 0; i < COMPONENTS; i++) {
                decoder->components[i].last_dc = 0;
            }
        }
        for (int i = 0; i < COMPONENTS; i++) {
            struct component *component = &decoder->components[i];
            const struct table *dc = &decoder->dc[component->dc], *ac = &decoder->ac[component->ac];
            int16_t(*row)[STRIDE] = decoder->blocks[i] + (unit - first) * component->wide;
            for (int down = 0; down < component->high; down++, row += RUN * component->wide) {
                for (int across = 0; across < component->wide; across++) {
                    if (!read_block(reader, dc, ac, &component->order, &component->last_dc, row[across])) {
                        return 0;
                    }
                }
            }
        }
    }
    return 1;
}

/* Make the pixels of a run whose first unit is the given one of its row. */
static void draw_run(const struct decoder *decoder, int unit, int row) {
    for (int i = 0; i < COMPONENTS; i++) {
        const struct component *component = &decoder->components[i];
        int columns = component->columns, rows = component->rows, across = RUN * component->wide;
        for (int block = 0; block < across * component->high; block += LANES / rows) {
            int x = (unit * component->wide + block % across) * columns;
            int y = (row * component->high + block / across) * rows;
            if (x < component->plane.width && y < component->plane.height) {
                draw_blocks(decoder->blocks[i][block], columns, rows, component->plane, x, y);
            }
        }
    }
}

static int read_picture(struct decoder *decoder, struct reader reader) {
    const struct component *luma = &decoder->components[0];
    int units = divide_up(decoder->width, SIDE * luma->wide);
    int rows = divide_up(decoder->height, SIDE * luma->high);
    for (int row = 0; row < rows; row++) {
        for (int unit = 0; unit < units; unit += RUN) {
            int last = unit + RUN < units ? unit + RUN : units;
            if (!read_run(decoder, &reader, row * units + unit, row * units + last)) {
                return 0;
            }
            draw_run(decoder, unit, row);
        }
        if (reader.padding > reader.bits.count) { /* the rest would be made of nothing */
            return 0;
        }
    }
    return finish_part(&reader, 0xd9);
}

enum verdict decode_jpeg(const uint8_t *data, size_t bytes, int divisor, struct planes planes) {
    struct decoder *decoder = calloc(1, sizeof *decoder);
    if (!decoder) {
        return NO_MEMORY;
    }
    decoder->divisor = divisor;
    const uint8_t *scan = read_segments(decoder, data, bytes);
    int good = scan && lay_out(decoder, planes) &&
               read_picture(decoder, (struct reader){.bits = {.next = scan}, .end = data + bytes});
    free(decoder);
    return good ? DECODED : DECLINED;
}
