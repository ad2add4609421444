#include "cimages.h"

#include <dlfcn.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void say(char *text, const char *reason) {
  snprintf(text, cimages_text_size, "%s", reason && *reason ? reason : "no reason given");
}

// MARK: libpng 1.6

typedef struct png_struct *png_handle;
typedef struct png_info *png_facts;

static struct {
  const char *(*get_libpng_ver)(png_handle);
  png_handle (*create_read_struct)(
      const char *, void *, void (*)(png_handle, const char *), void (*)(png_handle, const char *));
  png_facts (*create_info_struct)(png_handle);
  void (*destroy_read_struct)(png_handle *, png_facts *, png_facts *);
  void *(*get_error_ptr)(png_handle);
  void *(*get_io_ptr)(png_handle);
  void (*set_read_fn)(png_handle, void *, void (*)(png_handle, uint8_t *, size_t));
  void (*read_info)(png_handle, png_facts);
  uint32_t (*get_image_width)(png_handle, png_facts);
  uint32_t (*get_image_height)(png_handle, png_facts);
  void (*set_expand)(png_handle);
  void (*set_strip_16)(png_handle);
  void (*set_strip_alpha)(png_handle);
  int (*set_interlace_handling)(png_handle);
  void (*read_update_info)(png_handle, png_facts);
  size_t (*get_rowbytes)(png_handle, png_facts);
  void (*read_image)(png_handle, uint8_t **);
  void (*read_end)(png_handle, png_facts);
} png;

// What one decoding has, in memory of its own: nothing of it is in a register when libpng jumps out of an error.
struct png_job {
  jmp_buf after_error;
  png_handle handle;
  png_facts facts;
  const uint8_t *next;
  size_t left;
  uint32_t width, height, channels;
  uint8_t *pixels;
  uint8_t **rows;
  char *text;
};

static void png_failed(png_handle handle, const char *reason) {
  struct png_job *job = png.get_error_ptr(handle);
  say(job->text, reason);
  longjmp(job->after_error, 1);
}

// Of what is no harm to the pixels, such as a color profile.
static void png_warned(png_handle handle, const char *reason) {
  (void)handle;
  (void)reason;
}

static void png_take(png_handle handle, uint8_t *out, size_t count) {
  struct png_job *job = png.get_io_ptr(handle);
  if (count > job->left) png_failed(handle, "it ends too early");
  memcpy(out, job->next, count);
  job->next += count;
  job->left -= count;
}

static int png_run(struct png_job *job) {
  if (setjmp(job->after_error)) return -1;
  // The library refuses a caller that was made for another version of its structures, of which none is used here.
  job->handle = png.create_read_struct(png.get_libpng_ver(0), job, png_failed, png_warned);
  if (job->handle) job->facts = png.create_info_struct(job->handle);
  if (!job->facts) {
    say(job->text, "there is no memory for it");
    return -1;
  }
  png.set_read_fn(job->handle, job, png_take);
  png.read_info(job->handle, job->facts);
  if (png.get_image_width(job->handle, job->facts) != job->width ||
      png.get_image_height(job->handle, job->facts) != job->height) {
    say(job->text, "it has another size than its header says");
    return -1;
  }
  png.set_expand(job->handle);
  png.set_strip_16(job->handle);
  png.set_strip_alpha(job->handle);
  png.set_interlace_handling(job->handle);
  png.read_update_info(job->handle, job->facts);
  const size_t row = (size_t)job->width * job->channels;
  if (png.get_rowbytes(job->handle, job->facts) != row) {
    say(job->text, "it has other channels than its header says");
    return -1;
  }
  job->rows = malloc(job->height * sizeof *job->rows);
  if (!job->rows) {
    say(job->text, "there is no memory for it");
    return -1;
  }
  for (uint32_t i = 0; i < job->height; i++) job->rows[i] = job->pixels + i * row;
  png.read_image(job->handle, job->rows);
  png.read_end(job->handle, 0);
  return 0;
}

static int png_decode(
    const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint32_t channels, uint8_t *pixels,
    char *text) {
  struct png_job *job = calloc(1, sizeof *job);
  if (!job) {
    say(text, "there is no memory for it");
    return -1;
  }
  *job = (struct png_job){.next = bytes,
                          .left = count,
                          .width = width,
                          .height = height,
                          .channels = channels,
                          .pixels = pixels,
                          .text = text};
  const int code = png_run(job);
  if (job->handle) png.destroy_read_struct(&job->handle, &job->facts, 0);
  free(job->rows);
  free(job);
  return code;
}

// MARK: libjpeg-turbo, by its interface TurboJPEG

typedef void *jpeg_handle;

