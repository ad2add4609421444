import Foundations
import HDF5

/// Rows of numbers as they come, in chunks that are given up one by one when they are divided into groups, so that the
/// numbers are in memory once.
struct NumberRows {
  /// Bytes of the first chunk, and of the largest. Blocks of more than 32 MiB are the ones that glibc always gives back to
  /// the system when they are freed; smaller ones could stay, and the numbers be in memory twice while they are divided.
  private static let (firstChunkSize, largestChunkSize) = (1 << 18, 40 << 20)

  /// The numbers of a row.
  let width: Int
  /// How they are stored so far.
  private(set) var type: NumberType
  private(set) var count = 0
  private let isAutomatic: Bool
  private var chunks: [[UInt8]] = []
  private var room = 0
  private var scratch: [UInt8] = []

  /// Creates no rows.
  init(width: Int, type: CSVImport.InputType) {
    self.width = width
    isAutomatic = type == .automatic
    self.type =
      switch type {
      case .automatic, .uint8: .uint8
      case .float32: .float32
      case .float64: .float64
      }
  }

  /// The bytes of a row.
  var rowByteCount: Int { width * type.byteCount }

  /// Adds a row.
  ///
  /// - Returns: The place of the first number that the type cannot hold, if it was set and there is one.
  mutating func append(_ row: [Double]) -> Int? {
    switch type {
    case .uint8:
      scratch.removeAll(keepingCapacity: true)
      for (place, value) in row.enumerated() {
        guard let byte = UInt8(exactly: value) else {
          guard isAutomatic else { return place }
          convert(to: .float64)
          return append(row)
        }
        scratch.append(byte)
      }
      scratch.withUnsafeBytes { append(bytes: $0) }
    case .float32:
      if let place = row.firstIndex(where: { !Float($0).isFinite }) { return place }
      row.map { Float($0) }.withUnsafeBytes { append(bytes: $0) }
    default: row.withUnsafeBytes { append(bytes: $0) }
    }
    count += 1
    return nil
  }

  /// Adds whole rows that fit the last chunk, or one.
  private mutating func append(bytes: UnsafeRawBufferPointer) {
    if room < bytes.count {
      let size = min(Self.largestChunkSize, Self.firstChunkSize << min(chunks.count, 16))
      room = max(1, size / max(1, rowByteCount)) * rowByteCount
      chunks.append(Self.emptyBytes(capacity: room))
    }
    chunks[chunks.count - 1].append(contentsOf: bytes)
    room -= bytes.count
  }

  private static func emptyBytes(capacity: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
      UnsafeMutableRawBufferPointer(buffer).preferLargePages()
      count = 0
    }
  }

  /// Stores everything in a wider type.
  mutating func convert(to wider: NumberType) {
    guard type == .uint8, wider == .float64 else { return }
    type = wider
    room = 0
    for place in chunks.indices {
      chunks[place] = chunks[place].map { Double($0) }.withUnsafeBytes { Array($0) }
    }
  }

  /// Divides the rows into tables, which takes them away from here.
  ///
  /// - Parameter groups: For each table, the indices of its rows, ascending.
  mutating func divide(into groups: [[Int]]) -> [NumberTable] {
    var tables = groups.map { Self.emptyBytes(capacity: $0.count * rowByteCount) }
    var next = [Int](repeating: 0, count: groups.count)
    var first = 0
    for place in chunks.indices {
      let chunk = chunks[place]
      chunks[place] = []
      let end = first + chunk.count / max(1, rowByteCount)
      for group in groups.indices {
        let rows = groups[group]
        while next[group] < rows.count, case let row = rows[next[group]], row < end {
          // Rows that follow each other go together.
          var count = 1
          while next[group] + count < rows.count, rows[next[group] + count] == row + count, row + count < end {
            count += 1
          }
          let start = (row - first) * rowByteCount
          tables[group].append(contentsOf: chunk[start..<start + count * rowByteCount])
          next[group] += count
        }
      }
      first = end
    }
    let (width, type) = (width, type)
    self = NumberRows(width: width, type: .automatic)
    return zip(groups, tables).map { NumberTable(shape: [$0.count, width], type: type, bytes: $1) }
  }
}
