/* function.engine._native: Python's way into the C code.
 *
 * Images come as arrays of Arrow's C data interface, through which Pillow hands out its memory without
 * a copy. This file is compiled without AVX2, so that the module can look at the CPU before any of the
 * files that need it runs. The GIL is released while those run. */
#include "arrow.h"
#include "confine.h"
#include "cpu.h"
#include "heap.h"
#include "jpeg_decode.h"
#include "jpeg_encode.h"
#include "kernel.h"
#include "planes.h"
#include "python.h"
#include "resample.h"
#include "similarity.h"
#include "unfilter.h"
#include "wipe.h"

#include <stdlib.h>

#define ARRAYS \
    "Images are the arrays of their `__arrow_c_array__`, sizes are (width, height) in pixels.\n" \
    "Raises ValueError for arguments that do not fit together"

#define RESAMPLE_DOC \
    "resample(source, source_size, target, target_size, channels, filter, box)\n--\n\n" \
    "Resample the region `box` of `source` to all of `target`.\n\n" \
    "A pixel has `channels` bytes, 1 or 4. `filter` is a number of Image.Resampling.\n" ARRAYS \
    ", MemoryError when memory is out."

#define SPLIT_DOC \
    "split(pixels, size, luma, cb, cr)\n--\n\n" \
    "Split packed YCbCr pixels into planes, chroma at half size rounded up.\n\n" ARRAYS "."

#define MERGE_DOC \
    "merge(pixels, size, luma, cb, cr)\n--\n\n" \
    "Merge the planes that split() makes into packed YCbCr pixels.\n\n" ARRAYS "."

#define DECODE_DOC \
    "decode_jpeg(data, divisor, size, luma, cb, cr)\n--\n\n" \
    "Decode a JPEG at 1/1, 1/2, 1/4 or 1/8 of its size, chroma at half of that, rounded up.\n\n" \
    "`size` is that of luma. Return False to decline a JPEG that is damaged or of a rare kind, which\n" \
    "libjpeg has to decode; the planes then hold nothing of use.\n" ARRAYS ", MemoryError when memory\n" \
    "is out."

#define ENCODE_PLANES_DOC \
    "encode_planes(luma, cb, cr, size, steps)\n--\n\n" \
    "Encode planes, chroma at half size rounded up, as a JPEG with Huffman tables made for it.\n\n" \
    "`steps` are the 64 quantisation steps of all planes, row by row. The bytes are the same as\n" \
    "those of libjpeg-turbo with `optimize`.\n" ARRAYS ", MemoryError when memory is out."

#define ENCODE_RGB_DOC \
    "encode_rgb(pixels, size, steps, is_halved)\n--\n\n" \
    "Encode RGB pixels of four bytes in the same way, chroma at full or at half size."

#define UNFILTER_DOC \
    "unfilter(scanlines, channels, target, size, first)\n--\n\n" \
    "Reconstruct inflated scanlines of a PNG and store them in `target`, from row `first` on.\n\n" \
    "A pixel has `channels` bytes, 3 or 4, and 4 in the target. Return False for an unknown filter\n" \
    "type.\n" ARRAYS "."

#define COMPARE_DOC \
    "compare(reference, output, size)\n--\n\n" \
    "Return the terms of two RGB images' similarity as bytes: doubles, by scale, plane, map and norm.\n\n" ARRAYS \
    ", MemoryError when memory\nis out."

#define HAS_VECTORS_DOC \
    "has_vectors()\n--\n\n" \
    "Return whether this CPU has the vectors that all functions on images need: AVX2 or NEON."

#define HIDE_DOC \
    "hide()\n--\n\n" \
    "Keep other processes of this user from tracing this one. Return False where that is refused."

#define END_WITH_PARENT_DOC \
    "end_with_parent()\n--\n\n" \
    "End this process when its parent ends. Return False where that is refused."

#define WIPE_DOC \
    "wipe_free_memory(kept)\n--\n\n" \
    "Overwrite all free memory of the heap, and return it to the system if it is more than `kept`\n" \
    "bytes. Return False where that cannot be done."

#define TRIM_HEAP_DOC \
    "trim_heap()\n--\n\n" \
    "Return the free memory of the heap to the system."

#define USE_ONE_HEAP_DOC \
    "use_one_heap()\n--\n\n" \
    "Let later threads allocate from the heap that wipe_free_memory overwrites."

