import Datasets
import Foundation
import HDF5
import Kernels
import TestSupport
import Testing

/// Streamed and mapped rows behind preprocessing, of some rows of a dataset, and of what libhdf5 reads.
@Suite struct StreamedFormTests {
  private static let folder = StreamedRowsTests.folder

  private func gathered<Scalar: KernelElement>(_ source: RowSource<Scalar>, _ indices: [Int64]) -> [Scalar] {
    var result = [Scalar](repeating: .nan, count: indices.count * source.columns)
    result.withUnsafeMutableBufferPointer { out in
      guard let out = out.baseAddress else { return }
      withoutSubnormals {
        indices.withUnsafeBufferPointer { source.gather($0, following: 0, into: out, kernels: .best) }
      }
    }
    return result
  }

  private func expectSameRows<Scalar: KernelElement & NativeScalar>(
    _ streamed: StreamedRows<Scalar>, as memory: RowSource<Scalar>, _ what: String
  ) throws {
    #expect(streamed.rows.rowCount == memory.rows && streamed.rowShape == memory.rowShape, "\(what)")
    let found = try decoded(streamed.rows, 0..<memory.rows)
    #expect(found == (0..<memory.rows).flatMap { memory.row($0) }.map(\.bitPattern), "\(what)")
  }

  private func expectSameGathering<Scalar: KernelElement>(
    _ mapped: RowSource<Scalar>, as memory: RowSource<Scalar>, _ what: String
  ) throws {
    #expect(mapped.isMapped && mapped.rows == memory.rows && mapped.rowShape == memory.rowShape, "\(what)")
    try mapped.check()
    let indices = (0..<200).map { _ in Int64.random(in: 0..<Int64(memory.rows)) }
    let (found, expected) = (gathered(mapped, indices), gathered(memory, indices))
    #expect(zip(found, expected).allSatisfy { $0 == $1 && $0.sign == $1.sign }, "\(what)")
    #expect(mapped.firstRow == memory.firstRow && mapped.firstNotFinite(in: indices) == nil)
  }

  @Test func preprocessingGivesTheBitsOfRowsInMemory() throws {
    let steps: [[PreprocessingStep]] = [
      [], [.scale(factor: 1 / 255.0, offset: -0.5)], [.standardize], [.oneHot(columns: [0, 4])],
      [.oneHot(columns: [3]), .standardize],
    ]
    for (file, names) in [
      ("bytes", ["shuffle-deflate", "cut-8-4-2", "raw-8-3-5"]), ("numbers", ["shuffle-deflate", "cut-8-4-2", "none"]),
      ("types", ["big-i8:big-i8", "big-i2-cut:big-i2", "little-u4:little-u4", "boolean:boolean", "half:half"]),
    ] {
      let reader = try DatasetReader(path: "\(Self.folder)/\(file).h5")
      for name in names {
        for steps in steps {
          let what = "\(file) \(name) \(steps)"
          let plain = name.split(separator: ":").dropFirst().first.map { "plain:\($0)" } ?? "plain"
          let fitted = try FittedPreprocessing(steps, reader: reader, inputs: plain)
          let memory: RowSource<Float> = try fitted.rows(of: plain, in: "train", from: reader)
          let streamed: StreamedRows<Float> = try fitted.streamedRows(of: name, in: "train", from: reader)
          try expectSameRows(streamed, as: memory, what)
          let isByte = file == "bytes"
          #expect(isByte ? streamed.affine == fitted.affine : streamed.affine?.isIdentity ?? true, "\(what)")
          let mapped: RowSource<Float>? = try fitted.mappedRows(of: plain, in: "train", from: reader)
          let isExpanded = fitted.expandedColumnCount != nil
          #expect((mapped == nil) == (isExpanded || name == "half:half"), "\(what)")
          if let mapped { try expectSameGathering(mapped, as: memory, what) }
        }
      }
    }
  }

