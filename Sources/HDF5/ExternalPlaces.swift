import Foundation
import Foundations

/// Where the files lie that an HDF5 file names: beside it, or in the folders of an environment variable, but never in the
/// working directory, which would make a result depend on where a program is called.
///
/// libhdf5 looks into the working directory too, after these places. So a file that is found here is the one that it
/// opens, and one that is not is an error before the library is asked.
struct ExternalPlaces: Sendable {
  /// The ways of naming files, each with the variable that libhdf5 takes folders from.
  enum Way: String {
    case link = "HDF5_EXT_PREFIX"
    case virtual = "HDF5_VDS_PREFIX"
    case storage = "HDF5_EXTFILE_PREFIX"
  }

  /// What lies where a name leads.
  enum Found: Equatable {
    case regular(String)
    /// Something that is no regular file; opening a pipe would wait for ever.
    case irregular(String)
    case missing
  }

  /// The HDF5 file's folder, as the file was named.
  let folder: String
  /// The folder of the file that this may be a link to.
  let realFolder: String

  init(path: String) {
    folder = directory(of: path)
    realFolder =
      realpath(path, nil).map { real in
        defer { free(real) }
        return directory(of: String(cString: real))
      } ?? folder
  }

  /// The places where a file of that name is looked for, in order.
  func candidates(_ name: String, _ way: Way) -> [String] {
    let given = ProcessInfo.processInfo.environment[way.rawValue].flatMap { $0.isEmpty ? nil : $0 }
    func folders(_ list: [String]) -> [String] { list.map { $0.replacing("${ORIGIN}", with: folder) } }
    guard way != .storage else {
      // One folder takes the place of any other, and a whole path is that.
      return name.hasPrefix("/") ? [name] : folders([given ?? folder]).map { $0 + "/" + name }
    }
    let prefixes = folders(given?.split(separator: ":").map(String.init) ?? []) + [realFolder, folder]
    let rest = name.hasPrefix("/") ? fileName(of: name) : name
    return (name.hasPrefix("/") ? [name] : []) + prefixes.map { $0 + "/" + rest }
  }

  /// Looks for a file of that name.
  func find(_ name: String, _ way: Way) -> Found {
    for place in candidates(name, way) {
      var status = stat()
      guard stat(place, &status) == 0 else { continue }
      return status.st_mode & S_IFMT == S_IFREG ? .regular(place) : .irregular(place)
    }
    return .missing
  }
}
