#ifndef TRAINER_CHDF5_LOCATING_H
#define TRAINER_CHDF5_LOCATING_H

#include <errno.h>
#include <fcntl.h>
#include <hdf5.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

// Where the chunks of a dataset are in a file. Before 1.14 the library tells the place of a chunk only by walking over
// all chunks, which for all of them takes the square of their number; but it reads one chunk by a look-up in the index.
// So the file is opened once more with a driver of our own, which reads everything but elements, and of those notes from
// where they were to be read. From 1.14 on H5Dchunk_iter tells all places in one walk.

struct chdf5_place {
  uint64_t address, size;
  uint32_t mask;
  // Whether the chunk has a place in the file.
  uint32_t exists;
};

// The descriptor of the file on disk that holds an object, for this process to read from; -1 if it is read in another way.
static inline int chdf5_descriptor(hid_t object) {
  hid_t file = H5Iget_file_id(object);
  if (file < 0) return -1;
  int result = -1;
  hid_t access = H5Fget_access_plist(file);
  void *handle = NULL;
  if (access >= 0 && H5Pget_driver(access) == H5FD_SEC2 && H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) >= 0 && handle)
    result = fcntl(*(int *)handle, F_DUPFD_CLOEXEC, 3);
  if (access >= 0) H5Pclose(access);
  H5Fclose(file);
  return result;
}

#if H5_VERSION_GE(1, 14, 0)

struct chdf5_places {
  const hsize_t *chunk, *counts;
  int rank;
  struct chdf5_place *out;
};

static inline int chdf5_note_place(const hsize_t *offset, unsigned mask, haddr_t address, hsize_t size, void *context) {
  const struct chdf5_places *places = (const struct chdf5_places *)context;
  uint64_t index = 0;
  for (int axis = 0; axis < places->rank; axis++) {
    hsize_t place = offset[axis] / places->chunk[axis];
    if (place >= places->counts[axis]) return 0;
    index = index * places->counts[axis] + place;
  }
  struct chdf5_place found = {address, size, mask, 1};
  places->out[index] = found;
  return 0;
}

#else

struct chdf5_located_file {
  H5FD_t base;
  int descriptor;
  haddr_t end;
  uint64_t address, size;
  int notes, noted;
};

static inline H5FD_t *chdf5_locating_open(const char *name, unsigned flags, hid_t access, haddr_t maximum) {
  (void)name, (void)maximum;
  const int *descriptor = (const int *)H5Pget_driver_info(access);
  if (!descriptor || (flags & H5F_ACC_RDWR)) return NULL;
  struct chdf5_located_file *file = (struct chdf5_located_file *)calloc(1, sizeof *file);
  if (!file) return NULL;
  file->descriptor = *descriptor;
  return &file->base;
}

static inline herr_t chdf5_locating_close(H5FD_t *file) {
  free(file);
  return 0;
}

static inline herr_t chdf5_locating_query(const H5FD_t *file, unsigned long *flags) {
  (void)file;
  if (flags) *flags = 0;
  return 0;
}

static inline haddr_t chdf5_locating_end(const H5FD_t *file, H5FD_mem_t type) {
  (void)type;
  return ((const struct chdf5_located_file *)file)->end;
}

static inline herr_t chdf5_locating_set_end(H5FD_t *file, H5FD_mem_t type, haddr_t end) {
  (void)type;
  ((struct chdf5_located_file *)file)->end = end;
  return 0;
}

static inline haddr_t chdf5_locating_size(const H5FD_t *file, H5FD_mem_t type) {
  (void)type;
  off_t size = lseek(((const struct chdf5_located_file *)file)->descriptor, 0, SEEK_END);
  return size < 0 ? 0 : (haddr_t)size;
}

static inline herr_t chdf5_locating_handle(H5FD_t *file, hid_t access, void **handle) {
  (void)access;
  *handle = file;
  return 0;
}

static inline herr_t chdf5_locating_read(H5FD_t *base, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size,
                                         void *buffer) {
  (void)transfer;
  struct chdf5_located_file *file = (struct chdf5_located_file *)base;
  if (type == H5FD_MEM_DRAW && file->notes) {
    file->address = address;
    file->size = size;
    file->noted++;
    return 0;
  }
  for (size_t done = 0; done < size;) {
    ssize_t count = pread(file->descriptor, (char *)buffer + done, size - done, (off_t)(address + done));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return -1;
    // As the library's own driver: what is behind the end are zeros.
    if (count == 0) {
      memset((char *)buffer + done, 0, size - done);
      return 0;
    }
    done += (size_t)count;
  }
  return 0;
}

static inline herr_t chdf5_locating_write(H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t address, size_t size,
                                          const void *buffer) {
  (void)file, (void)type, (void)transfer, (void)address, (void)size, (void)buffer;
  return -1;
}

