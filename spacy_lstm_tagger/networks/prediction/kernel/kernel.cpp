// The recurrence of an LSTM at prediction: weights and input projections → hidden states.
//
// For a block of hidden units, the four gates' products accumulate in registers, and gates and cell follow at
// once. `layer.inc` has the computation, by the compiler's vector types; it is compiled for several instruction
// sets, and the best one that the processor has is chosen at run time. Nothing here needs Python or torch: the
// functions below are called through `ctypes`, which releases the GIL.

#include <cstdint>
#include <cstring>
#include <vector>

namespace {

// More sequences than any kernel below reads together. Each reads as many as its registers have room for: fewer
// would multiply with each weight that is loaded too seldom, and with more their states would push the weights out
// of the cache.
constexpr int64_t MAX_GROUP = 6;

// What a layer reads and writes. Blocks are of as many hidden units as a vector has floats (V); the last one is
// filled up with units whose weights are 0.
struct Layer {
    int64_t width, directions, sequences;
    const float* weights;    // recurrent weights, (directions, blocks, width, 4, V)
    const float* table;      // input projections with the biases; a row has (directions, blocks, 4, V) from here on
    int64_t row_stride;      // floats from a row to the next
    const int64_t* rows;     // the row of every token, sequences end to end, (tokens,)
    const int64_t* starts;   // the first token of every sequence, (sequences,)
    const int64_t* lengths;  // of every sequence: at least 1, never growing, (sequences,)
    float* hidden;           // the state before the first step; then the last one, (directions, sequences, width)
    float* cell;             // the same of the cell
    float* outputs;          // (tokens, directions, width)
};

#if defined(__x86_64__) && (defined(__clang__) || defined(__GNUC__))
#define HAS_X86_TARGETS 1

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx512f"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx512f")
#endif
namespace avx512 {
#define VECTOR_BYTES 64
#define GROUP 6
#include "layer.inc"
}  // namespace avx512
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
namespace avx2 {
#define VECTOR_BYTES 32
#define GROUP 3
#include "layer.inc"
}  // namespace avx2
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif
#endif

// 16 bytes: NEON on Arm, SSE2 on x86.
namespace baseline {
#define VECTOR_BYTES 16
#if defined(__aarch64__)
#define GROUP 6
#else
#define GROUP 2
#endif
#include "layer.inc"
}  // namespace baseline

struct Kernel {
    const char* name;
    int64_t block;  // floats in a vector
    void (*read_layer)(const Layer&, float* scratch);
};

const Kernel* list_kernels(int* n) {
    static Kernel kernels[3];
    static const int count = [] {
        int found = 0;
#if defined(HAS_X86_TARGETS)
        __builtin_cpu_init();
        if (__builtin_cpu_supports("avx512f")) kernels[found++] = {"AVX-512", avx512::V, avx512::read_layer};
        if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
            kernels[found++] = {"AVX2", avx2::V, avx2::read_layer};
        kernels[found++] = {"SSE2", baseline::V, baseline::read_layer};
#else
        kernels[found++] = {"NEON or plain", baseline::V, baseline::read_layer};
#endif
        return found;
    }();
    *n = count;
    return kernels;
}

}  // namespace

#if defined(_WIN32)
#define EXPORT __declspec(dllexport)
#else
#define EXPORT __attribute__((visibility("default")))
#endif

extern "C" {

// How many kernels this processor can run. They are numbered, the fastest first.
EXPORT int lstm_count_kernels() {
    int n;
    list_kernels(&n);
    return n;
}

EXPORT const char* lstm_get_name(int kernel) {
    int n;
    return list_kernels(&n)[kernel].name;
}

EXPORT int64_t lstm_get_block(int kernel) {
    int n;
    return list_kernels(&n)[kernel].block;
}

EXPORT void lstm_read_layer(
    int kernel, int64_t width, int64_t directions, int64_t sequences, const float* weights, const float* table,
    int64_t row_stride, const int64_t* rows, const int64_t* starts, const int64_t* lengths, float* hidden,
    float* cell, float* outputs) {
    int n;
    const Kernel& chosen = list_kernels(&n)[kernel];
    const int64_t stride = (width + chosen.block - 1) / chosen.block * chosen.block;
    std::vector<float> scratch(3 * MAX_GROUP * stride);
    chosen.read_layer(
        {width, directions, sequences, weights, table, row_stride, rows, starts, lengths, hidden, cell, outputs},
        scratch.data());
}

}
