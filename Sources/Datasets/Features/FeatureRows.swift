import Foundations
import HDF5
import Kernels

extension FittedFeatures {
  package func rows<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, from reader: DatasetReader, ignoring others: Set<String>, as type: Scalar.Type
  ) throws -> RowSource<Scalar> {
    let place = group == DatasetReader.root ? reader.path : "\(reader.path): in the group '\(group)'"
    let table = try TableReader(name, in: group, of: reader)
    let matching = try ColumnMatching(
      wanted: takenFeatures, found: table.features, byName: areNamed && table.areNamed, ignoring: ignored.union(others),
      source: place)
    return try transformed(table, matching, from: reader, place) { fault in
      "row \(fault.row) (counted from 0) becomes \(fault.value) in '\(outputNames[fault.column].onOneLine)', which "
        + "\(Scalar.elementType.rawValue) cannot hold; scale it in data.features, or set \"precision\" to \"float64\""
    }
  }
}
