/* The few names of Python's stable ABI (PEP 384, 3.11 and later) that the module uses.
 *
 * They are declared here because not every machine that has Python has Python.h, and because one
 * module must load on every version. tests/unit/pipeline/bundle/test_native.py compares them with
 * Python.h. */
#ifndef PYTHON_H
#define PYTHON_H

#include <stddef.h>

typedef struct PyObject PyObject;
typedef ptrdiff_t Py_ssize_t;
typedef PyObject *(*PyCFunction)(PyObject *, PyObject *);

struct PyMethodDef {
    const char *name;
    PyCFunction call;
    int flags;
    const char *doc;
};

struct PyModuleDef_Slot {
    int slot;
    void *value;
};

struct PyModuleDef {
    struct {
        struct {
            Py_ssize_t references;
            void *type;
        } object;
        PyObject *(*init)(void);
        Py_ssize_t index;
        PyObject *copy;
    } base;
    const char *name;
    const char *doc;
    Py_ssize_t size;
    struct PyMethodDef *methods;
    struct PyModuleDef_Slot *slots;
    void *traverse, *clear, *free;
};

enum { METH_VARARGS = 1 };

extern PyObject *PyExc_ValueError;

PyObject *PyModuleDef_Init(struct PyModuleDef *);
int PyArg_ParseTuple(PyObject *, const char *, ...);
PyObject *PyBool_FromLong(long);
PyObject *PyBytes_FromStringAndSize(const char *, Py_ssize_t);
int PyBytes_AsStringAndSize(PyObject *, char **, Py_ssize_t *);
void *PyCapsule_GetPointer(PyObject *, const char *);
PyObject *PyErr_NoMemory(void);
void PyErr_SetString(PyObject *, const char *);
void *PyEval_SaveThread(void);
void PyEval_RestoreThread(void *);
PyObject *Py_BuildValue(const char *, ...);

#endif
