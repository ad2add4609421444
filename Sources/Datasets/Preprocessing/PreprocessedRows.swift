import Foundations
import HDF5
import Kernels

/// Rows of dataset files behind preprocessing.
extension FittedPreprocessing {
  /// Reads a group's inputs and applies the preprocessing: to bytes as they are gathered, to everything else in double
  /// precision, rounded once.
  ///
  /// - Throws: `TrainerError` for every fault of the inputs, if their columns are not those of the training group, or for a
  ///   category that it does not have.
  package func rows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, from reader: DatasetReader, ignoring others: Set<String> = [],
    as type: Scalar.Type = Scalar.self
  ) throws -> RowSource<Scalar> {
    let place = group == DatasetReader.root ? reader.path : "\(reader.path): in the group '\(group)'"
    guard try !reader.isTable(name, in: group) else {
      return try tableRows(of: name, in: group, from: reader, ignoring: others, place)
    }
    let places = try places(of: name, in: group, from: reader, ignoring: others, place)
    let areBytes = try reader.numberType(of: name, in: group) == .uint8
    if categories.isEmpty, let matrix = try reader.sparse(name, in: group) {
      let source: RowSource<Scalar> = try reader.rows(
        of: matrix, named: name, in: group, places: places, rowShape: outputShape,
        map: areBytes || affine.isIdentity ? nil : affine)
      return areBytes ? source.mapped(by: affine) : source
    }
    if categories.isEmpty, areBytes || affine.isIdentity {
      let source: RowSource<Scalar> = try reader.rows(of: name, in: group)
      return (places.map { source.selecting(columns: $0, rowShape: inputShape) } ?? source).mapped(by: affine)
    }
    do {
      let expansion = expansion
      let width = try reader.shape(of: name, in: group).rowShape.reduce(1, *)
      let source: RowSource<Scalar> = try reader.rows(of: name, in: group, rowShape: outputShape) { block, firstRow in
        let chosen = places.map { Self.selecting(columns: $0, of: block, width: width) } ?? block
        let rows = try expand(chosen, firstRow: firstRow, expansion)
        return areBytes ? rows : mapped(rows)
      }
      return areBytes ? source.mapped(by: affine) : source
    } catch let error as TrainerError where !error.message.hasPrefix(reader.path) {
      throw TrainerError(error.code, "\(place): \(error.message)")
    }
  }

  /// Where the columns are in a group's rows; `nil` if each is in its place.
  func places(
    of name: String, in group: String, from reader: DatasetReader, ignoring others: Set<String>, _ place: String
  ) throws -> [Int]? {
    let rowShape = try reader.shape(of: name, in: group).rowShape
    let found = try reader.arrayFeatures(of: name, in: group)
    if let features, let found {
      // The same names are the same columns, whatever shape the rows have.
      guard features != found || rowShape != inputShape else { return nil }
      let matching = try ColumnMatching(wanted: features, found: found, ignoring: others, source: place)
      return matching.places
    }
    guard rowShape == inputShape else {
      throw TrainerError(
        .data,
        "\(place): a row of inputs has the shape \(rowShape), but the model was made for \(inputShape)"
      )
    }
    return nil
  }

  /// Rows of a table of named columns, of which all that the model takes are numbers.
  private func tableRows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, from reader: DatasetReader, ignoring others: Set<String>, _ place: String
  ) throws -> RowSource<Scalar> {
    let table = try TableReader(name, in: group, of: reader)
    let matching = try ColumnMatching(
      wanted: features ?? TableReader.unnamedFeatures(inputShape.reduce(1, *)), found: table.features,
      byName: features != nil, ignoring: others, source: place)
    return try transformed(table, matching, from: reader, place) { fault in
      "row \(fault.row) (counted from 0) has \(fault.value), which \(Scalar.elementType.rawValue) cannot hold"
    }
  }

  private static func selecting(columns: [Int], of rows: [Double], width: Int) -> [Double] {
    var result: [Double] = []
    result.reserveCapacity(rows.count / width * columns.count)
    for start in stride(from: 0, to: rows.count, by: width) {
      for column in columns { result.append(rows[start + column]) }
    }
    return result
  }
}
