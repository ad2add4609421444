// The kernels of a training step alone, in a loop over operands that stay in the cache, against the peak of one core: what
// scripts/bench-kernels compiles and runs. The least of many repetitions counts, so that it can be taken on a machine that
// others use too.
//
//   scripts/bench-kernels [SHARDS ROWS]     rows of a shard: 8 shards of 32 rows are a batch of 256
#include "kernels.h"

static double peak;

static void row(const char *name, ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, double seconds) {
  const double rate = 2.0 * (double)m * (double)n * (double)k / seconds / 1e9;
  printf("| %-22s | %5td x %5td | %5td | %9.1f | %6.1f | %5.1f %% |\n", name, m, n, k, seconds * 1e6, rate,
         100 * rate / peak);
}

// Outputs of a layer for a shard: x [rows, inputs] times weights in the kernels' order.
static void forward(const ck_table *table, ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t outputs, float *scratch) {
  float *x = numbers(rows * inputs), *weights = numbers(inputs * outputs), *bias = numbers(outputs);
  float *packed = numbers((inputs + 16) * (outputs + 64)), *out = numbers(rows * outputs);
  table->pack_right(inputs, outputs, 0, inputs, 0, outputs, weights, outputs, 1, packed);
  const double seconds =
      LEAST(table->gemm(rows, outputs, inputs, x, inputs, 1, packed, 0, 0, out, outputs, bias, 1, scratch));
  row("outputs", rows, outputs, inputs, seconds);
  free(x), free(weights), free(bias), free(packed), free(out);
}

// Some rows of a weight's gradient over all shards, as the update computes them.
static void gradient(const ck_table *table, ptrdiff_t shards, ptrdiff_t rows, ptrdiff_t inputs, ptrdiff_t outputs,
                     float *scratch) {
  const ptrdiff_t block = inputs < 32 ? inputs : 32;
  const void *left[256], *right[256];
  ptrdiff_t depth[256];
  for (ptrdiff_t s = 0; s < shards; s++) {
    float *z = numbers(rows * outputs), *panels = numbers(rows * (outputs + 64));
    if (outputs > table->panel_columns)
      table->pack_panels(outputs, rows, z, outputs, 1, panels);
    else
      memcpy(panels, z, (size_t)(rows * outputs) * sizeof(float));
    left[s] = numbers(rows * block);
    right[s] = panels;
    depth[s] = rows;
    free(z);
  }
  float *out = numbers(block * outputs);
  row("weight gradient", block, outputs, rows * shards,
      LEAST(table->product_tree(block, outputs, shards, depth, left, block, right, 1, out, scratch, 0, 0)));
  for (ptrdiff_t s = 0; s < shards; s++) free((void *)left[s]), free((void *)right[s]);
  free(out);
}

// What a shard of softmax regression on bytes does beside: rows from anywhere, residuals, its gradient as a transpose.
static void softmax(const ck_table *table, ptrdiff_t rows, float *scratch) {
  enum { pixels = 784, classes = 10, samples = 60000, chosen = 4096 };
  unsigned char *data = malloc((size_t)samples * pixels);
  if (!data) exit(1);
  for (size_t i = 0; i < (size_t)samples * pixels; i++) data[i] = (unsigned char)(i * 2654435761u >> 24);
  static int64_t indices[chosen + 64];
  for (int i = 0; i < chosen + 64; i++) indices[i] = i * 102947L % samples;
  float *scale = numbers(pixels), *offset = numbers(pixels), *x = numbers(rows * pixels), *z = numbers(rows * classes);
  float *labels = numbers(rows), *out = numbers(pixels * classes);
  for (int i = 0; i < pixels; i++) scale[i] = 1.0f / 255, offset[i] = 0;
  for (ptrdiff_t i = 0; i < rows; i++) labels[i] = (float)(i % classes);
  ptrdiff_t first = 0;
  const double gather = LEAST({
    first = (first + rows) % (chosen - rows);
    table->gather_bytes(rows, 8, pixels, pixels, data, indices + first, scale, offset, x);
  });
  const double residual = LEAST(table->softmax_residual(rows, classes, z, labels, z));
  const double loss = LEAST(table->cross_entropy(rows, classes, z, labels, scratch));
  row("gradient's transpose", classes, pixels, rows,
      LEAST(table->gemm(classes, pixels, rows, z, 1, classes, x, pixels, 1, out, pixels, NULL, 0, scratch)));
  printf("\nA sample: %.1f ns to find and convert 784 bytes, %.1f residuals, %.1f loss.\n", gather / rows * 1e9,
         residual / rows * 1e9, loss / rows * 1e9);
  free(data), free(scale), free(offset), free(x), free(z), free(labels), free(out);
}

int main(int count, char **arguments) {
  const ptrdiff_t shards = count > 2 ? atoi(arguments[1]) : 8, rows = count > 2 ? atoi(arguments[2]) : 32;
  if (shards < 1 || shards > 256 || rows < 1 || rows > 4096) {
    fprintf(stderr, "error: 1 to 256 shards of 1 to 4096 rows are measured\n");
    return 2;
  }
  float *scratch = numbers(8 << 20);
  ck_flush_subnormals(1);
  for (int index = 0; index < ck_available_count(); index++) {
    const ck_table *table = ck_available(index)->f32;
    peak = peak_of(table);
    printf("%s, %td shards of %td rows, a core's peak %.1f G flop/s\n\n", ck_available(index)->name, shards, rows, peak);
    printf("| kernel                 | result        | depth | us        | Gflop/s | of peak |\n|---|---|---|---|---|---|\n");
    const ptrdiff_t layers[][2] = {{784, 256}, {256, 128}, {784, 2048}, {2048, 2048}, {784, 10}};
    for (size_t layer = 0; layer < sizeof layers / sizeof *layers; layer++) {
      forward(table, rows, layers[layer][0], layers[layer][1], scratch);
      gradient(table, shards, rows, layers[layer][0], layers[layer][1], scratch);
    }
    softmax(table, rows, scratch);
    printf("\n");
  }
  free(scratch);
  return 0;
}
