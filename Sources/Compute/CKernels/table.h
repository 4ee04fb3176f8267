// The table of one instruction set. The file that includes this has defined CK_NAME, CK_TABLE,
// CK_TILE_HEIGHT, CK_TILE_VECTORS_MAX, CK_PACKED_HEIGHT, CK_PACKED_WIDTH and
// CK_PACKED_HEIGHTS, and included its lanes.

// A product and a sum written apart must stay apart in every table; fused ones say vf_fma.
#pragma STDC FP_CONTRACT OFF

#include <string.h>

#include "row_math.h"
#include "row_kernels.h"
#include "decoder_kernels.h"
#include "matmul_kernels.h"
#include "packed_kernels.h"
#include "peak_kernels.h"

const ck_table CK_TABLE = {
#define CK_KERNEL(name, result, parameters) .name = CK_NAME(name),
#include "kernels.inc"
#undef CK_KERNEL
};
