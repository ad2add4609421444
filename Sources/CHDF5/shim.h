#ifndef TRAINER_CHDF5_H
#define TRAINER_CHDF5_H

#include <hdf5.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

// Swift cannot import libhdf5's constants: each is a comma expression that first initialises the library. The
// functions below evaluate them. Like every libhdf5 call they belong inside the Swift face's lock.

#define CHDF5_CONSTANT(type, name, value)                                                                              \
  static inline type chdf5_##name(void) { return value; }

CHDF5_CONSTANT(unsigned, open_read_only, H5F_ACC_RDONLY)
CHDF5_CONSTANT(unsigned, open_read_write, H5F_ACC_RDWR)
CHDF5_CONSTANT(unsigned, create_exclusive, H5F_ACC_EXCL)
CHDF5_CONSTANT(unsigned, create_truncating, H5F_ACC_TRUNC)

CHDF5_CONSTANT(hid_t, property_default, H5P_DEFAULT)
CHDF5_CONSTANT(hid_t, property_file_create, H5P_FILE_CREATE)
CHDF5_CONSTANT(hid_t, property_file_access, H5P_FILE_ACCESS)
CHDF5_CONSTANT(hid_t, property_dataset_create, H5P_DATASET_CREATE)
CHDF5_CONSTANT(hid_t, property_dataset_transfer, H5P_DATASET_XFER)
CHDF5_CONSTANT(hid_t, property_link_create, H5P_LINK_CREATE)
CHDF5_CONSTANT(hid_t, property_group_access, H5P_GROUP_ACCESS)
CHDF5_CONSTANT(hid_t, property_dataset_access, H5P_DATASET_ACCESS)

CHDF5_CONSTANT(hid_t, space_all, H5S_ALL)
CHDF5_CONSTANT(hsize_t, unlimited, H5S_UNLIMITED)
CHDF5_CONSTANT(haddr_t, undefined_address, HADDR_UNDEF)
CHDF5_CONSTANT(hid_t, error_default, H5E_DEFAULT)
CHDF5_CONSTANT(size_t, variable_length, H5T_VARIABLE)
CHDF5_CONSTANT(hid_t, c_string, H5T_C_S1)
CHDF5_CONSTANT(hid_t, object_reference, H5T_STD_REF_OBJ)
CHDF5_CONSTANT(hid_t, region_reference, H5T_STD_REF_DSETREG)

CHDF5_CONSTANT(hid_t, native_int8, H5T_NATIVE_INT8)
CHDF5_CONSTANT(hid_t, native_int16, H5T_NATIVE_INT16)
CHDF5_CONSTANT(hid_t, native_int32, H5T_NATIVE_INT32)
CHDF5_CONSTANT(hid_t, native_int64, H5T_NATIVE_INT64)
CHDF5_CONSTANT(hid_t, native_uint8, H5T_NATIVE_UINT8)
CHDF5_CONSTANT(hid_t, native_uint16, H5T_NATIVE_UINT16)
CHDF5_CONSTANT(hid_t, native_uint32, H5T_NATIVE_UINT32)
CHDF5_CONSTANT(hid_t, native_uint64, H5T_NATIVE_UINT64)
CHDF5_CONSTANT(hid_t, native_float, H5T_NATIVE_FLOAT)
CHDF5_CONSTANT(hid_t, native_double, H5T_NATIVE_DOUBLE)

#undef CHDF5_CONSTANT

// Asks for no lock on the file, so that data on read-only and network file systems opens. The call came with 1.10.7
// and 1.12.1; before them the environment variable HDF5_USE_FILE_LOCKING=FALSE does the same.
static inline herr_t chdf5_ask_for_no_file_lock(hid_t file_access) {
#if (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 12, 0)) || H5_VERSION_GE(1, 12, 1)
  return H5Pset_file_locking(file_access, 0, 1);
#else
  (void)file_access;
  return 0;
#endif
}

// Conversions that would change an integer's value fail, where the library alone would clip or truncate in silence.
static inline H5T_conv_ret_t chdf5_refuse_lossy_conversion(H5T_conv_except_t exception, hid_t source, hid_t destination,
                                                           void *source_value, void *destination_value, void *context) {
  (void)source, (void)destination, (void)source_value, (void)destination_value, (void)context;
  return exception == H5T_CONV_EXCEPT_PRECISION ? H5T_CONV_UNHANDLED : H5T_CONV_ABORT;
}

