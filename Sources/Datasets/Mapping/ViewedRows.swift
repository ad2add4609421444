import Foundations
import HDF5

/// The rows of a dataset whose axes are in another order than samples have them, or of which a part is taken.
struct ViewedRows: StoredRows {
  let dataset: HDF5.Dataset
  let place: String
  /// Its first axis has the rows, all of them.
  let view: AxisView

  /// About so many elements are put into their order at once.
  private static let elementsAtOnce = 1 << 20

  var shape: [Int] { view.shape }
  private var plain: DatasetRows { DatasetRows(dataset: dataset, place: place) }
  var numberType: NumberType? { plain.numberType }
  var isNumeric: Bool { plain.isNumeric }
  var typeName: String { plain.typeName }
  var typeIdentity: String { plain.typeIdentity }
  var rowsOfChunk: Int { get throws { try dataset.chunkShape?[view.order[0]] ?? 1 } }

  func read<Value: NativeScalar>(_ type: Value.Type, rows: Range<Int>) throws -> [Value] {
    let width = shape.dropFirst().reduce(1, *)
    guard !view.isInOrder else { return try elements(rows) }
    var values: [Value] = []
    values.reserveCapacity(rows.count * width)
    for part in RowStretches(rows, of: max(1, Self.elementsAtOnce / max(1, width))) {
      values += view.arranged(try elements(part), rows: part.count)
    }
    return values
  }

  private func elements<Value: NativeScalar>(_ rows: Range<Int>) throws -> [Value] {
    try dataset.read(selecting: .hyperslab(slab(rows)))
  }

  private func slab(_ rows: Range<Int>) -> Hyperslab {
    var axes = view.axes
    axes[view.order[0]].start += rows.lowerBound
    axes[view.order[0]].count = rows.count
    return Hyperslab(axes)
  }

  var values: StoredValues { get throws { try plain.values } }
  var typeAdvice: String { plain.typeAdvice }

  func readTexts(rows: Range<Int>) throws -> [String] {
    view.arranged(try dataset.readStrings(selecting: .hyperslab(slab(rows))), rows: rows.count)
  }

  func texts(_ name: String) throws -> [String]? {
    guard let texts = try dataset.texts(name) else { return nil }
    // Names of columns stay those of the columns where rows and columns are all that there is.
    guard name == "features", view.axes.count == 2 else { return texts }
    let column = view.axes[1 - view.order[0]]
    let places = (0..<column.count).map { column.start + $0 * column.step }
    return places.allSatisfy(texts.indices.contains) ? places.map { texts[$0] } : texts
  }

  func hash(rows: [Int]?, into stream: inout Digest.Stream) throws {
    if try values == .texts { return try hashTexts(rows: rows, into: &stream) }
    try hashElements(rows: rows, into: &stream)
  }

  var byteCount: Double { shape.reduce(Double(dataset.datatype.byteCount)) { $0 * Double($1) } }
}

extension Hyperslab {
  /// What a view takes of each axis of a dataset.
  init(_ axes: [AxisView.Axis]) {
    self.init(start: axes.map(\.start), count: axes.map(\.count), stride: axes.map(\.step))
  }
}

/// A range in stretches of at most so many rows.
struct RowStretches: Sequence, IteratorProtocol {
  private var rest: Range<Int>
  private let size: Int

  init(_ rows: Range<Int>, of size: Int) {
    rest = rows
    self.size = size
  }

  mutating func next() -> Range<Int>? {
    guard !rest.isEmpty else { return nil }
    let part = rest.prefix(size)
    rest = part.upperBound..<rest.upperBound
    return part
  }
}
