// Has the libraries of a process see a processor without AVX-512; see avx2.py, which makes their cpuid instructions
// undefined ones.
#define _GNU_SOURCE
#include <cpuid.h>
#include <signal.h>
#include <stdint.h>
#include <ucontext.h>

enum {
  // Bits of leaf 7: AVX512 F, DQ, IFMA, PF, ER, CD, BW, VL.
  ebx_bits = 1u << 16 | 1u << 17 | 1u << 21 | 1u << 26 | 1u << 27 | 1u << 28 | 1u << 30,
  // VBMI, VBMI2, VNNI, BITALG, VPOPCNTDQ.
  ecx_bits = 1u << 1 | 1u << 6 | 1u << 11 | 1u << 12 | 1u << 14,
  // 4VNNIW, 4FMAPS, VP2INTERSECT, FP16, and AMX's BF16, TILE, INT8.
  edx_bits = 1u << 2 | 1u << 3 | 1u << 8 | 1u << 22 | 1u << 23 | 1u << 24 | 1u << 25,
  // BF16, in EAX of its second part.
  second_eax_bits = 1u << 5,
};
static const uint32_t vl_bit = 1u << 31;

static void answer(int number, siginfo_t *info, void *context) {
  (void)info;
  greg_t *registers = ((ucontext_t *)context)->uc_mcontext.gregs;
  const uint8_t *at = (const uint8_t *)registers[REG_RIP];
  if (at[0] != 0x0f || at[1] != 0x0b) {
    signal(number, SIG_DFL);
    return;
  }
  const uint32_t leaf = (uint32_t)registers[REG_RAX], part = (uint32_t)registers[REG_RCX];
  uint32_t eax, ebx, ecx, edx;
  __cpuid_count(leaf, part, eax, ebx, ecx, edx);
  if (leaf == 7 && part == 0) {
    ebx &= ~(ebx_bits | vl_bit);
    ecx &= ~ecx_bits;
    edx &= ~edx_bits;
  }
  if (leaf == 7 && part == 1) eax &= ~second_eax_bits;
  registers[REG_RAX] = eax;
  registers[REG_RBX] = ebx;
  registers[REG_RCX] = ecx;
  registers[REG_RDX] = edx;
  registers[REG_RIP] += 2;
}

__attribute__((constructor)) static void begin(void) {
  struct sigaction action = {.sa_sigaction = answer, .sa_flags = SA_SIGINFO | SA_NODEFER};
  sigaction(SIGILL, &action, 0);
}
