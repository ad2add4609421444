// The kernels of convolutions alone, as kernels.c times those of dense layers: forward, back to the inputs, and back to the
// filters, of windows of 3 x 3 over images without padding, as a shard of a training step has them.
//
//   scripts/bench-kernels convolutions [SAMPLES]     samples of a shard
#include "kernels.h"

static double peak;

static void row(const char *name, ptrdiff_t extent, ptrdiff_t inputs, ptrdiff_t outputs, double operations,
                double seconds) {
  printf("| %-15s | %3td x %3td x %3td | %3td | %9.1f | %6.1f | %5.1f %% |\n", name, extent, extent, inputs, outputs,
         seconds * 1e6, operations / seconds / 1e9, 100 * operations / seconds / 1e9 / peak);
}

enum { size = 3, taps = size * size };

// The tables of windows over images of `extent` x `extent` x `channels`, as WindowTables.swift makes them.
static ck_windows windows(ptrdiff_t samples, ptrdiff_t extent, ptrdiff_t channels, ptrdiff_t results) {
  const ptrdiff_t count = extent - size + 1;
  int32_t *from = malloc((size_t)(count * count) * sizeof *from), *at = malloc((size_t)(taps * channels) * sizeof *at);
  if (!from || !at) exit(1);
  for (ptrdiff_t y = 0; y < count; y++)
    for (ptrdiff_t x = 0; x < count; x++) from[y * count + x] = (int32_t)((y * extent + x) * channels);
  for (ptrdiff_t y = 0; y < size; y++)
    for (ptrdiff_t x = 0; x < size; x++)
      for (ptrdiff_t c = 0; c < channels; c++)
        at[(y * size + x) * channels + c] = (int32_t)((y * extent + x) * channels + c);
  return (ck_windows){.samples = samples,
                      .places = count * count,
                      .taps = taps * channels,
                      .from = from,
                      .at = at,
                      .x_sample = extent * extent * channels,
                      .to = NULL,
                      .out_sample = count * count * results,
                      .out_row = results};
}

static void convolution(const ck_table *table, ptrdiff_t samples, ptrdiff_t extent, ptrdiff_t inputs,
                        ptrdiff_t outputs, float *scratch) {
  const ptrdiff_t count = extent - size + 1, rows = samples * count * count;
  const double operations = 2.0 * (double)(rows * taps * inputs * outputs);
  float *x = numbers(samples * extent * extent * inputs), *y = numbers(rows * outputs), *filters = numbers(taps * inputs * outputs);
  float *packed = numbers(taps * inputs * (outputs + 64)), *bias = numbers(outputs), *gradient = numbers(taps * inputs * outputs);
  ck_windows w = windows(samples, extent, inputs, outputs);
  row("forward", extent, inputs, outputs, operations, LEAST({
        table->pack_filters(w.taps, outputs, 0, w.taps, filters, outputs, 1, packed);
        table->convolve(&w, outputs, x, packed, bias, 1, y);
      }));
  // A few samples at a time, as FilterPass does.
  row("filter gradient", extent, inputs, outputs, operations, LEAST({
        const ptrdiff_t block = count * count >= 256 ? 1 : 256 / (count * count);
        for (ptrdiff_t first = 0; first < samples; first += block) {
          ck_windows part = w;
          part.samples = samples - first < block ? samples - first : block;
          table->filter_gradient(&part, outputs, x + first * w.x_sample, y + first * w.out_sample, outputs, gradient,
                                 outputs, first > 0, scratch);
        }
      }));
  // Of results between zeros, with the filters the other way round; samples one after the other.
  const ptrdiff_t padded = count + 2 * (size - 1);
  const ck_extents extents = {1, count, count}, before = {0, size - 1, size - 1}, to = {1, padded, padded};
  ck_windows back = windows(1, padded, outputs, inputs);
  float *reversed = numbers(taps * outputs * (inputs + 64)), *between = numbers(padded * padded * outputs);
  row("input gradient", extent, inputs, outputs, operations, LEAST({
        for (int tap = 0; tap < taps; tap++)
          table->pack_filters(back.taps, inputs, tap * outputs, outputs, filters + (taps - 1 - tap) * inputs * outputs, 1,
                              outputs, reversed);
        for (ptrdiff_t s = 0; s < samples; s++) {
          table->pad(1, extents, before, to, outputs, 0, y + s * w.out_sample, between);
          table->convolve(&back, inputs, between, reversed, NULL, 0, x + s * w.x_sample);
        }
      }));
  free(x), free(y), free(filters), free(packed), free(bias), free(gradient), free(reversed), free(between);
  free((void *)w.from), free((void *)w.at), free((void *)back.from), free((void *)back.at);
}

int main(int count, char **arguments) {
  const ptrdiff_t samples = count > 1 ? atoi(arguments[1]) : 8;
  if (samples < 1 || samples > 4096) {
    fprintf(stderr, "error: shards of 1 to 4096 samples are measured\n");
    return 2;
  }
  float *scratch = numbers(8 << 20);
  ck_flush_subnormals(1);
  for (int index = 0; index < ck_available_count(); index++) {
    const ck_table *table = ck_available(index)->f32;
    peak = peak_of(table);
    printf("%s, shards of %td samples, a core's peak %.1f G flop/s\n\n", ck_available(index)->name, samples, peak);
    printf("| kernel          | inputs          | to  | us        | Gflop/s | of peak |\n|---|---|---|---|---|---|\n");
    const ptrdiff_t layers[][3] = {{28, 1, 32}, {13, 32, 64}, {16, 32, 32}, {16, 64, 64}, {58, 64, 64}};
    for (size_t layer = 0; layer < sizeof layers / sizeof *layers; layer++)
      convolution(table, samples, layers[layer][0], layers[layer][1], layers[layer][2], scratch);
    printf("\n");
  }
  free(scratch);
  return 0;
}
