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
    var collector = RowCollector<Scalar>(rows: table.rowCount, rowShape: outputShape, areLongIntegers: false)
    do {
      try table.forEachBlock { block, firstRow in
        if let fault = collector.append(try transform(matching(block), firstRow: firstRow)) {
          throw TrainerError(
            .data,
            "row \(fault.row) (counted from 0) becomes \(fault.value) in '\(outputNames[fault.column].onOneLine)', which "
              + "\(Scalar.elementType.rawValue) cannot hold; scale it in data.features, or set \"precision\" to \"float64\""
          )
        }
      }
    } catch let error as TrainerError where !error.message.hasPrefix(reader.path) {
      throw TrainerError(error.code, "\(place): \(error.message)")
    }
    return collector.source
  }
}
