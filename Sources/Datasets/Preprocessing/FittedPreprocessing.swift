import Foundations
import HDF5
import Kernels

/// Preprocessing with everything that it took from the training group: what a checkpoint keeps, and what `evaluate` and
/// `predict` apply to other data.
public struct FittedPreprocessing: Sendable, Equatable {
  /// The categories of each one-hot column, ascending, by column.
  public private(set) var categories: [Int: [Double]] = [:]
  /// The map of each column that one-hot encoding leaves.
  public private(set) var affine: AffineColumns
  /// The extents of one row of the data.
  public let inputShape: [Int]

  /// The extents of one row after preprocessing: one-hot encoding flattens it.
  public var outputShape: [Int] { categories.isEmpty ? inputShape : [affine.scale.count] }

  /// Preprocessing that changes nothing.
  public init(inputShape: [Int]) {
    self.inputShape = inputShape
    affine = .identity(columns: inputShape.reduce(1, *))
  }

  /// Preprocessing as a checkpoint kept it.
  public init(inputShape: [Int], categories: [Int: [Double]], affine: AffineColumns) {
    self.inputShape = inputShape
    self.categories = categories
    self.affine = affine
  }

  /// Fits steps to the training group.
  ///
  /// - Throws: `TrainerError` if a step does not fit the data.
  public init(_ steps: [PreprocessingStep], reader: DatasetReader, inputs: String) throws {
    self.init(inputShape: try reader.shape(of: inputs, in: "train").rowShape)
    let columns = affine.scale.count
    for (index, step) in steps.enumerated() {
      switch step {
      case .scale(let factor, let offset):
        affine = affine.followed(
          by: Array(repeating: factor, count: affine.scale.count),
          Array(repeating: offset, count: affine.scale.count))
      case .standardize:
        let moments = try moments(reader, inputs)
        affine = affine.followed(by: moments.map { 1 / $0.deviation }, moments.map { -$0.mean / $0.deviation })
      case .oneHot(let chosen):
        guard index == 0 else {
          throw TrainerError(
            .usage, "data.preprocessing[\(index)]: oneHot must be the first step, since it needs the raw categories")
        }
        let chosen = chosen ?? Array(0..<columns)
        guard chosen.allSatisfy({ $0 < columns }) else {
          throw TrainerError(
            .usage,
            "data.preprocessing[0].columns: column \(chosen.max() ?? 0) is out of range: "
              + "the inputs have \(columns) columns, counted from 0")
        }
        try fitCategories(of: Set(chosen), reader, inputs)
      }
    }
  }

  /// Categories beyond this number in one column are a sign that it holds measurements.
  private static let mostCategories = 10_000

  private mutating func fitCategories(of chosen: Set<Int>, _ reader: DatasetReader, _ inputs: String) throws {
    let columns = inputShape.reduce(1, *)
    var found: [Int: Set<Double>] = [:]
    try reader.forEachBlock(of: inputs, in: "train") { block in
      for column in chosen {
        for index in stride(from: column, to: block.count, by: columns) {
          found[column, default: []].insert(block[index])
        }
      }
    }
    for column in chosen.sorted() {
      let values = found[column, default: []].sorted()
      guard values.count <= Self.mostCategories else {
        throw TrainerError(
          .usage,
          "data.preprocessing[0]: column \(column) of '\(inputs)' has \(values.count) different values, more "
            + "than the \(Self.mostCategories) that oneHot takes; name the columns to encode in \"columns\"")
      }
      categories[column] = values
    }
    affine = .identity(columns: columns - chosen.count + categories.values.reduce(0) { $0 + $1.count })
  }

  private struct Moments {
    let mean: Double
    let deviation: Double
  }