#define GROW_HEAP_DOC \
    "grow_heap(bytes)\n--\n\n" \
    "Let the heap grow by so many bytes, in large pages, and keep them."

#define KEEP_FILE_DOC \
    "keep_file(path)\n--\n\n" \
    "Open a file that processes forked from now on may open after refuse_calls. Return False if it\n" \
    "cannot be opened, its path is too long, or too many are kept."

#define REFUSE_CALLS_DOC \
    "refuse_calls()\n--\n\n" \
    "Refuse all system calls but those of computation. Return False where the kernel has no filter."

#define FORGET_REFUSED_DOC \
    "forget_refused_memory()\n--\n\n" \
    "Forget that this thread was refused memory."

#define WAS_REFUSED_DOC \
    "was_refused_memory()\n--\n\n" \
    "Return whether this thread was refused memory since. Ask right after what may have failed for it."

#define KILL_AFTER_REFUSED_DOC \
    "kill_after_refused_memory()\n--\n\n" \
    "Have an abort of a thread that was refused memory end this process by SIGXCPU."

/* Return the pixels of an array, or NULL with an exception set if it has not `length` bytes.
 *
 * Pillow exports a band of 8 bits as an array of uint8, and pixels of 4 bytes as a list of fixed size
 * 4 whose only child has the bytes. Values are the second buffer, behind a validity bitmap that it omits. */
static uint8_t *find_pixels(PyObject *capsule, int64_t length) {
    const struct ArrowArray *array = PyCapsule_GetPointer(capsule, "arrow_array");
    if (!array) {
        return NULL;
    }
    int fits = array->offset == 0;
    if (array->n_children == 1) {
        fits = fits && array->length * 4 == array->children[0]->length;
        array = array->children[0];
    }
    if (!fits || array->offset != 0 || array->n_children != 0 || array->n_buffers != 2 ||
        array->length != length || !array->buffers[1]) {
        PyErr_SetString(PyExc_ValueError, "the array does not have the size and channels given");
        return NULL;
    }
    return (uint8_t *)array->buffers[1];
}

static int is_within(struct image image, const float box[4]) {
    return 0 <= box[0] && box[0] < box[2] && box[2] <= image.width && 0 <= box[1] &&
           box[1] < box[3] && box[3] <= image.height;
}

static PyObject *call_resample(PyObject *module, PyObject *arguments) {
    (void)module;
    PyObject *source_array, *target_array;
    struct image source = {0}, target = {0};
    int channels, filter;
    float box[4];
    if (!PyArg_ParseTuple(arguments, "O(ii)O(ii)ii(ffff)", &source_array, &source.width, &source.height,
                          &target_array, &target.width, &target.height, &channels, &filter, &box[0],
                          &box[1], &box[2], &box[3])) {
        return NULL;
    }
    if ((channels != 1 && channels != 4) || !has_filter(filter) || source.width < 1 ||
        source.height < 1 || target.width < 1 || target.height < 1 || !is_within(source, box)) {
        PyErr_SetString(PyExc_ValueError, "no such filter, channels, size or box");
        return NULL;
    }
    source.pixels = find_pixels(source_array, (int64_t)source.width * source.height * channels);
    target.pixels = source.pixels
        ? find_pixels(target_array, (int64_t)target.width * target.height * channels)
        : NULL;
    if (!source.pixels || !target.pixels) {
        return NULL;
    }
    void *thread = PyEval_SaveThread();
    enum resample_status status = resample(source, target, channels, filter, box);
    PyEval_RestoreThread(thread);
    return status == RESAMPLE_DONE ? Py_BuildValue("") : PyErr_NoMemory();
}

/* Set the planes of an image of the given size. Return 0 with an exception set if they do not fit. */
static int find_planes(PyObject *luma, PyObject *cb, PyObject *cr, struct planes *planes) {
    if (planes->width < 1 || planes->height < 1) {
        PyErr_SetString(PyExc_ValueError, "no such size");
        return 0;
    }
    int64_t whole = (int64_t)planes->width * planes->height;
    int64_t half = ((int64_t)planes->width + 1) / 2 * (((int64_t)planes->height + 1) / 2);
    return (planes->luma = find_pixels(luma, whole)) && (planes->cb = find_pixels(cb, half)) &&
           (planes->cr = find_pixels(cr, half));
}

