/* The array of the Arrow C data interface, declared here because we need nothing else of Arrow. Field
 * for field as https://arrow.apache.org/docs/format/CDataInterface.html has it. */
#ifndef ARROW_H
#define ARROW_H

#include <stdint.h>

struct ArrowArray {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers; /* of primitive types: validity bitmap, then values */
    struct ArrowArray **children;
    struct ArrowArray *dictionary;
    void (*release)(struct ArrowArray *);
    void *private_data;
};

#endif
