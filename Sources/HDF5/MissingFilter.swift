import CHDF5
import Foundations

extension Dataset {
  /// The error for elements that could not be read because a filter is missing; `nil` if none is.
  func missingFilterError() throws -> HDF5Error? {
    let missing = try filters.filter { filter in Library.value { H5Zfilter_avail(filter.identifier) } <= 0 }
    guard let filter = missing.first else { return nil }
    let known = Self.knownFilters[filter.identifier]
    let name = known?.name ?? (filter.name.isEmpty ? "" : filter.name.onOneLine)
    let install = known.map { "install \($0.package)" } ?? "install the plugin that has it"
    return HDF5Error(
      .missingFilter,
      "\(handle.label) was written with the filter \(name.isEmpty ? "" : "'\(name)' ")(number \(filter.identifier)), "
        + "which the HDF5 library does not find here; \(install), or store the dataset without it (h5repack -f NONE) "
        + "where the filter is there")
  }

  /// Registered filters by their number, as <https://github.com/HDFGroup/hdf5_plugins> lists them, and the packages of
  /// Debian and Ubuntu that have them.
  private static let knownFilters: [Int32: (name: String, package: String)] = {
    let plugins = "the HDF Group's HDF5 plugins, or point HDF5_PLUGIN_PATH to those of Python's hdf5plugin"
    return [
      4: ("szip", "an HDF5 library with szip"),
      307: ("bzip2", "hdf5-filter-plugin"), 32000: ("lzf", "hdf5-plugin-lzf"),
      32001: ("blosc", "hdf5-filter-plugin-blosc-serial"), 32004: ("lz4", "hdf5-filter-plugin"),
      32008: ("bitshuffle", "hdf5-filter-plugin"), 32013: ("zfp", "hdf5-filter-plugin-zfp-serial"),
      32015: ("zstd", plugins), 32017: ("sz", plugins), 32022: ("granular bitround", plugins),
      32026: ("blosc2", plugins),
    ]
  }()
}