  @Test func someRowsOfADataset() throws {
    let whole = try DatasetReader(path: "\(Self.folder)/numbers.h5")
    let rows = (0..<41).filter { $0 % 3 != 1 }
    let reader = DatasetReader(whole, selecting: ["train": RowSelection(source: "train", sourceRows: 41, rows: rows)])
    let memory: RowSource<Float> = try reader.rows(of: "plain", in: "train")
    for name in ["shuffle-deflate", "cut-8-4-2", "raw-8-6-2", "none", "cut-1-6-5"] {
      let streamed: StreamedRows<Float> = try reader.streamedRows(of: name, in: "train")
      #expect(streamed.rows is ChunkedRows<Float>)
      try expectSameRows(streamed, as: memory, name)
    }
    let mapped: RowSource<Float>? = try reader.mappedRows(of: "plain", in: "train")
    try expectSameGathering(#require(mapped), as: memory, "split")
  }

  @Test func mappedRowsOfEveryTypeAreThoseInMemory() throws {
    let reader = try DatasetReader(path: "\(Self.folder)/types.h5")
    let names = try HDF5.File.open(at: "\(Self.folder)/types.h5", isTrusted: true).root.group("train").memberNames()
    for name in names where name.hasPrefix("plain") && name != "plain:half" {
      let memory: RowSource<Double> = try reader.rows(of: name, in: "train")
      try expectSameGathering(#require(try reader.mappedRows(of: name, in: "train")), as: memory, name)
      guard !name.contains("f8") else { continue }
      let single: RowSource<Float> = try reader.rows(of: name, in: "train")
      try expectSameGathering(#require(try reader.mappedRows(of: name, in: "train")), as: single, name)
    }
  }

  /// Where elements begin at no multiple of their size, and rows are longer than what is converted at once.
  @Test func mappedRowsNeedNotBeAligned() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/d.h5"
      let values = (0..<9 * 300).map { Float($0) * 0.37 - 100 }
      try writeFile(path) {
        let group = try $0.createGroup("train")
        _ = try group.createDataset("odd", shape: [4099], values: [UInt8](repeating: 1, count: 4099))
        _ = try group.createDataset("inputs", shape: [9, 300], values: values)
      }
      let reader = try DatasetReader(path: path)
      let memory: RowSource<Float> = try reader.rows(of: "inputs", in: "train")
      let mapped: RowSource<Float> = try #require(try reader.mappedRows(of: "inputs", in: "train"))
      try expectSameGathering(mapped, as: memory, "unaligned")
      let offset = try HDF5.File.open(at: path, isTrusted: true).root.group("train").dataset("inputs").offset ?? 0
      #expect(offset % 4 != 0, "the test wants elements that are not aligned")

      // What was cut off is found before it is touched.
      #expect(truncate(path, off_t(offset + 100)) == 0)
      let error = try trainerError { try mapped.check() }
      #expect(error?.message.contains("/train/inputs: the part with the rows is not whole") == true, "\(error as Any)")
      #expect(error?.code == .data)
    }
  }

  @Test func mappedNumbersThatAreNotFiniteAreNamed() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/d.h5"
      var values = (0..<40).map { Double($0) }
      values[23] = .nan
      values[31] = 1e300
      try writeFile(path) {
        _ = try $0.createGroup("train").createDataset("inputs", shape: [10, 4], values: values)
      }
      let reader = try DatasetReader(path: path)
      let single: RowSource<Float> = try #require(try reader.mappedRows(of: "inputs", in: "train"))
      #expect(single.firstNotFinite(in: [0, 1, 9]) == nil)
      #expect(single.firstNotFinite(in: [0, 5, 9])?.message.contains("NaN in row 5, column 3") == true)
      #expect(single.firstNotFinite(in: [7])?.message.contains("1e+300 in row 7, column 3") == true)
      let double: RowSource<Double> = try #require(try reader.mappedRows(of: "inputs", in: "train"))
      #expect(double.firstNotFinite(in: [7]) == nil)
    }
  }
}