// The same file, read by the driver that notes places, and the dataset in it. The descriptor must stay open as long.
static inline hid_t chdf5_open_locating(hid_t dataset, int descriptor, hid_t *file_out) {
  static const H5FD_mem_t kinds[] = H5FD_FLMAP_DICHOTOMY;
  H5FD_class_t driver;
  memset(&driver, 0, sizeof driver);
  driver.name = "places of chunks";
  driver.maxaddr = (haddr_t)INT64_MAX;
  driver.fc_degree = H5F_CLOSE_STRONG;
  driver.fapl_size = sizeof(int);
  driver.open = chdf5_locating_open;
  driver.close = chdf5_locating_close;
  driver.query = chdf5_locating_query;
  driver.get_eoa = chdf5_locating_end;
  driver.set_eoa = chdf5_locating_set_end;
  driver.get_eof = chdf5_locating_size;
  driver.get_handle = chdf5_locating_handle;
  driver.read = chdf5_locating_read;
  driver.write = chdf5_locating_write;
  memcpy(driver.fl_map, kinds, sizeof kinds);
  char name[PATH_MAX];
  if (H5Fget_name(dataset, name, sizeof name) < 0) return -1;
  hid_t driver_id = H5FDregister(&driver);
  if (driver_id < 0) return -1;
  hid_t file = -1, located = -1, access = H5Pcreate(H5P_FILE_ACCESS);
  if (access >= 0 && H5Pset_driver(access, driver_id, &descriptor) >= 0)
    file = H5Fopen(name, H5F_ACC_RDONLY, access);
  if (access >= 0) H5Pclose(access);
  H5FDunregister(driver_id);
  if (file < 0) return -1;
#if H5_VERSION_GE(1, 12, 0)
  H5O_info2_t info;
  if (H5Oget_info3(dataset, &info, H5O_INFO_BASIC) >= 0) located = H5Oopen_by_token(file, info.token);
#else
  H5O_info_t info;
  if (H5Oget_info2(dataset, &info, H5O_INFO_BASIC) >= 0) located = H5Oopen_by_addr(file, info.addr);
#endif
  if (located >= 0) *file_out = file;
  else H5Fclose(file);
  return located;
}

static inline int chdf5_locate(hid_t located, struct chdf5_located_file *file, const hsize_t *first,
                               struct chdf5_place *place) {
  hsize_t stored = 0;
  memset(place, 0, sizeof *place);
  // An error, or no bytes, for a chunk that was never written.
  if (H5Dget_chunk_storage_size(located, first, &stored) < 0) return H5Eclear2(H5E_DEFAULT) < 0 ? -1 : 0;
  if (stored == 0) return 0;
  char nothing = 0;
  file->notes = 1;
  file->noted = 0;
  herr_t status = H5Dread_chunk(located, H5P_DEFAULT, first, &place->mask, &nothing);
  file->notes = 0;
  if (status < 0 || file->noted != 1) return -1;
  place->address = file->address;
  place->size = file->size;
  place->exists = 1;
  return 0;
}

#endif

// The places of all chunks in row-major order. `counts` are those along each axis. Returns 0; negative if they cannot be
// told.
static inline int chdf5_locate_chunks(hid_t dataset, int descriptor, int rank, const hsize_t *chunk,
                                      const hsize_t *counts, uint64_t total, struct chdf5_place *out) {
#if H5_VERSION_GE(1, 14, 0)
  (void)descriptor;
  memset(out, 0, total * sizeof *out);
  struct chdf5_places places = {chunk, counts, rank, out};
  return H5Dchunk_iter(dataset, H5P_DEFAULT, chdf5_note_place, &places) < 0 ? -1 : 0;
#else
  hid_t file = -1, located = chdf5_open_locating(dataset, descriptor, &file);
  if (located < 0) return -1;
  void *handle = NULL;
  int result = H5Fget_vfd_handle(file, H5P_DEFAULT, &handle) < 0 || !handle ? -1 : 0;
  hsize_t first[H5S_MAX_RANK];
  int64_t found = 0;
  for (uint64_t index = 0; result == 0 && index < total; index++) {
    uint64_t rest = index;
    for (int axis = rank - 1; axis >= 0; axis--) {
      first[axis] = rest % counts[axis] * chunk[axis];
      rest /= counts[axis];
    }
    result = chdf5_locate(located, (struct chdf5_located_file *)handle, first, &out[index]);
    found += out[index].exists;
  }
  // What could not be looked up for another reason is there when all are counted.
  if (result == 0 && chdf5_chunk_count(located) != found) result = -1;
  H5Oclose(located);
  if (H5Fclose(file) < 0) result = -1;
  return result;
#endif
}

// The bytes of an element that was never written, in the dataset's own type. Returns 1; 0 if it is not defined, negative
// if it cannot be told.
static inline int chdf5_fill_value(hid_t properties, hid_t type, void *out) {
  H5D_fill_value_t kind;
  if (H5Pfill_value_defined(properties, &kind) < 0) return -1;
  if (kind == H5D_FILL_VALUE_UNDEFINED) return 0;
  return H5Pget_fill_value(properties, type, out) < 0 ? -1 : 1;
}

// Whether chunks that reach beyond the extents are stored without filters.
static inline int chdf5_leaves_partial_chunks(hid_t properties) {
#if H5_VERSION_GE(1, 10, 0)
  unsigned options = 0;
  return H5Pget_chunk_opts(properties, &options) < 0 || (options & H5D_CHUNK_DONT_FILTER_PARTIAL_CHUNKS) != 0;
#else
  (void)properties;
  return 0;
#endif
}

#endif