/* Set what split() and merge() work on. Return 0 with an exception set if it does not fit. */
static int find_pixels_and_planes(PyObject *arguments, uint8_t **pixels, struct planes *planes) {
    PyObject *packed, *luma, *cb, *cr;
    return PyArg_ParseTuple(arguments, "O(ii)OOO", &packed, &planes->width, &planes->height, &luma, &cb,
                            &cr) &&
           find_planes(luma, cb, cr, planes) &&
           (*pixels = find_pixels(packed, (int64_t)4 * planes->width * planes->height));
}

static PyObject *call_split(PyObject *module, PyObject *arguments) {
    (void)module;
    uint8_t *pixels;
    struct planes planes = {0};
    if (!find_pixels_and_planes(arguments, &pixels, &planes)) {
        return NULL;
    }
    void *thread = PyEval_SaveThread();
    split_planes(pixels, planes);
    PyEval_RestoreThread(thread);
    return Py_BuildValue("");
}

static PyObject *call_merge(PyObject *module, PyObject *arguments) {
    (void)module;
    uint8_t *pixels;
    struct planes planes = {0};
    if (!find_pixels_and_planes(arguments, &pixels, &planes)) {
        return NULL;
    }
    void *thread = PyEval_SaveThread();
    merge_planes(planes, pixels);
    PyEval_RestoreThread(thread);
    return Py_BuildValue("");
}

static PyObject *call_decode_jpeg(PyObject *module, PyObject *arguments) {
    (void)module;
    PyObject *object, *luma, *cb, *cr;
    struct planes planes = {0};
    char *data;
    Py_ssize_t length;
    int divisor;
    if (!PyArg_ParseTuple(arguments, "Oi(ii)OOO", &object, &divisor, &planes.width, &planes.height, &luma,
                          &cb, &cr) ||
        PyBytes_AsStringAndSize(object, &data, &length) < 0 || !find_planes(luma, cb, cr, &planes)) {
        return NULL;
    }
    if (divisor != 1 && divisor != 2 && divisor != 4 && divisor != 8) {
        PyErr_SetString(PyExc_ValueError, "no such divisor");
        return NULL;
    }
    void *thread = PyEval_SaveThread();
    enum jpeg_status status = decode_jpeg((const uint8_t *)data, (size_t)length, divisor, planes);
    PyEval_RestoreThread(thread);
    return status == JPEG_NO_MEMORY ? PyErr_NoMemory() : PyBool_FromLong(status == JPEG_DECODED);
}

/* Return a file as a bytes object, and free it. */
static PyObject *to_object(uint8_t *bytes, size_t length) {
    PyObject *object = length ? PyBytes_FromStringAndSize((const char *)bytes, (Py_ssize_t)length) : PyErr_NoMemory();
    free(bytes);
    return object;
}

/* Return the quantisation steps of a bytes object. Return NULL with an exception set for a size or steps that no
 * JPEG has. */
static const uint8_t *find_steps(PyObject *object, int width, int height) {
    char *steps;
    Py_ssize_t length;
    if (PyBytes_AsStringAndSize(object, &steps, &length) < 0) {
        return NULL;
    }
    int fits = length == DCTSIZE2 && 1 <= width && width <= MAX_JPEG_SIDE && 1 <= height && height <= MAX_JPEG_SIDE;
    for (int i = 0; fits && i < DCTSIZE2; i++) {
        fits = steps[i] != 0;
    }
    if (!fits) {
        PyErr_SetString(PyExc_ValueError, "no such size or steps");
    }
    return fits ? (const uint8_t *)steps : NULL;
}

static PyObject *call_encode_planes(PyObject *module, PyObject *arguments) {
    (void)module;
    PyObject *luma, *cb, *cr, *object;
    struct planes planes = {0};
    uint8_t *bytes = NULL;
    if (!PyArg_ParseTuple(arguments, "OOO(ii)O", &luma, &cb, &cr, &planes.width, &planes.height, &object)) {
        return NULL;
    }
    const uint8_t *steps = find_steps(object, planes.width, planes.height);
    if (!steps || !find_planes(luma, cb, cr, &planes)) {
        return NULL;
    }
    void *thread = PyEval_SaveThread();
    size_t length = encode_planes(planes, steps, &bytes);
    PyEval_RestoreThread(thread);
    return to_object(bytes, length);
}

