#ifndef TRAINER_CHDF5_H
#define TRAINER_CHDF5_H

#include <hdf5.h>

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

CHDF5_CONSTANT(hid_t, space_all, H5S_ALL)
CHDF5_CONSTANT(hsize_t, unlimited, H5S_UNLIMITED)
CHDF5_CONSTANT(haddr_t, undefined_address, HADDR_UNDEF)
CHDF5_CONSTANT(hid_t, error_default, H5E_DEFAULT)
CHDF5_CONSTANT(size_t, variable_length, H5T_VARIABLE)
CHDF5_CONSTANT(hid_t, c_string, H5T_C_S1)

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

#endif