static struct {
  jpeg_handle (*InitDecompress)(void);
  int (*DecompressHeader3)(jpeg_handle, const uint8_t *, unsigned long, int *, int *, int *, int *);
  int (*Decompress2)(jpeg_handle, const uint8_t *, unsigned long, uint8_t *, int, int, int, int, int);
  char *(*GetErrorStr2)(jpeg_handle);
  int (*GetErrorCode)(jpeg_handle);
  int (*Destroy)(jpeg_handle);
} jpeg;

// The constants of turbojpeg.h, which stay what they are.
enum { jpeg_rgb = 0, jpeg_gray = 6, jpeg_warning = 0, jpeg_accurate_dct = 4096, jpeg_limit_scans = 32768 };

// Whether the mark of the end is somewhere in the file.
static int has_end(const uint8_t *bytes, size_t count) {
  for (size_t i = count; i >= 2; i--) {
    if (bytes[i - 2] == 0xff && bytes[i - 1] == 0xd9) return 1;
  }
  return 0;
}

static int jpeg_run(
    jpeg_handle handle, const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint32_t channels,
    uint8_t *pixels, char *text) {
  int found_width = 0, found_height = 0, sampling = 0, space = 0;
  const int failed = jpeg.DecompressHeader3(handle, bytes, count, &found_width, &found_height, &sampling, &space) != 0;
  if (failed && (jpeg.GetErrorCode(handle) != jpeg_warning || found_width == 0)) {
    say(text, jpeg.GetErrorStr2(handle));
    return -1;
  }
  if ((uint32_t)found_width != width || (uint32_t)found_height != height) {
    say(text, "it has another size than its header says");
    return -1;
  }
  const int code = jpeg.Decompress2(
      handle, bytes, count, pixels, found_width, (int)(width * channels), found_height,
      channels == 1 ? jpeg_gray : jpeg_rgb, jpeg_accurate_dct | jpeg_limit_scans);
  if (code == 0) return 0;
  say(text, jpeg.GetErrorStr2(handle));
  // Many cameras and programs leave some bytes behind the pixels, and all pixels are there.
  const int is_harmless =
      jpeg.GetErrorCode(handle) == jpeg_warning && strstr(text, "extraneous bytes") && has_end(bytes, count);
  return is_harmless ? 0 : -1;
}

static int jpeg_decode(
    const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint32_t channels, uint8_t *pixels,
    char *text) {
  const jpeg_handle handle = jpeg.InitDecompress();
  if (!handle) {
    say(text, "there is no memory for it");
    return -1;
  }
  const int code = jpeg_run(handle, bytes, count, width, height, channels, pixels, text);
  jpeg.Destroy(handle);
  return code;
}

// MARK: Both

static const char *take_functions(enum cimages_format format, void *library) {
#define TAKE(table, prefix, name)                                    \
  do {                                                               \
    *(void **)(&table.name) = dlsym(library, prefix #name);          \
    if (!table.name) return prefix #name;                            \
  } while (0)
  if (format == cimages_jpeg) {
    TAKE(jpeg, "tj", InitDecompress);
    TAKE(jpeg, "tj", DecompressHeader3);
    TAKE(jpeg, "tj", Decompress2);
    TAKE(jpeg, "tj", GetErrorStr2);
    TAKE(jpeg, "tj", GetErrorCode);
    TAKE(jpeg, "tj", Destroy);
    return 0;
  }
  TAKE(png, "png_", get_libpng_ver);
  TAKE(png, "png_", create_read_struct);
  TAKE(png, "png_", create_info_struct);
  TAKE(png, "png_", destroy_read_struct);
  TAKE(png, "png_", get_error_ptr);
  TAKE(png, "png_", get_io_ptr);
  TAKE(png, "png_", set_read_fn);
  TAKE(png, "png_", read_info);
  TAKE(png, "png_", get_image_width);
  TAKE(png, "png_", get_image_height);
  TAKE(png, "png_", set_expand);
  TAKE(png, "png_", set_strip_16);
  TAKE(png, "png_", set_strip_alpha);
  TAKE(png, "png_", set_interlace_handling);
  TAKE(png, "png_", read_update_info);
  TAKE(png, "png_", get_rowbytes);
  TAKE(png, "png_", read_image);
  TAKE(png, "png_", read_end);
#undef TAKE
  return 0;
}

int cimages_open(enum cimages_format format, const char *file, char *text) {
  text[0] = 0;
  void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (!library) {
    say(text, dlerror());
    return -1;
  }
  const char *missing = take_functions(format, library);
  if (!missing) return 0;
  snprintf(text, cimages_text_size, "it has no %s", missing);
  dlclose(library);
  return -1;
}

int cimages_decode(
    enum cimages_format format, const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint32_t channels,
    uint8_t *pixels, char *text) {
  text[0] = 0;
  return format == cimages_png ? png_decode(bytes, count, width, height, channels, pixels, text)
                               : jpeg_decode(bytes, count, width, height, channels, pixels, text);
}
