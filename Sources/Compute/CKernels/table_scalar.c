#include "tables.h"

#pragma STDC FP_CONTRACT OFF

#define CK_LANES 16
#include "lanes_scalar.h"

#define CK_NAME(operation) ck_##operation##_scalar
#define CK_TABLE ck_table_scalar
// Sixteen-lane arrays do not fit registers; small tiles keep them in the nearest cache.
#define CK_TILE_HEIGHT 4
#define CK_TILE_VECTORS_MAX 4
#define CK_PACKED_HEIGHT 4
#define CK_PACKED_HEIGHTS(each, width) \
  each(1, width) each(2, width) each(3, width) each(4, width)
#define CK_PACKED_WIDTH 1
#include "table.h"
