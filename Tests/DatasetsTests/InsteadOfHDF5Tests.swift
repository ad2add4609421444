import Datasets
import Foundation
import Foundations
import TestSupport
import Testing

/// Files that were to be HDF5 files and are something else: what they are, and what makes a dataset of them.
@Suite struct InsteadOfHDF5Tests {
  private static func error(_ bytes: [UInt8], named name: String = "x.h5") throws -> TrainerError {
    try withScratchDirectory { directory in
      let path = "\(directory)/\(name)"
      try Data(bytes).write(to: URL(filePath: path))
      let reading = try #require(throws: TrainerError.self) { try DatasetReader(path: path) }
      let listing = try #require(throws: TrainerError.self) { try DatasetDescription(path: path) }
      #expect(reading == listing && reading.code == .data)
      return TrainerError(.data, reading.message.replacing(directory + "/", with: ""))
    }
  }

  /// A beginning, whose characters are bytes, and parts of the message.
  private static let kinds: [(start: String, parts: [String])] = [
    ("CDF\u{1}\0\0\0\0", ["a netCDF file in the classic format", "nccopy -k nc4 'x.h5' 'x-nc4.nc'"]),
    ("CDF\u{5}\0\0\0\0", ["a netCDF file in the classic format"]),
    ("MATLAB 5.0 MAT-file, Platform: GLNXA64\0\u{1}", ["a MATLAB file", "-v7.3", "scipy.io"]),
    ("PAR1\u{15}\u{4}\0\u{1}", ["a Parquet file", "read_parquet('x.h5')"]),
    ("\u{93}NUMPY\u{1}\0v\0", ["an array of NumPy (NPY)", "import it first"]),
    ("PK\u{3}\u{4}\u{14}\0\0\0\0\0", ["compressed (zip)", "unzip 'x.h5'"]),
    ("a,b,y\n1,2,x\n", ["text, such as a table", "import it first, in the format csv"]),
    ("{\"a\": 1}\n{\"a\": 2}\n", ["a table in JSON lines", "import it first, in the format jsonl"]),
  ]

  @Test(arguments: kinds.indices) func isSaidWhatItIs(index: Int) throws {
    let (start, parts) = Self.kinds[index]
    let message = try Self.error(start.unicodeScalars.map { UInt8(truncatingIfNeeded: $0.value) }).message
    #expect(message.hasPrefix("'x.h5' is not an HDF5 file but "), "\(message)")
    for part in parts { #expect(message.contains(part), "\(message)") }
  }

  @Test func whatIsNothingKnownIsNoHDF5() throws {
    #expect(try Self.error([0x80, 1, 2, 3, 0, 0, 0xFF, 0xFE]).message.hasSuffix("'x.h5' is not an HDF5 file"))
    #expect(try Self.error([]).message.hasSuffix("'x.h5' is empty"))
  }
}
