import Datasets
import Foundation
import Foundations
import HDF5
import Kernels
import TestSupport
import Testing

/// Sparse matrices as SciPy, AnnData, h5sparse and 10x Genomics write them: the same rows as the dense arrays beside them,
/// to the last bit.
@Suite struct SparseRowsTests {
  private static let file = "\(Fixture.directory)/matrices/matrices.h5"
  private static let pairs = [
    ("csr_float32", "dense_float32"), ("csr_float64", "dense_float64"), ("csr_uint8", "dense_uint8"),
    ("csr_int16", "dense_int16"), ("old", "dense_float32"), ("plain", "dense_float32"), ("csr_twice", "dense_twice"),
  ]
  private static let steps: [[PreprocessingStep]] = [
    [], [.scale(factor: 0.3, offset: 0)], [.scale(factor: -2, offset: 0.7)], [.standardize],
    [.scale(factor: 3, offset: 1), .standardize, .scale(factor: 0.1, offset: 5)],
  ]

  private func gathered<Scalar: KernelElement>(_ source: RowSource<Scalar>, _ range: Range<Int>? = nil) -> [Scalar] {
    let indices = (0..<source.rows).reversed().map { Int64($0) } + [0, 3, 3]
    let width = range?.count ?? source.columns
    return [Scalar](unsafeUninitializedCapacity: indices.count * width) { buffer, count in
      guard let first = buffer.baseAddress else { return }
      indices.withUnsafeBufferPointer { indices in
        withoutSubnormals { source.gather(indices, columns: range, into: first, kernels: .best) }
      }
      count = indices.count * width
    }
  }

  private func expectSameBits<Scalar: KernelElement & NativeScalar>(
    _ reader: DatasetReader, _ sparse: String, _ dense: String, _ steps: [PreprocessingStep], in group: String,
    as type: Scalar.Type
  ) throws {
    func source(_ name: String) throws -> RowSource<Scalar> {
      try FittedPreprocessing(steps, reader: reader, inputs: name).rows(of: name, in: group, from: reader)
    }
    let (found, expected) = (try source(sparse), try source(dense))
    #expect(found.rows == expected.rows && found.rowShape == expected.rowShape)
    #expect(found.lostPrecision == nil && expected.lostPrecision == nil)
    for range in [nil, 0..<1, 4..<11, 39..<40] {
      let (own, other) = (gathered(found, range), gathered(expected, range))
      #expect(own.map { Double($0).bitPattern } == other.map { Double($0).bitPattern }, "\(sparse) \(steps) \(group)")
    }
  }

  @Test(arguments: pairs) func rowsHaveTheBitsOfTheDenseOnes(sparse: String, dense: String) throws {
    let reader = try DatasetReader(path: Self.file)
    for steps in Self.steps {
      for group in ["train", "test"] {
        try expectSameBits(reader, sparse, dense, steps, in: group, as: Float.self)
        try expectSameBits(reader, sparse, dense, steps, in: group, as: Double.self)
      }
    }
  }

  @Test func rowsOfASplitAreThoseOfTheDenseOnes() throws {
    let split = DataSplit(.fractions(validation: 0.2, test: 0), by: .random, seed: 3)
    let reader = try DatasetReader(path: Self.file).divided(
      by: split, counting: "targets", targets: "targets", inputs: "csr_float32")
    for group in ["train", "validation"] {
      try expectSameBits(reader, "csr_float32", "dense_float32", [.standardize], in: group, as: Float.self)
      try expectSameBits(reader, "csr_uint8", "dense_uint8", [.standardize], in: group, as: Float.self)
    }
  }

  @Test func columnsAreEncodedOneHotAsDenseOnes() throws {
    let reader = try DatasetReader(path: Self.file)
    try expectSameBits(
      reader, "csr_uint8", "dense_uint8", [.oneHot(columns: [3, 7]), .standardize], in: "train", as: Float.self)
  }

