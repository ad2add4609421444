import Foundations
import HDF5

/// What the rows of an input are, by its first bytes.
package enum StreamedFormat: Sendable {
  /// An array in NumPy's format.
  case array
  /// NumPy's archive of arrays.
  case archive
  /// HDF5.
  case hdf5
  /// One image.
  case image
  /// JSON lines.
  case jsonLines
  /// A sparse text in the format of SVMlight and LIBSVM.
  case sparse
  /// Any other text.
  case table

  /// Looks at the first bytes, which are read again later. No more is waited for than a first line that is not blank.
  ///
  /// - Throws: `TrainerError` with code `.data` if they cannot be read.
  package init(of input: StreamedInput) throws {
    let first = try input.peek(atLeast: 1).first
    if first == NPYHeader.mark[0] {
      self = .array
    } else if first == HDF5.File.signature[0],
      try input.peek(atLeast: HDF5.File.signature.count).starts(with: HDF5.File.signature)
    {
      self = .hdf5
    } else if first == 0x89 || first == 0xFF, try ImageHeader.format(of: input.peek(atLeast: 8)) != nil {
      self = .image
    } else if first == UInt8(ascii: "P"), try ZIPArchive.isBeginning(input.peek(atLeast: 4)),
      // The first member's name lies behind 30 bytes.
      try NPZImport.isBeginning(input.peek(atLeast: 30 + 1 << 10))
    {
      self = .archive
    } else {
      var (lines, start) = (1, try input.peek(lines: 1))
      while start.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }), !input.isWhole, start.count < 1 << 12 {
        lines += 1
        start = try input.peek(lines: lines)
      }
      let part = Array(start.prefix(ImportSource.startSize))
      if JSONLinesImport.isBeginning(text: part) {
        self = .jsonLines
      } else if SparseReader.recognizes(part, isCut: !input.isWhole || part.count < start.count, needsLabel: false) {
        self = .sparse
      } else {
        self = .table
      }
    }
  }
}