static PyObject *call_encode_rgb(PyObject *module, PyObject *arguments) {
    (void)module;
    PyObject *array, *object;
    struct image image = {0};
    int is_halved;
    uint8_t *bytes = NULL;
    if (!PyArg_ParseTuple(arguments, "O(ii)Op", &array, &image.width, &image.height, &object, &is_halved)) {
        return NULL;
    }
    const uint8_t *steps = find_steps(object, image.width, image.height);
    image.pixels = steps ? find_pixels(array, (int64_t)4 * image.width * image.height) : NULL;
    if (!image.pixels) {
        return NULL;
    }
    void *thread = PyEval_SaveThread();
    size_t length = encode_rgb(image, is_halved, steps, &bytes);
    PyEval_RestoreThread(thread);
    return to_object(bytes, length);
}

static PyObject *call_unfilter(PyObject *module, PyObject *arguments) {
    (void)module;
    PyObject *object, *array;
    struct image target = {0};
    int channels, first;
    char *scanlines;
    Py_ssize_t length;
    if (!PyArg_ParseTuple(arguments, "OiO(ii)i", &object, &channels, &array, &target.width, &target.height,
                          &first) ||
        PyBytes_AsStringAndSize(object, &scanlines, &length) < 0) {
        return NULL;
    }
    int64_t stride = 1 + (int64_t)channels * target.width;
    if ((channels != 3 && channels != 4) || target.width < 1 || target.height < 1 || length % stride ||
        first < 0 || first + length / stride > target.height) {
        PyErr_SetString(PyExc_ValueError, "no such channels, size or rows");
        return NULL;
    }
    target.pixels = find_pixels(array, (int64_t)4 * target.width * target.height);
    if (!target.pixels) {
        return NULL;
    }
    void *thread = PyEval_SaveThread();
    if (first == 0) { /* 4 KB at a time, a picture of 6 MP has 5,900 page faults: a tenth of its time */
        use_large_pages(target.pixels, (size_t)4 * target.width * target.height);
    }
    int is_known = unfilter((const uint8_t *)scanlines, (int)(length / stride), channels, target, first);
    PyEval_RestoreThread(thread);
    return PyBool_FromLong(is_known);
}

static PyObject *call_compare(PyObject *module, PyObject *arguments) {
    (void)module;
    PyObject *reference_array, *output_array;
    struct image reference = {0}, output = {0};
    double terms[SIMILARITY_TERMS];
    if (!PyArg_ParseTuple(arguments, "OO(ii)", &reference_array, &output_array, &reference.width,
                          &reference.height)) {
        return NULL;
    }
    if (reference.width < 1 || reference.height < 1) {
        PyErr_SetString(PyExc_ValueError, "no such size");
        return NULL;
    }
    output.width = reference.width;
    output.height = reference.height;
    int64_t bytes = (int64_t)4 * reference.width * reference.height;
    reference.pixels = find_pixels(reference_array, bytes);
    output.pixels = reference.pixels ? find_pixels(output_array, bytes) : NULL;
    if (!reference.pixels || !output.pixels) {
        return NULL;
    }
    prepare_similarity();
    void *thread = PyEval_SaveThread();
    enum similarity_status status = compare_images(reference, output, terms);
    PyEval_RestoreThread(thread);
    return status == SIMILARITY_DONE ? PyBytes_FromStringAndSize((const char *)terms, sizeof terms)
                                     : PyErr_NoMemory();
}

static PyObject *call_has_vectors(PyObject *module, PyObject *arguments) {
    (void)module;
    return PyArg_ParseTuple(arguments, "") ? PyBool_FromLong(has_vectors()) : NULL;
}

static PyObject *call_hide(PyObject *module, PyObject *arguments) {
    (void)module;
    return PyArg_ParseTuple(arguments, "") ? PyBool_FromLong(hide()) : NULL;
}

static PyObject *call_end_with_parent(PyObject *module, PyObject *arguments) {
    (void)module;
    return PyArg_ParseTuple(arguments, "") ? PyBool_FromLong(end_with_parent()) : NULL;
}

static PyObject *call_wipe_free_memory(PyObject *module, PyObject *arguments) {
    (void)module;
    Py_ssize_t kept;
    if (!PyArg_ParseTuple(arguments, "n", &kept)) {
        return NULL;
    }
    return PyBool_FromLong(wipe_free_memory((size_t)(kept > 0 ? kept : 0)));
}

static PyObject *call_trim_heap(PyObject *module, PyObject *arguments) {
    (void)module;
    if (!PyArg_ParseTuple(arguments, "")) {
        return NULL;
    }
    trim_heap();
    return Py_BuildValue("");
}

