import Foundations

/// What a file is that was to be an HDF5 file, and what makes one of it.
enum InsteadOfHDF5 {
  private static let formats = [
    CSVImport.name: "text, such as a table", NPYImport.name: "an array of NumPy (NPY)",
    NPZImport.name: "arrays of NumPy (NPZ)",
    JSONLinesImport.name: "a table in JSON lines", LIBSVMImport.name: "a sparse table (LIBSVM)",
    IDXImport.name: "an IDX file",
  ]

  /// The error for a file that is no HDF5 file; `nil` if it is nothing else that is known.
  static func error(path: String) -> TrainerError? {
    do {
      let source = try ImportSource(path: path)
      return source.start.isEmpty ? nil : try error(path: path, start: source.start)
    } catch _ {
      // That it is no HDF5 file is known already; why it cannot be looked at is no matter then.
      return nil
    }
  }

  private static func error(path: String, start: [UInt8]) throws -> TrainerError {
    let found = "'\(path)' is not an HDF5 file but "
    if start.starts(with: Array("CDF".utf8)), start.count > 3, [1, 2, 5].contains(start[3]) {
      return TrainerError(
        .data,
        found + "a netCDF file in the classic format; convert it with nccopy -k nc4 '\(path)' '\(copyName(of: path))' "
          + "(package netcdf-bin)")
    }
    if let kind = ForeignFormat.conversion(of: start, path: path) {
      let matlab = kind.name == "a MATLAB file" ? "save it in MATLAB with -v7.3, or " : ""
      return TrainerError(
        .data, found + "\(kind.name); \(matlab)convert it first, with \(kind.command) for example, and import that")
    }
    let name = try ImporterRegistry.standard.format(of: path)
    return TrainerError(
      .data, found + (formats[name] ?? "a file in the format \(name)"),
      remedy: .init("importer", "import it first, in the format \(name)"))
  }

  private static func copyName(of path: String) -> String {
    let name = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    guard let dot = path[name...].lastIndex(of: "."), dot > name else { return path + "-nc4.nc" }
    return path[..<dot] + "-nc4.nc"
  }
}
