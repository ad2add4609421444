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

  /// Adds the rows of others of the same width, which were created alike.
  mutating func append(contentsOf other: NumberRows) {
    var other = other
    // Both end in the wider type, as if all rows had come one after the other.
    if other.count > 0 {
      convert(to: other.type)
      other.convert(to: type)
    }
    for chunk in other.chunks {
      chunk.withUnsafeBytes { bytes in
        var rest = bytes
        while !rest.isEmpty {
          // As many rows as there is room for, or the first of a new chunk.
          let part = min(rest.count, max(room, rowByteCount))
          append(bytes: UnsafeRawBufferPointer(rebasing: rest[..<part]))
          rest = UnsafeRawBufferPointer(rebasing: rest[part...])
        }
      }
    }
    count += other.count
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

  /// The range of a column's numbers and how many different ones there are; `nil` for more than are counted.
  struct ColumnRange: Sendable {
    var smallest = Double.infinity
    var largest = -Double.infinity
    var distinct = DistinctCounter()
    var ascent = Ascent()
  }

  /// Adds the numbers of some columns to their ranges.
  func addRanges(of columns: Range<Int>, to ranges: inout [ColumnRange]) {
    func add<Number: BinaryFloatingPoint>(_ chunk: UnsafeRawBufferPointer, as type: Number.Type) {
      let numbers = chunk.bindMemory(to: Number.self)
      for row in stride(from: 0, to: numbers.count, by: width) {
        for (place, column) in columns.enumerated() {
          let number = Double(numbers[row + column])
          if number < ranges[place].smallest { ranges[place].smallest = number }
          if number > ranges[place].largest { ranges[place].largest = number }
          ranges[place].distinct.insert((number + 0).bitPattern)
          ranges[place].ascent.append(number)
        }
      }
    }
    guard type != .uint8 else { return addByteRanges(of: columns, to: &ranges) }
    for chunk in chunks {
      chunk.withUnsafeBytes { bytes in
        if type == .float32 { add(bytes, as: Float.self) } else { add(bytes, as: Double.self) }
      }
    }
  }

  private func addByteRanges(of columns: Range<Int>, to ranges: inout [ColumnRange]) {
    var isSeen = [Bool](repeating: false, count: columns.count << 8)
    // More bytes cannot all differ.
    let canDiffer = count <= 256
    for chunk in chunks {
      chunk.withUnsafeBytes { bytes in
        for row in stride(from: 0, to: bytes.count, by: width) {
          for (place, column) in columns.enumerated() {
            let byte = Int(bytes[row + column])
            isSeen[place << 8 | byte] = true
            if canDiffer { ranges[place].ascent.append(Double(byte)) }
          }
        }
      }
    }
    for place in 0..<columns.count {
      for byte in 0..<256 where isSeen[place << 8 | byte] {
        ranges[place].smallest = min(ranges[place].smallest, Double(byte))
        ranges[place].largest = max(ranges[place].largest, Double(byte))
        ranges[place].distinct.insert(Double(byte).bitPattern)
      }
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
