#include "CKernels.h"

#include <sched.h>
#include "tables.h"

uint32_t ck_features(void) {
  uint32_t features = 0;
#if defined(__x86_64__)
  // The builtin also asks the operating system (XGETBV), so a bit means "usable".
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")
      && __builtin_cpu_supports("f16c")) {
    features |= CK_FEATURE_AVX2;
  }
  if ((features & CK_FEATURE_AVX2) != 0 && __builtin_cpu_supports("avx512f")
      && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq")
      && __builtin_cpu_supports("avx512vl")) {
    features |= CK_FEATURE_AVX512;
    if (__builtin_cpu_supports("avx512bf16")) features |= CK_FEATURE_AVX512_BF16;
    if (__builtin_cpu_supports("avx512vnni")) features |= CK_FEATURE_AVX512_VNNI;
  }
#endif
  return features;
}

const ck_table *ck_table_for(ck_isa isa) {
  const uint32_t both = CK_FEATURE_AVX512_VNNI | CK_FEATURE_AVX512_BF16;
  (void)both;
  switch (isa) {
    case CK_ISA_SCALAR:
      return &ck_table_scalar;
#if defined(__x86_64__)
    case CK_ISA_AVX2:
      return (ck_features() & CK_FEATURE_AVX2) != 0 ? &ck_table_avx2 : NULL;
    case CK_ISA_AVX512:
      return (ck_features() & CK_FEATURE_AVX512) != 0 ? &ck_table_avx512 : NULL;
    case CK_ISA_AVX512_VNNI:
      return (ck_features() & CK_FEATURE_AVX512_VNNI) != 0 ? &ck_table_avx512_vnni : NULL;
    case CK_ISA_AVX512_BF16:
      return (ck_features() & both) == both ? &ck_table_avx512_bf16 : NULL;
#endif
    default:
      return NULL;
  }
}

static const char *const kernel_names[] = {
#define CK_KERNEL(name, result, parameters) #name,
#include "kernels.inc"
#undef CK_KERNEL
};

size_t ck_kernel_count(void) { return sizeof kernel_names / sizeof kernel_names[0]; }

const char *ck_kernel_name(size_t index) {
  return index < ck_kernel_count() ? kernel_names[index] : NULL;
}

void ck_yield(void) { sched_yield(); }