static inline herr_t chdf5_refuse_lossy_conversions(hid_t transfer) {
  return H5Pset_type_conv_cb(transfer, chdf5_refuse_lossy_conversion, NULL);
}

// Links to other files are followed only where the caller has asked for that, and only to regular files: opening a pipe
// would wait for ever. libhdf5 calls these before it opens anything.
static inline herr_t chdf5_refuse_external_link(const char *parent_file, const char *parent_group,
                                                const char *child_file, const char *child_object, unsigned *flags,
                                                hid_t file_access, void *context) {
  (void)parent_file, (void)parent_group, (void)child_file, (void)child_object, (void)flags, (void)file_access;
  (void)context;
  return -1;
}

// 1: a regular file, 0: nothing, -1: something else.
static inline int chdf5_file_kind(const char *folder, int length, const char *name) {
  char path[PATH_MAX];
  struct stat status;
  int count = length == 0 ? snprintf(path, sizeof path, "%s", name)
                          : snprintf(path, sizeof path, "%.*s/%s", length, folder, name);
  if (count < 0 || (size_t)count >= sizeof path) return -1;
  if (stat(path, &status) != 0) return 0;
  return S_ISREG(status.st_mode) ? 1 : -1;
}

// libhdf5 looks for the file as it is named if that is a whole path, in the folders of HDF5_EXT_PREFIX, beside the file with
// the link, in the working directory, and beside the file that this one may be a symbolic link to. What is found in the
// working directory alone does not count: a result must not depend on where a program is called.
static inline herr_t chdf5_follow_external_link(const char *parent_file, const char *parent_group,
                                                const char *child_file, const char *child_object, unsigned *flags,
                                                hid_t file_access, void *context) {
  (void)parent_group, (void)child_object, (void)flags, (void)file_access, (void)context;
  const char *name = child_file;
  if (child_file[0] == '/') {
    int kind = chdf5_file_kind("", 0, child_file);
    if (kind != 0) return kind > 0 ? 0 : -1;
    name = strrchr(child_file, '/') + 1;
  }
  for (const char *folder = getenv("HDF5_EXT_PREFIX"); folder && *folder;) {
    size_t length = strcspn(folder, ":");
    int kind = length ? chdf5_file_kind(folder, (int)length, name) : 0;
    if (kind != 0) return kind > 0 ? 0 : -1;
    folder += length + (folder[length] == ':');
  }
  const char *slash = strrchr(parent_file, '/');
  // The folder of a file right below the root is the root's slash.
  int length = !slash ? 0 : slash == parent_file ? 1 : (int)(slash - parent_file);
  int kind = slash ? chdf5_file_kind(parent_file, length, name) : chdf5_file_kind(".", 1, name);
  if (kind != 0) return kind > 0 ? 0 : -1;
  char real[PATH_MAX];
  if (chdf5_file_kind("", 0, name) != 0 || !realpath(parent_file, real)) return -1;
  slash = strrchr(real, '/');
  return slash && chdf5_file_kind(real, (int)(slash - real), name) > 0 ? 0 : -1;
}

static inline herr_t chdf5_treat_external_links(hid_t link_access, int follows) {
  return H5Pset_elink_cb(link_access, follows ? chdf5_follow_external_link : chdf5_refuse_external_link, NULL);
}

// The functions about links and objects have several versions, chosen by macros that Swift does not see.
// 0: hard, 1: soft, 2: external, 3: of another program's kind; negative: there is none.
static inline int chdf5_link_kind(hid_t group, const char *name, hid_t link_access, size_t *value_size) {
  H5L_info_t info;
  if (H5Lget_info(group, name, &info, link_access) < 0) return -1;
  *value_size = info.type == H5L_TYPE_HARD ? 0 : info.u.val_size;
  switch (info.type) {
  case H5L_TYPE_HARD: return 0;
  case H5L_TYPE_SOFT: return 1;
  case H5L_TYPE_EXTERNAL: return 2;
  default: return 3;
  }
}

