import CKernels

/// Memory that is going to be written: some pieces of so many bytes, some bytes apart.
package typealias Stretch = ck_stretch

/// Memory that kernels are told of before it is written, as Note [Claimed lines] in `CKernels` says: a hint, which changes
/// nothing but when lines of the cache come.
extension Kernels {
  /// Some stretches.
  package typealias Stretches = UnsafeBufferPointer<Stretch>

  /// The lines that `packRight` writes of a part, all or most: `nil` where that is no whole lines.
  package func packedPlaces(
    rows: Range<Int>, columns: Range<Int>, ofShape shape: (depth: Int, columns: Int), in packed: Source
  ) -> Stretch? {
    let places = table.pointee.packed_places(
      shape.depth, shape.columns, rows.lowerBound, rows.count, columns.lowerBound, columns.count, packed)
    return places.count > 0 ? places : nil
  }
}
