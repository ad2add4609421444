import Foundation
import HDF5
import Kernels

extension FittedFeatures {
  /// The rows by which it is told whether rounding leaves little of a column, where not all are read before training.
  private static let sampledRows = 4096

  /// A group's table, whose columns have been found to be those of the transform.
  private struct Table: Sendable {
    let reader: DatasetReader
    let table: TableReader
    let matching: ColumnMatching
    /// How messages call it.
    let place: String
  }

  private func table(
    _ name: String, in group: String, of reader: DatasetReader, ignoring others: Set<String>
  ) throws -> Table {
    let place = group == DatasetReader.root ? reader.path : "\(reader.path): in the group '\(group)'"
    let table = try TableReader(name, in: group, of: reader)
    let matching = try ColumnMatching(
      wanted: takenFeatures, found: table.features, byName: areNamed && table.areNamed, ignoring: ignored.union(others),
      source: place)
    return Table(reader: reader, table: table, matching: matching, place: place)
  }

  private func rows<Scalar: KernelElement & NativeScalar>(
    _ rows: Range<Int>? = nil, of table: Table
  ) throws -> RowSource<Scalar> {
    try transformed(table.table, table.matching, rows: rows, from: table.reader, table.place) { fault in
      "row \(fault.row) (counted from 0) becomes \(fault.value) in '\(outputNames[fault.column].onOneLine)', which "
        + "\(Scalar.elementType.rawValue) cannot hold; scale it in data.features, or set \"precision\" to \"float64\""
    }
  }

  package func rows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, from reader: DatasetReader, ignoring others: Set<String>, as type: Scalar.Type
  ) throws -> RowSource<Scalar> {
    try rows(of: table(name, in: group, of: reader, ignoring: others))
  }

  package func mappedRows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, from reader: DatasetReader, ignoring others: Set<String>, as type: Scalar.Type
  ) throws -> RowSource<Scalar>? { nil }

  package func streamedRows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, from reader: DatasetReader, ignoring others: Set<String>, as type: Scalar.Type
  ) throws -> StreamedRows<Scalar> {
    let table = try table(name, in: group, of: reader, ignoring: others)
    let rows = LibraryRows<Scalar>(
      rowCount: table.table.rowCount, columns: outputNames.count, holdsBytes: false,
      rowsOfBand: max(1, (1 << 16) / max(1, table.table.features.count, outputNames.count)),
      // As they are read, by columns, through each transform, and as they become.
      bytesOfRow: 8 * (3 * table.table.features.count + 3 * outputNames.count)
    ) { rows in
      let source: RowSource<Scalar> = try self.rows(rows, of: table)
      return source.storage
    }
    let sample: RowSource<Scalar> = try self.rows(0..<min(table.table.rowCount, Self.sampledRows), of: table)
    return StreamedRows(
      rows: rows, rowShape: outputShape, affine: nil, place: "\(table.place): '\(name)'",
      text: "columns read by libhdf5 and transformed", lostPrecision: sample.lostPrecision)
  }
}