// Fills in what tells an object from all others of this process.
static inline herr_t chdf5_object_identity(hid_t object, uint64_t identity[3]) {
#if H5_VERSION_GE(1, 12, 0)
  H5O_info2_t info;
  if (H5Oget_info3(object, &info, H5O_INFO_BASIC) < 0) return -1;
  identity[0] = info.fileno;
  memcpy(&identity[1], &info.token, 16);
#else
  H5O_info_t info;
  if (H5Oget_info2(object, &info, H5O_INFO_BASIC) < 0) return -1;
  identity[0] = info.fileno;
  identity[1] = info.addr;
  identity[2] = 0;
#endif
  return 0;
}

// The path of the object that a reference leads to. H5R_OBJECT is a constant up to 1.10 and a macro since, which Swift does not see.
static inline ssize_t chdf5_reference_name(hid_t object, const void *reference, char *name, size_t size) {
  return H5Rget_name(object, H5R_OBJECT, reference, name, size);
}

// Visits names in alphabetical order until the visitor returns another number than 0.
typedef int (*chdf5_visitor)(const char *name, void *context);

struct chdf5_visit {
  chdf5_visitor visitor;
  void *context;
};

static inline herr_t chdf5_visit_link(hid_t group, const char *name, const H5L_info_t *info, void *context) {
  (void)group, (void)info;
  const struct chdf5_visit *visit = (const struct chdf5_visit *)context;
  return visit->visitor(name, visit->context);
}

static inline herr_t chdf5_each_link(hid_t group, chdf5_visitor visitor, void *context) {
  struct chdf5_visit visit = {visitor, context};
  hsize_t index = 0;
  return H5Literate(group, H5_INDEX_NAME, H5_ITER_INC, &index, chdf5_visit_link, &visit);
}

#if H5_VERSION_GE(1, 12, 0)

// H5Aiterate2 opens a dataset once more since 1.12, without the properties that it is open with, and fails. Asking for one
// name after the other does not.
static inline herr_t chdf5_each_attribute(hid_t object, chdf5_visitor visitor, void *context) {
  H5O_info2_t info;
  if (H5Oget_info3(object, &info, H5O_INFO_NUM_ATTRS) < 0) return -1;
  for (hsize_t index = 0; index < info.num_attrs; index++) {
    ssize_t length = H5Aget_name_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, index, NULL, 0, H5P_DEFAULT);
    if (length < 0) return -1;
    char *name = (char *)malloc((size_t)length + 1);
    if (name == NULL) return -1;
    herr_t status = -1;
    if (H5Aget_name_by_idx(object, ".", H5_INDEX_NAME, H5_ITER_INC, index, name, (size_t)length + 1, H5P_DEFAULT) >= 0) {
      status = visitor(name, context);
    }
    free(name);
    if (status != 0) return status;
  }
  return 0;
}

#else

static inline herr_t chdf5_visit_attribute(hid_t object, const char *name, const H5A_info_t *info, void *context) {
  (void)object, (void)info;
  const struct chdf5_visit *visit = (const struct chdf5_visit *)context;
  return visit->visitor(name, visit->context);
}

static inline herr_t chdf5_each_attribute(hid_t object, chdf5_visitor visitor, void *context) {
  struct chdf5_visit visit = {visitor, context};
  hsize_t index = 0;
  return H5Aiterate2(object, H5_INDEX_NAME, H5_ITER_INC, &index, chdf5_visit_attribute, &visit);
}

#endif

// The chunks that have a place in the file, and whether one does that begins at some element. Since 1.10.5; before it
// all of them are taken for written.
static inline int64_t chdf5_chunk_count(hid_t dataset) {
#if H5_VERSION_GE(1, 10, 5)
  hid_t space = H5Dget_space(dataset);
  if (space < 0) return -1;
  hsize_t count = 0;
  herr_t status = H5Dget_num_chunks(dataset, space, &count);
  H5Sclose(space);
  return status < 0 ? -1 : count > INT64_MAX ? INT64_MAX : (int64_t)count;
#else
  (void)dataset;
  return INT64_MAX;
#endif
}

static inline int chdf5_has_chunk(hid_t dataset, const hsize_t *first) {
#if H5_VERSION_GE(1, 10, 5)
  unsigned mask = 0;
  haddr_t address = HADDR_UNDEF;
  hsize_t size = 0;
  if (H5Dget_chunk_info_by_coord(dataset, first, &mask, &address, &size) < 0) return -1;
  return address != HADDR_UNDEF;
#else
  (void)dataset, (void)first;
  return 1;
#endif
}

#include "locating.h"

#endif
