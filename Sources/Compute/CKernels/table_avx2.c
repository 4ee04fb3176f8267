#include "tables.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#pragma clang attribute push(__attribute__((target("avx2,fma,f16c"))), apply_to = function)
#pragma STDC FP_CONTRACT OFF

#define CK_LANES 16
#include "lanes_avx2.h"

#define CK_NAME(operation) ck_##operation##_avx2
#define CK_TABLE ck_table_avx2
// Six rows of two registers, two for the second factor and one for the first: 15 of 16.
#define CK_TILE_HEIGHT 6
#define CK_TILE_VECTORS_MAX 6
#define CK_PACKED_HEIGHT 6
#define CK_PACKED_HEIGHTS(each, width) \
  each(1, width) each(2, width) each(3, width) each(4, width) each(5, width) each(6, width)
#define CK_PACKED_WIDTH 1
#include "table.h"

#pragma clang attribute pop
#endif
