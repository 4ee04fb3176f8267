#include "tables.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#pragma clang attribute push( \
    __attribute__((target(\
        "avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512bf16,avx2,fma,f16c"))), \
    apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define CK_LANES 16
#define CK_HAS_VNNI
#define CK_HAS_BF16
#include "lanes_avx512.h"

#define CK_NAME(operation) ck_##operation##_avx512_bf16
#define CK_TABLE ck_table_avx512_bf16
// 24 of 32 registers hold sums: 6 rows by 64 columns, 12 by 32, or 12 by 16.
#define CK_TILE_HEIGHT 12
#define CK_TILE_VECTORS_MAX 24
#define CK_PACKED_HEIGHT 6
#define CK_PACKED_HEIGHTS(each, width) \
  each(1, width) each(2, width) each(3, width) each(4, width) each(5, width) each(6, width)
#define CK_PACKED_WIDTH 4
#include "table.h"

#pragma clang attribute pop
#endif
