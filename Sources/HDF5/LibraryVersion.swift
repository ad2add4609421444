import CHDF5

/// The version of the libhdf5 that the process has loaded: `1.10.8`.
package var libraryVersion: String {
  let numbers = Library.value {
    var (major, minor, release): (UInt32, UInt32, UInt32) = (0, 0, 0)
    return H5get_libversion(&major, &minor, &release) < 0 ? [] : [major, minor, release]
  }
  return numbers.isEmpty ? "unknown" : numbers.map(String.init).joined(separator: ".")
}
