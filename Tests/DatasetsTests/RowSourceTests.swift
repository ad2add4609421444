import Datasets
import HDF5
import Kernels
import TestSupport
import Testing

@Suite struct RowSourceTests {
  private func gather<Scalar: KernelElement>(_ source: RowSource<Scalar>, _ indices: [Int64]) -> [Scalar] {
    [Scalar](unsafeUninitializedCapacity: indices.count * source.columns) { buffer, count in
      guard let first = buffer.baseAddress else { return }
      indices.withUnsafeBufferPointer { source.gather($0, into: first, kernels: .best) }
      count = indices.count * source.columns
    }
  }

  /// A source of bytes, which only a file gives.
  private func bytes<Scalar: KernelElement & NativeScalar>(
    _ values: [UInt8], shape: [Int], _ type: Scalar.Type
  ) throws -> RowSource<Scalar> {
    try withScratchDirectory { directory in
      try writeFile("\(directory)/d.h5") {
        _ = try $0.createGroup("train").createDataset("inputs", shape: shape, values: values)
      }
      return try DatasetReader(path: "\(directory)/d.h5").rows(of: "inputs", in: "train")
    }
  }

  @Test func givesRowsInTheOrderAsked() {
    for columns in [1, 3, 8, 17] {
      let values = (0..<10 * columns).map { Float($0) / 4 }
      let source = RowSource(values, rows: 10, rowShape: [columns])
      let indices: [Int64] = [9, 0, 4, 4, 7]
      #expect(gather(source, indices) == indices.flatMap { values[Int($0) * columns..<(Int($0) + 1) * columns] })
      #expect(gather(source, []) == [])
      #expect(source.firstRow == values.prefix(columns).map { Double($0) })
    }
  }

  @Test func aRowOfOneNumberHasOneColumn() {
    let source = RowSource([5.0, 6, 7], rows: 3, rowShape: [])
    #expect(source.columns == 1)
    #expect(gather(source, [2, 0]) == [7, 5])
    #expect(source.range == 5...7 && source.row(1) == [6])
  }

  @Test func bytesAreConvertedAsTheyAreGathered() throws {
    let values = (0..<6 * 35).map { UInt8(truncatingIfNeeded: $0 * 37) }
    let source = try bytes(values, shape: [6, 5, 7], Float.self)
    #expect(source.rows == 6 && source.rowShape == [5, 7] && source.columns == 35)
    #expect(gather(source, [5, 1]) == (values[175..<210] + values[35..<70]).map { Float($0) })
    #expect(source.firstRow == values.prefix(35).map { Double($0) })

    let map = AffineColumns(
      scale: (0..<35).map { 1 / Double(1 << ($0 % 4)) }, offset: (0..<35).map { Double($0) - 17 })
    let expected = (0..<35).map { Float(values[105 + $0]) * Float(map.scale[$0]) + Float(map.offset[$0]) }
    #expect(gather(source.mapped(by: map), [3]) == expected)
    #expect(gather(try bytes(values, shape: [6, 35], Double.self), [0]) == values[0..<35].map { Double($0) })
  }

  @Test func numbersAreMappedAsTheyAreGathered() {
    let map = AffineColumns(scale: [2, -1, 0.5], offset: [0, 10, 1])
    let source = RowSource([1.0, 2, 3, 4, 5, 6], rows: 2, rowShape: [3]).mapped(by: map)
    #expect(gather(source, [1, 0]) == [8, 5, 4, 2, 8, 2.5])
  }

  @Test func mapsAreJoined() {
    let map = AffineColumns(scale: [2, 3], offset: [1, 0]).followed(by: [10, 0.5], [0, -1])
    #expect(map == AffineColumns(scale: [20, 1.5], offset: [10, -1]))
    #expect(AffineColumns.identity(columns: 2).isIdentity && !map.isIdentity)
    #expect(AffineColumns.identity(columns: 2).followed(by: [2, 3], [1, 0]).scale == [2, 3])
  }
}
