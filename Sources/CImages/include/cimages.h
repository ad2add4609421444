// Images, decoded by libpng and libjpeg-turbo, which are opened at run time: neither building nor running the package needs
// them. Only decoding is here: what a file's header says is read in Swift.
#ifndef CIMAGES_H
#define CIMAGES_H

#include <stddef.h>
#include <stdint.h>

/// The formats, each with a library of its own.
enum cimages_format {
  cimages_png = 0,
  cimages_jpeg = 1,
};

/// Room for any text that the functions below write.
enum { cimages_text_size = 512 };

/// Opens a format's library by its name, once, before anything is decoded.
///
/// Returns 0, or -1 with the reason in `text`, of `cimages_text_size` bytes.
int cimages_open(enum cimages_format format, const char *file, char *text);

/// Decodes a whole file to one byte a channel, row by row without gaps: `channels` is 1 for gray or 3 for red, green and
/// blue, as the file has it. Palettes become colors, alpha is left out, and of 16 bits the higher 8 are taken. Any thread
/// may call it.
///
/// Returns 0, or -1 with the reason in `text`: also if the file is truncated or damaged, or of another size than the one
/// for which there is room.
int cimages_decode(
    enum cimages_format format, const uint8_t *bytes, size_t count, uint32_t width, uint32_t height, uint32_t channels,
    uint8_t *pixels, char *text);

#endif
