import CHDF5
import Foundation
import Foundations

extension Dataset {
  /// Checks that the elements can be read, without reading them: that they are where they should be, and that every filter
  /// that they passed through is to be had.
  ///
  /// - Throws: `HDF5Error` that says what is missing, how to get it, and how to do without.
  public func requireReadableElements() throws {
    try requireReachableElements()
    if let error = try missingFilterError() { throw error }
  }

  /// The error for elements that could not be read because a filter is missing; `nil` if none is.
  func missingFilterError() throws -> HDF5Error? {
    let missing = try filters.filter { filter in Library.value { H5Zfilter_avail(filter.identifier) } <= 0 }
    guard let filter = missing.first else { return nil }
    let known = KnownFilter.all[filter.identifier]
    let name = known?.name ?? (filter.name.isEmpty ? "" : filter.name.onOneLine)
    let folders = Self.pluginFolders
    let place = folders.isEmpty ? "" : " in \(folders.map { "'\($0.onOneLine)'" }.joined(separator: " or "))"
    return HDF5Error(
      .missingFilter,
      "\(handle.label) was written with the filter \(name.isEmpty ? "" : "'\(name)' ")(number \(filter.identifier)), "
        + "which the HDF5 library does not find\(place); \(known?.advice ?? KnownFilter.unknownAdvice), or where the filter is "
        + "there, store the datasets without it: h5repack -f NONE '\(file.name)' OUT.h5")
  }

  /// Where the library looks for filters.
  package static var pluginFolders: [String] {
    Library.value {
      var count: UInt32 = 0
      guard H5PLsize(&count) >= 0 else { return [] }
      return (0..<min(count, 8)).compactMap { index in
        let text = readingText(length: Int(PATH_MAX)) { max(0, H5PLget(index, $0, $1)) }
        return text.isEmpty ? nil : String(decoding: text, as: UTF8.self)
      }
    }
  }
}

/// A filter that programs write with, by the number that it is registered with, as
/// <https://github.com/HDFGroup/hdf5_plugins> lists them, and where it comes from.
private struct KnownFilter {
  let name: String
  /// How to get it.
  let advice: String

  private init(_ name: String, _ advice: String) { (self.name, self.advice) = (name, advice) }

  /// Of Debian and Ubuntu, whose packages put filters where their library looks.
  private init(_ name: String, package: String) { self.init(name, "install the package \(package)") }

  static let unknownAdvice = "install the plugin that has it, or point HDF5_PLUGIN_PATH to the folder that it is in"

  static let all: [Int32: KnownFilter] = {
    let python =
      "take it from Python's hdf5plugin (pip install hdf5plugin): point HDF5_PLUGIN_PATH to the folder that "
      + "python3 -c 'import hdf5plugin; print(hdf5plugin.PLUGINS_PATH)' prints"
    let library = "use an HDF5 library that was built with it"
    return [
      1: .init("deflate", library), 4: .init("szip", library), 5: .init("nbit", library),
      6: .init("scaleoffset", library), 307: .init("bzip2", package: "hdf5-filter-plugin"),
      // The package of Debian 12 is not linked with the library that it calls, and does not load.
      32000: .init(
        "lzf",
        "install the package hdf5-plugin-lzf, or if it is there and does not load (Debian 12), the package bitshuffle"),
      32001: .init("blosc", package: "hdf5-filter-plugin-blosc-serial"),
      32004: .init("lz4", package: "hdf5-filter-plugin"), 32008: .init("bitshuffle", package: "bitshuffle"),
      32013: .init("zfp", package: "hdf5-filter-plugin-zfp-serial"), 32015: .init("zstd", python),
      32017: .init("sz", python), 32018: .init("fcidecomp", python), 32022: .init("granular bitround", python),
      32023: .init("bitround", python), 32024: .init("sz3", python), 32026: .init("blosc2", python),
      32028: .init("sperr", python),
    ]
  }()
}
