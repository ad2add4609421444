import CZlib
import Foundations
import HDF5

/// A file in the IDX format of the MNIST database (LeCun, Cortes and Burges, 1998), plain or gzipped: two zero bytes,
/// a type, the number of axes, the big-endian extents, and the elements, big-endian and row-major.
struct IDXFile {
  /// The elements in this machine's byte order.
  let table: NumberTable

  private static let types: [UInt8: NumberType] = [
    0x08: .uint8, 0x09: .int8, 0x0b: .int16, 0x0c: .int32, 0x0d: .float32, 0x0e: .float64,
  ]

  /// Whether bytes are the first of such a file.
  static func isBeginning(_ bytes: [UInt8]) -> Bool {
    bytes.count >= 4 && bytes[0] == 0 && bytes[1] == 0 && types[bytes[2]] != nil && bytes[3] > 0
  }

  /// Reads a file whole.
  ///
  /// - Throws: `TrainerError` with exit code `data` if it is missing, no IDX file, too short, too long or damaged.
  init(path: String) throws {
    // gzopen also reads plain files. It says of a missing file only that it failed.
    let fileSize: Int
    do {
      guard let status = try SystemFileSystem().status(of: path) else {
        throw TrainerError(.data, "cannot read '\(path)': no such file or directory\(neighbourHint(of: path))")
      }
      guard status.kind == .regular else {
        throw TrainerError(.data, "cannot read '\(path)': it is \(status.kind.phrase), expected a regular file")
      }
      fileSize = status.size
    } catch let error as FileError {
      throw TrainerError(.data, "cannot read '\(path)': \(error.reason.lowercased())")
    }
    guard let stream = gzopen(path, "rb") else { throw TrainerError(.data, "cannot read '\(path)'") }
    defer { gzclose(stream) }

    let magic = try Self.read(4, from: stream, path)
    guard Self.isBeginning(magic), let type = Self.types[magic[2]] else {
      throw TrainerError(
        .data, "'\(path)' is not an IDX file: it does not begin with two zero bytes, a type and a number of axes")
    }
    let header = try Self.read(4 * Int(magic[3]), from: stream, path)
    guard header.count == 4 * Int(magic[3]) else { throw TrainerError(.data, "'\(path)' ends inside its header") }
    let shape = stride(from: 0, to: header.count, by: 4).map { at in
      header[at..<at + 4].reduce(0) { $0 << 8 | Int($1) }
    }
    var size = type.byteCount
    for extent in shape {
      let (product, overflow) = size.multipliedReportingOverflow(by: extent)
      guard !overflow, product <= 1 << 40 else {
        throw TrainerError(.data, "'\(path)' is damaged: its header says \(Self.text(shape)) elements")
      }
      size = product
    }
    try Self.requireRoom(size, shape, type, fileSize: fileSize, isPlain: gzdirect(stream) == 1, path)
    var bytes = try Self.read(size, from: stream, path)
    guard bytes.count == size else {
      throw TrainerError(
        .data,
        "'\(path)' is truncated: \(Self.text(shape)) elements of \(type) have \(size) bytes, and it holds "
          + "\(bytes.count)")
    }
    guard try Self.read(1, from: stream, path).isEmpty else {
      throw TrainerError(.data, "'\(path)' is damaged: it goes on behind its \(Self.text(shape)) elements of \(type)")
    }
    if type.byteCount > 1, 1.littleEndian == 1 {
      for start in stride(from: 0, to: size, by: type.byteCount) {
        bytes[start..<start + type.byteCount].reverse()
      }
    }
    table = NumberTable(shape: shape, type: type, bytes: bytes)
  }

  /// Refuses elements that the file cannot hold, or that memory cannot: a damaged header can ask for any amount of it.
  private static func requireRoom(
    _ size: Int, _ shape: [Int], _ type: NumberType, fileSize: Int, isPlain: Bool, _ path: String
  ) throws {
    // Deflate makes at most 1032 bytes of one. A pipe has no size.
    let stored = fileSize - 4 - 4 * shape.count
    let most = isPlain ? (stored, false) : stored.multipliedReportingOverflow(by: 1032)
    guard fileSize == 0 || most.1 || size <= most.0 else {
      throw TrainerError(
        .data,
        "'\(path)' is truncated: \(text(shape)) elements of \(type) have \(size) bytes, and it holds "
          + (isPlain ? "\(stored)" : "no more than \(most.0)"))
    }
    // They are read, and copied as they are divided into groups.
    try MemoryLimit.require(
      3 * Double(size), for: "'\(path)' with its \(text(shape)) elements of \(type)", code: .data,
      advice: "import it where there is more memory")
  }

  /// Reads up to so many bytes, fewer at the end. The buffer grows as bytes come: a damaged header can ask for any
  /// amount of memory.
  private static func read(_ count: Int, from stream: gzFile, _ path: String) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let start = bytes.count
      let step = min(count - start, 1 << 24)
      bytes.append(contentsOf: repeatElement(0, count: step))
      let got = bytes.withUnsafeMutableBytes { gzread(stream, $0.baseAddress?.advanced(by: start), UInt32(step)) }
      bytes.removeLast(step - max(0, Int(got)))
      var number: Int32 = 0
      let text = gzerror(stream, &number)
      guard got >= 0, number == Z_OK || number == Z_STREAM_END else {
        throw TrainerError(
          .data, "cannot unpack '\(path)': \(text.map { String(cString: $0) } ?? "damaged"); get the file again")
      }
      if got < step { break }
    }
    return bytes
  }

  private static func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: " x ") }
}
