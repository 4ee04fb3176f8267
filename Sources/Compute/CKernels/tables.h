#ifndef CK_TABLES_H
#define CK_TABLES_H

#include "CKernels.h"

// Each is defined by the file of its name and may be called only where ck_features allows it.
extern const ck_table ck_table_scalar;
#if defined(__x86_64__)
extern const ck_table ck_table_avx2;
extern const ck_table ck_table_avx512;
extern const ck_table ck_table_avx512_vnni;
extern const ck_table ck_table_avx512_bf16;
#endif

#endif
