import Kernels

extension StreamedRows {
  /// Rows that are in memory, beside others that are not: samples are found by one set of slots.
  package init(resident source: RowSource<Scalar>) {
    self.init(
      rows: ResidentRows(source), rowShape: source.rowShape, affine: source.affine, place: "memory",
      text: "in memory")
  }
}