static PyObject *call_use_one_heap(PyObject *module, PyObject *arguments) {
    (void)module;
    if (!PyArg_ParseTuple(arguments, "")) {
        return NULL;
    }
    use_one_heap();
    return Py_BuildValue("");
}

static PyObject *call_grow_heap(PyObject *module, PyObject *arguments) {
    (void)module;
    Py_ssize_t bytes;
    if (!PyArg_ParseTuple(arguments, "n", &bytes)) {
        return NULL;
    }
    if (bytes > 0) {
        grow_heap((size_t)bytes);
    }
    return Py_BuildValue("");
}

static PyObject *call_keep_file(PyObject *module, PyObject *arguments) {
    (void)module;
    const char *path;
    return PyArg_ParseTuple(arguments, "s", &path) ? PyBool_FromLong(keep_file(path)) : NULL;
}

static PyObject *call_refuse_calls(PyObject *module, PyObject *arguments) {
    (void)module;
    return PyArg_ParseTuple(arguments, "") ? PyBool_FromLong(refuse_calls()) : NULL;
}

static PyObject *call_forget_refused_memory(PyObject *module, PyObject *arguments) {
    (void)module;
    if (!PyArg_ParseTuple(arguments, "")) {
        return NULL;
    }
    forget_refused_memory();
    return Py_BuildValue("");
}

static PyObject *call_was_refused_memory(PyObject *module, PyObject *arguments) {
    (void)module;
    int was_refused = was_refused_memory(); /* before anything else can set errno */
    return PyArg_ParseTuple(arguments, "") ? PyBool_FromLong(was_refused) : NULL;
}

static PyObject *call_kill_after_refused_memory(PyObject *module, PyObject *arguments) {
    (void)module;
    return PyArg_ParseTuple(arguments, "") ? PyBool_FromLong(kill_after_refused_memory()) : NULL;
}

static struct PyMethodDef METHODS[] = {
    {"resample", call_resample, METH_VARARGS, RESAMPLE_DOC},
    {"split", call_split, METH_VARARGS, SPLIT_DOC},
    {"merge", call_merge, METH_VARARGS, MERGE_DOC},
    {"decode_jpeg", call_decode_jpeg, METH_VARARGS, DECODE_DOC},
    {"encode_planes", call_encode_planes, METH_VARARGS, ENCODE_PLANES_DOC},
    {"encode_rgb", call_encode_rgb, METH_VARARGS, ENCODE_RGB_DOC},
    {"unfilter", call_unfilter, METH_VARARGS, UNFILTER_DOC},
    {"compare", call_compare, METH_VARARGS, COMPARE_DOC},
    {"has_vectors", call_has_vectors, METH_VARARGS, HAS_VECTORS_DOC},
    {"hide", call_hide, METH_VARARGS, HIDE_DOC},
    {"end_with_parent", call_end_with_parent, METH_VARARGS, END_WITH_PARENT_DOC},
    {"wipe_free_memory", call_wipe_free_memory, METH_VARARGS, WIPE_DOC},
    {"trim_heap", call_trim_heap, METH_VARARGS, TRIM_HEAP_DOC},
    {"use_one_heap", call_use_one_heap, METH_VARARGS, USE_ONE_HEAP_DOC},
    {"grow_heap", call_grow_heap, METH_VARARGS, GROW_HEAP_DOC},
    {"keep_file", call_keep_file, METH_VARARGS, KEEP_FILE_DOC},
    {"refuse_calls", call_refuse_calls, METH_VARARGS, REFUSE_CALLS_DOC},
    {"forget_refused_memory", call_forget_refused_memory, METH_VARARGS, FORGET_REFUSED_DOC},
    {"was_refused_memory", call_was_refused_memory, METH_VARARGS, WAS_REFUSED_DOC},
    {"kill_after_refused_memory", call_kill_after_refused_memory, METH_VARARGS, KILL_AFTER_REFUSED_DOC},
    {0},
};

static struct PyModuleDef_Slot SLOTS[] = {{0}};

static struct PyModuleDef MODULE = {
    .base = {.object = {.references = 1}},
    .name = "_native",
    .doc = "Decode, resize, split, merge and encode 8-bit images in the CPU's vectors, and confine a process.",
    .methods = METHODS,
    .slots = SLOTS,
};

__attribute__((visibility("default"))) PyObject *PyInit__native(void) {
    return PyModuleDef_Init(&MODULE);
}