  /// Mean and population standard deviation of each column after the steps so far, in one pass over the training
  /// group, shifted by its first row so that large means cost no digits.
  private func moments(_ reader: DatasetReader, _ inputs: String) throws -> [Moments] {
    let columns = affine.scale.count
    var shift: [Double] = []
    var sums = [Double](repeating: 0, count: columns)
    var squares = sums
    var count = 0.0
    try reader.forEachBlock(of: inputs, in: "train") { block in
      let rows = try expand(block)
      if shift.isEmpty { shift = Array(rows.prefix(columns)) }
      for start in stride(from: 0, to: rows.count, by: columns) {
        for column in 0..<columns {
          let x = rows[start + column] - shift[column]
          sums[column] += x
          squares[column] += x * x
        }
        count += 1
      }
    }
    return (0..<columns).map { column in
      let mean = sums[column] / count
      let variance = max(0, squares[column] / count - mean * mean)
      let scale = affine.scale[column]
      let deviation = variance.squareRoot() * abs(scale)
      return Moments(
        mean: (shift[column] + mean) * scale + affine.offset[column], deviation: deviation > 0 ? deviation : 1)
    }
  }

  /// Rows with the one-hot columns expanded, before the affine map.
  ///
  /// - Throws: `TrainerError` for a category that the training group does not have.
  private func expand<Scalar: BinaryFloatingPoint>(_ rows: [Scalar]) throws -> [Scalar] {
    guard !categories.isEmpty else { return rows }
    let columns = inputShape.reduce(1, *)
    let known: [Int: [Scalar: Int]] = try codes()
    var result: [Scalar] = []
    result.reserveCapacity(rows.count / columns * affine.scale.count)
    for (index, value) in rows.enumerated() {
      guard let codes = known[index % columns] else {
        result.append(value)
        continue
      }
      guard let position = codes[value] else {
        throw TrainerError(
          .data,
          "row \(index / columns), column \(index % columns) of the inputs has the category \(value), which the "
            + "training group does not have")
      }
      result.append(contentsOf: (0..<codes.count).map { $0 == position ? 1 : 0 })
    }
    return result
  }

  /// The position of each category by its value in the run's type.
  private func codes<Scalar: BinaryFloatingPoint>() throws -> [Int: [Scalar: Int]] {
    var codes: [Int: [Scalar: Int]] = [:]
    for (column, values) in categories {
      let positions = Dictionary(
        values.enumerated().map { (Scalar($1), $0) }, uniquingKeysWith: { first, _ in first })
      guard positions.count == values.count else {
        throw TrainerError(
          .usage,
          "column \(column) of the inputs has categories that float32 cannot tell apart; "
            + "set \"precision\" to \"float64\"")
      }
      codes[column] = positions
    }
    return codes
  }

  /// Applies the preprocessing to a group's inputs.
  ///
  /// - Throws: `TrainerError` if the rows have another shape than those of the training group, or a category that it
  ///   does not have.
  public func apply<Scalar: KernelElement>(to source: RowSource<Scalar>, path: String) throws -> RowSource<Scalar> {
    guard source.rowShape == inputShape else {
      throw TrainerError(
        .data, "\(path): a row of inputs has the shape \(source.rowShape), but the model was made for \(inputShape)")
    }
    guard !categories.isEmpty else { return source.mapped(by: affine) }
    let values: [Scalar] =
      switch source.storage {
      case .bytes(let bytes): bytes.map { Scalar($0) }
      case .scalars(let scalars): scalars
      }
    do {
      return RowSource(
        rows: source.rows, rowShape: outputShape, storage: .scalars(try expand(values)), affine: affine)
    } catch let error as TrainerError {
      throw TrainerError(error.code, "\(path): \(error.message)")
    }
  }
}

extension DatasetReader {
  /// Reads a dataset in blocks of whole rows, in double precision.
  func forEachBlock(of name: String, in group: String, _ body: ([Double]) throws -> Void) throws {
    let (rows, rowShape) = try shape(of: name, in: group)
    let rowsPerBlock = max(1, (1 << 20) / max(1, rowShape.reduce(1, *)))
    for start in stride(from: 0, to: rows, by: rowsPerBlock) {
      let block = try Self.translating(path) {
        try dataset(name, in: group).read(as: Double.self, selecting: .range(start..<min(rows, start + rowsPerBlock)))
      }
      try body(block)
    }
  }
}
