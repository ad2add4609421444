import CHDF5

/// How a dataset is stored: contiguous, or in chunks that pass through filters.
public final class PropertyList: Sendable {
  let handle: Handle

  /// Creates the properties of a new dataset.
  ///
  /// Filters work on chunks, so they need `chunk`. They apply in the order shuffle, deflate, fletcher32. Time stamps
  /// are never stored: equal contents give equal files.
  ///
  /// - Parameters:
  ///   - chunk: the shape of one chunk; nil stores the elements contiguously, where they can be mapped.
  ///   - deflate: the level of zlib's compression, 0 to 9; nil for none.
  ///   - shuffle: whether bytes of equal significance lie together, which deflates better.
  ///   - fletcher32: whether each chunk carries a checksum that reading verifies.
  /// - Throws: `HDF5Error` if a level or extent is out of range, or filters are asked for without chunks.
  public static func datasetCreation(
    chunk: [Int]? = nil, deflate: Int? = nil, shuffle: Bool = false, fletcher32: Bool = false
  ) throws -> PropertyList {
    guard deflate.map((0...9).contains) ?? true else {
      throw HDF5Error(.shape, "a deflate level is between 0 and 9, not \(deflate ?? 0)")
    }
    guard chunk != nil || (deflate == nil && !shuffle && !fletcher32) else {
      throw HDF5Error(.shape, "filters need chunked storage, and no chunk shape was given")
    }
    guard chunk?.allSatisfy({ $0 > 0 }) ?? true else {
      throw HDF5Error(.shape, "each extent of a chunk must be positive, and this is \(chunk ?? [])")
    }
    return try PropertyList(label: "dataset creation", class: chdf5_property_dataset_create) { id in
      if H5Pset_obj_track_times(id, false) < 0 { return -1 }
      guard let chunk else { return 0 }
      if H5Pset_chunk(id, Int32(chunk.count), chunk.map(hsize_t.init)) < 0 { return -1 }
      if shuffle, H5Pset_shuffle(id) < 0 { return -1 }
      if let deflate, H5Pset_deflate(id, UInt32(deflate)) < 0 { return -1 }
      return fletcher32 ? H5Pset_fletcher32(id) : 0
    }
  }

  /// How a file is laid out: a user block of zero or of a power of two of at least 512 bytes lies before the HDF5 part.
  static func fileCreation(userBlock: Int) throws -> PropertyList {
    guard userBlock == 0 || (userBlock >= 512 && userBlock & (userBlock - 1) == 0) else {
      throw HDF5Error(.shape, "a user block has 0, 512, 1024, 2048 … bytes, not \(userBlock)")
    }
    return try PropertyList(label: "file creation", class: chdf5_property_file_create) {
      H5Pset_userblock($0, hsize_t(userBlock))
    }
  }

  /// How a file on disk is opened. Closing it closes every object in it, so that `close` reports all that can fail.
  /// What takes at least 256 bytes in it begins at a multiple of `alignment`. Attributes of more than 64 KiB need the
  /// format of HDF5 1.8, in which new objects are written if `largeAttributes` is set.
  static func fileAccess(
    locking: Bool, alignment: Int = 1, largeAttributes: Bool = false
  ) throws -> PropertyList {
    try PropertyList(label: "file access", class: chdf5_property_file_access) {
      if H5Pset_fclose_degree($0, H5F_CLOSE_STRONG) < 0 { return -1 }
      if alignment > 1, H5Pset_alignment($0, 256, hsize_t(alignment)) < 0 { return -1 }
      if largeAttributes, H5Pset_libver_bounds($0, H5F_LIBVER_V18, H5F_LIBVER_V110) < 0 { return -1 }
      return locking ? 0 : chdf5_ask_for_no_file_lock($0)
    }
  }

  /// How libhdf5 opens the sources of a virtual dataset: as it says that their file is open, locks included (from 1.14 on
  /// they are part of it), and closed when the last object in it is.
  static func sourceAccess(of file: Handle) throws -> Handle {
    let id = try file.use { id in try Library.call("read how \(file.label) is open") { H5Fget_access_plist(id) } }
    let access = Handle(id, label: "the file access properties")
    try Library.call("set the file access properties") { H5Pset_fclose_degree(id, H5F_CLOSE_WEAK) }
    return access
  }

  /// How a file in memory is opened, from bytes that the library copies, or empty.
  static func memoryAccess(image: UnsafeRawBufferPointer?) throws -> PropertyList {
    let increment = 1 << 20
    return try PropertyList(label: "file access", class: chdf5_property_file_access) {
      if H5Pset_fclose_degree($0, H5F_CLOSE_STRONG) < 0 || H5Pset_fapl_core($0, increment, false) < 0 { return -1 }
      guard let image, let base = image.baseAddress else { return 0 }
      return H5Pset_file_image($0, UnsafeMutableRawPointer(mutating: base), image.count)
    }
  }

  /// How elements are converted on their way; see `Transfer`.
  static func transfer(refusingLossyConversions: Bool) throws -> PropertyList {
    try PropertyList(label: "transfer", class: chdf5_property_dataset_transfer) {
      refusingLossyConversions ? chdf5_refuse_lossy_conversions($0) : 0
    }
  }

  /// Creates a list of that class and sets it up; negative results are failures.
  private init(label: String, class make: () -> hid_t, _ setUp: (hid_t) -> herr_t) throws {
    let id = try Library.call("make the \(label) properties") { H5Pcreate(make()) }
    handle = Handle(id, label: "the \(label) properties")
    try Library.call("set the \(label) properties") { setUp(id) }
  }
}
