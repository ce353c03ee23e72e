/*
 * Which vector instructions the compiler offers. Each platform has whole files of its own
 * (ws_mask_x86.c, ws_mask_neon.c, ...); where neither is offered, ws_x_portable.c takes their place.
 * What only some machines of a platform have (AVX2) is asked for at run time.
 */
#ifndef TRI_WS_SIMD_H
#define TRI_WS_SIMD_H

#if defined(__x86_64__)
#define TRI_SIMD_X86 1
#elif defined(__AARCH64EL__) && defined(__ARM_NEON)
#define TRI_SIMD_NEON 1
#else
#define TRI_SIMD_NONE 1
#endif

#endif
