import Foundations
import HDF5

/// Gathers rows and hands them on many at a time.
final class RowSink {
  /// Bytes that are gathered, unless a chunk has more.
  private static let blockSize = 2 << 20

  private let rowByteCount: Int
  private let capacity: Int
  private let buffer: UnsafeMutableRawPointer
  private var rowCount = 0
  private var firstRow = 0
  private let write: (UnsafeRawBufferPointer, Range<Int>) throws -> Void

  /// Creates one without rows.
  ///
  /// - Parameters:
  ///   - chunkRows: The rows of a chunk, of which only whole ones are handed on but for the last.
  ///   - write: Takes rows, and which these are.
  init(
    rowByteCount: Int, chunkRows: Int = 1, write: @escaping (UnsafeRawBufferPointer, Range<Int>) throws -> Void
  ) {
    self.rowByteCount = rowByteCount
    self.write = write
    capacity = max(1, Self.blockSize / max(1, rowByteCount * chunkRows)) * chunkRows
    buffer = .allocate(byteCount: capacity * rowByteCount, alignment: 64)
  }

  deinit { buffer.deallocate() }

  /// Adds the row that `fill` writes.
  @inline(__always)
  func append(_ fill: (UnsafeMutableRawPointer) -> Void) throws {
    if rowCount == capacity { try flush() }
    fill(buffer + rowCount * rowByteCount)
    rowCount += 1
  }

  /// Hands on what is gathered.
  func flush() throws {
    guard rowCount > 0 else { return }
    try write(
      UnsafeRawBufferPointer(start: buffer, count: rowCount * rowByteCount), firstRow..<firstRow + rowCount)
    firstRow += rowCount
    rowCount = 0
  }
}

/// Where the rows of a group go.
struct GroupSink {
  /// One for each block of inputs.
  let inputs: [RowSink]
  let targets: RowSink

  init(inputs: [RowSink], targets: RowSink) { (self.inputs, self.targets) = (inputs, targets) }

  /// Writes to the datasets of a group.
  init(_ datasets: GroupDatasets, _ layout: GroupLayout, _ blocks: [(kind: FeatureKind?, layout: ArrayLayout)]) throws {
    func sink(_ dataset: Dataset, _ layout: ArrayLayout) throws -> RowSink {
      RowSink(rowByteCount: layout.rowByteCount, chunkRows: try dataset.chunkShape?.first ?? 1) { bytes, rows in
        try dataset.write(bytes: bytes, of: layout.type, selecting: .range(rows))
      }
    }
    inputs = try blocks.compactMap { block in
      try datasets.inputs.first { $0.kind == block.kind }.map { try sink($0.dataset, block.layout) }
    }
    targets = try sink(datasets.targets, layout.targets)
  }

  /// Hands on what is gathered.
  func finish() throws {
    for sink in inputs + [targets] { try sink.flush() }
  }
}

/// Keeps the rows of a group.
final class MemorySink {
  private var blocks: [(kind: FeatureKind?, layout: ArrayLayout, bytes: [UInt8])]
  private var targets: [UInt8] = []

  init(_ layout: GroupLayout, _ blocks: [(kind: FeatureKind?, layout: ArrayLayout)]) {
    self.blocks = blocks.map { ($0.kind, $0.layout, []) }
    for place in blocks.indices {
      self.blocks[place].bytes.reserveCapacity(layout.rowCount * blocks[place].layout.rowByteCount)
    }
    targetLayout = layout.targets
  }
  private let targetLayout: ArrayLayout

  /// Takes the rows.
  var sink: GroupSink {
    GroupSink(
      inputs: blocks.indices.map { place in
        RowSink(rowByteCount: blocks[place].layout.rowByteCount) { bytes, _ in
          self.blocks[place].bytes.append(contentsOf: bytes)
        }
      },
      targets: RowSink(rowByteCount: targetLayout.rowByteCount) { bytes, _ in self.targets.append(contentsOf: bytes) })
  }

  /// The group of the rows that were taken.
  func group(_ layout: GroupLayout) -> DatasetWriter.Group {
    func table(_ array: ArrayLayout, _ bytes: [UInt8]) -> NumberTable {
      NumberTable(shape: [layout.rowCount] + array.rowShape, type: array.type, bytes: bytes)
    }
    let inputs: DatasetInputs =
      switch layout.inputs {
      case .array: .array(table(blocks[0].layout, blocks[0].bytes))
      case .table(let features, _):
        .table(
          StoredTable(
            features: features,
            blocks: Dictionary(
              blocks.compactMap { block in block.kind.map { ($0, table(block.layout, block.bytes)) } }
            ) { one, _ in one }))
      }
    return DatasetWriter.Group(name: layout.name, inputs: inputs, targets: table(targetLayout, targets))
  }
}
