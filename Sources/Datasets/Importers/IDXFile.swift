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
    let file = try StreamedBytes(path: path)
    let magic = try file.bytes(4)
    guard Self.isBeginning(magic), let type = Self.types[magic[2]] else {
      throw TrainerError(
        .data, "'\(path)' is not an IDX file: it does not begin with two zero bytes, a type and a number of axes")
    }
    let header = try file.bytes(4 * Int(magic[3]))
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
    try Self.requireRoom(size, shape, type, in: file, path)
    let part = WorkProgress.begin("reading \(fileName(of: path))", of: size, "bytes")
    defer { part?.end() }
    var bytes = try file.bytes(size, telling: part)
    guard bytes.count == size else {
      throw TrainerError(
        .data,
        "'\(path)' is truncated: \(Self.text(shape)) elements of \(type) have \(size) bytes, and it holds "
          + "\(bytes.count)")
    }
    guard try file.bytes(1).isEmpty else {
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
    _ size: Int, _ shape: [Int], _ type: NumberType, in file: StreamedBytes, _ path: String
  ) throws {
    if let largest = file.largestLength, case let most = largest - 4 - 4 * shape.count, size > most {
      throw TrainerError(
        .data,
        "'\(path)' is truncated: \(text(shape)) elements of \(type) have \(size) bytes, and it holds "
          + (file.isPacked ? "no more than \(most)" : "\(most)"))
    }
    // They are read, and copied as they are divided into groups.
    try MemoryLimit.require(
      3 * Double(size), for: "'\(path)' with its \(text(shape)) elements of \(type)", code: .data,
      advice: "import it where there is more memory")
  }

  private static func text(_ shape: [Int]) -> String { shape.map(String.init).joined(separator: " x ") }
}