  @Test func aMatrixOfGenesAndCellsIsRowsOfCells() throws {
    let path = "\(Fixture.directory)/matrices/tenx.h5"
    let reader = try DatasetReader(path: path, places: DataPlaces(rowAxis: 1))
    let sparse: RowSource<Float> = try reader.rows(of: "matrix", in: "train")
    let dense: RowSource<Float> = try DatasetReader(path: path).rows(of: "dense", in: "train")
    #expect(gathered(sparse) == gathered(dense))
    let names = try reader.arrayFeatures(of: "matrix", in: "train")
    #expect(names?.map(\.name).prefix(2) == ["ENSG00000", "ENSG00001"])
    let error = try trainerError { try DatasetReader(path: path).shape(of: "matrix", in: "train") }
    #expect(
      error?.message
        == "\(path): /train/matrix is stored by column (csc_matrix), so that no row of it can be read alone; store it by row "
        + "(in Python, X.tocsr()), or set data.rowAxis to 1 if its columns are the samples")
    let other = try trainerError {
      try DatasetReader(path: Self.file, places: DataPlaces(rowAxis: 1)).shape(of: "old", in: "train")
    }
    #expect(other?.code == .data && other?.message.contains("leave data.rowAxis out") == true)
  }

  @Test func namesOfColumnsAreThoseOfAnnData() throws {
    let reader = try DatasetReader(path: "\(Fixture.directory)/matrices/anndata.h5ad")
    #expect(try reader.shape(of: "X", in: DatasetReader.root).rows == 70)
    for name in ["X", "layers/counts"] {
      let names = try reader.arrayFeatures(of: name, in: DatasetReader.root)?.map(\.name)
      #expect(names == (0..<40).map { "gene\($0)" }, "\(name)")
    }
  }

  @Test func anyRowsAreReadDense() throws {
    let reader = try DatasetReader(path: Self.file)
    for rows in [0..<90, 3..<4, 41..<90, 89..<90] {
      let dense = try reader.elements(of: "dense_int16", in: "train", rows: rows, as: Double.self)
      #expect(try reader.elements(of: "csr_int16", in: "train", rows: rows, as: Double.self) == dense)
      #expect(
        try reader.elements(of: "csr_int16", in: "train", rows: rows, as: Int64.self).map { Double($0) } == dense)
    }
  }

  // The same file name and place, so that a run goes on whichever of both there is.
  @Test func theFingerprintIsThatOfTheDenseMatrix() throws {
    try withScratchDirectory { directory in
      func fingerprint(_ name: String, _ more: (HDF5.Group) throws -> Void) throws -> Digest {
        try writeFile("\(directory)/\(name).h5") { root in try more(root.createGroup("train")) }
        return try DatasetReader(path: "\(directory)/\(name).h5").fingerprint(of: ["inputs"])
      }
      let dense = try fingerprint("dense") {
        try $0.createDataset("inputs", shape: [3, 4], values: [0, 1, 0, 0, 0, 0, 0, 0, 2, 0, 0, 3] as [Float])
      }
      func sparse(_ name: String, _ data: [Float]) throws -> Digest {
        try fingerprint(name) { group in
          let matrix = try group.createGroup("inputs")
          try matrix.createDataset("data", shape: [3], values: data)
          try matrix.createDataset("indices", shape: [3], values: [1, 3, 0] as [Int32])
          try matrix.createDataset("indptr", shape: [4], values: [0, 1, 1, 3] as [Int32])
          try matrix.setAttribute("shape", to: [3, 4])
        }
      }
      #expect(try sparse("same", [1, 3, 2]) == dense)
      #expect(try sparse("other", [1, 3, 2.5]) != dense)
    }
  }

  @Test func rangeAndRowsAreThoseThatAreGathered() throws {
    let reader = try DatasetReader(path: Self.file)
    let sparse: RowSource<Double> = try reader.rows(of: "csr_float64", in: "train")
    let dense: RowSource<Double> = try reader.rows(of: "dense_float64", in: "train")
    #expect(sparse.range == dense.range && sparse.row(7) == dense.row(7) && sparse.rowByteCount < dense.rowByteCount)
  }

  // The whole number 16777217 is none in binary32; a column that is otherwise as large has lost what it says.
  @Test func lostPrecisionIsNoticed() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/d.h5"
      try write(path, data: [16_777_217.0, 16_777_219, 5, 16_777_221], indices: [0, 0, 1, 0], starts: [0, 1, 3, 4])
      let source: RowSource<Float> = try DatasetReader(path: path).rows(of: "inputs", in: "train")
      #expect(source.lostPrecision?.column == 0)
      let exact: RowSource<Double> = try DatasetReader(path: path).rows(of: "inputs", in: "train")
      #expect(exact.lostPrecision == nil)
    }
  }

  // MARK: Faults

  private func write<Value: NativeScalar>(
    _ path: String, data: [Value], indices: [Int32], starts: [Int64], shape: [Int] = [3, 4],
    format: String? = "csr_matrix", without missing: String? = nil
  ) throws {
    if FileManager.default.fileExists(atPath: path) { try FileManager.default.removeItem(atPath: path) }
    try writeFile(path) { root in
      let matrix = try root.createGroup("train").createGroup("inputs")
      try matrix.createDataset("data", shape: [data.count], values: data)
      if missing != "indices" { try matrix.createDataset("indices", shape: [indices.count], values: indices) }
      try matrix.createDataset("indptr", shape: [starts.count], values: starts)
      if missing != "shape" { try matrix.setAttribute("shape", to: shape) }
      if let format { try matrix.setAttribute("encoding-type", to: format) }
    }
  }

  private func fault(_ path: String) throws -> String {
    let error = try trainerError { () -> RowSource<Float> in
      try DatasetReader(path: path).rows(of: "inputs", in: "train")
    }
    #expect(error == nil || error?.code == .data)
    return error?.message.replacing("\(path): /train/inputs ", with: "") ?? ""
  }

  /// What is wrong with a matrix of four elements.
  private func found(
    _ indices: [Int32] = [0, 1, 2, 3], _ starts: [Int64] = [0, 1, 2, 4], shape: [Int] = [3, 4],
    format: String? = "csr_matrix", without missing: String? = nil
  ) throws -> String {
    try withScratchDirectory { directory in
      let path = "\(directory)/d.h5"
      let data: [Float] = [1, 2, 3, 4]
      try write(path, data: data, indices: indices, starts: starts, shape: shape, format: format, without: missing)
      return try fault(path)
    }
  }

  @Test func damagedMatricesAreRefused() throws {
    #expect(try found() == "")
    #expect(try found(format: nil) == "")
    #expect(
      try found([0, 1, 4, 3])
        == "is damaged: row 2 (counted from 0) has an element in column 4, and there are 4 columns; write it again")
    #expect(try found([0, 1, -1, 3]).contains("column -1"))
    #expect(
      try found([0, 1, 2, 3], [0, 3, 2, 4])
        == "is damaged: its indptr falls from 3 to 2 behind row 1 (counted from 0); write it again")
    #expect(try found([0, 1, 2, 3], [1, 1, 2, 4]).contains("its indptr begins with 1"))
    #expect(try found([0, 1, 2, 3], [0, 1, 2, 5]).contains("rows end at element 5, and there are 4"))
    #expect(
      try found([0, 1, 2, 3], [0, 1, 4]).contains("its indptr has 3 elements, expected one more than its 3 rows"))
    #expect(try found([0, 1, 2]).contains("its data has 4 elements, and its indices 3"))
    #expect(try found(shape: [3]).contains("has the shape [3], expected a number of rows"))
    #expect(try found(shape: [3, -4]).contains("has the shape [3, -4]"))
    #expect(try found(shape: [3, 1 << 40]).contains("1099511627776 columns, expected at most"))
    #expect(
      try found(shape: [0, 4]).contains("its indptr has 4 elements, expected one more than its 0 rows"))
    #expect(try found(without: "shape").contains("does not say how many rows and columns it has"))
    #expect(try found(without: "indices").contains("is a sparse matrix that lacks the dataset 'indices'"))
  }

  @Test func elementsThatComeTwiceAreAddedIfTheirTypeHoldsTheSum() throws {
    try withScratchDirectory { directory in
      let path = "\(directory)/d.h5"
      try write(path, data: [100, 27, 200] as [UInt8], indices: [2, 1, 2], starts: [0, 2, 2, 3])
      #expect(try fault(path) == "")
      try write(path, data: [100, 27, 200] as [UInt8], indices: [2, 1, 2], starts: [0, 3, 3, 3])
      #expect(
        try fault(path)
          == "has several elements of one column in row 0 (counted from 0), which add up to 300.0, more than uint8 can hold; "
          + "add them before (in Python, X.sum_duplicates()) in a wider type")
      try write(path, data: [Float.nan, 1], indices: [1, 0], starts: [0, 1, 2, 2])
      #expect(try fault(path).hasPrefix("has NaN in row 0, column 1 (both counted from 0)"))
      try write(path, data: [1, -1e300], indices: [1, 0], starts: [0, 1, 2, 2])
      #expect(try fault(path).hasPrefix("has -1e+300 in row 1, column 0"))
    }
  }

  @Test func memoryIsThatOfWhatIsStored() throws {
    let reader = try DatasetReader(path: Self.file)
    let sparse = try reader.byteCount(of: "csr_float64", in: "train", as: Double.self)
    #expect(sparse < 0.8 * (try reader.byteCount(of: "dense_float64", in: "train", as: Double.self)))
  }
}
