/* A check that this CPU runs the files that are compiled for AVX2 or NEON (_VECTORS in pipeline/bundle/native.py). */
#ifndef CPU_H
#define CPU_H

#if defined(__x86_64__)
#include <cpuid.h>

/* Return whether the CPU has AVX2, BMI1 and BMI2 and the operating system saves the AVX registers. Intel's
 * Software Developer's Manual has the bits: CPUID in volume 2, XCR0 in volume 1. */
static int has_vectors(void) {
    unsigned eax, ebx, ecx, edx;
    const unsigned osxsave = 1u << 27, avx = 1u << 28; /* leaf 1, ECX */
    const unsigned needed = 1u << 3 | 1u << 5 | 1u << 8; /* leaf 7, EBX: BMI1, AVX2, BMI2 */
    /* Without OSXSAVE, XGETBV is an invalid instruction. */
    if (!__get_cpuid(1, &eax, &ebx, &ecx, &edx) || !(ecx & osxsave) || !(ecx & avx)) {
        return 0;
    }
    unsigned low, high;
    __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
    const unsigned saved = 6; /* XCR0: lower and upper halves of the AVX registers */
    return (low & saved) == saved && __get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx) && (ebx & needed) == needed;
}
#else
static int has_vectors(void) { return 1; } /* every aarch64 has NEON */
#endif

#endif
