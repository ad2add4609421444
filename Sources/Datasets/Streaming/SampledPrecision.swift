import Foundations
import HDF5
import Kernels

extension DatasetReader {
  /// Stretches of rows that are looked at, and the rows of each: few, since a chunk is unpacked for each stretch.
  private static let stretches = 16
  private static let rowsOfStretch = 256
  private static let elementsOfStretch = 1 << 17

  /// Whether rounding leaves little of what a column says, told from rows that are spread over the dataset: rows that stay in the
  /// file are not all seen before they are trained on.
  ///
  /// - Parameter form: What the rows become.
  /// - Returns: `nil` if nothing is lost, or the rows cannot be read as numbers: that is told, with its place, when they are
  ///   trained on.
  func sampledLoss<Scalar: KernelElement & NativeScalar>(
    of name: String, in group: String, _ form: RowForm, as type: Scalar.Type
  ) throws -> LostPrecision? {
    guard case .rounded = form.elements, let stored = try numberType(of: name, in: group),
      !stored.isExact(in: Scalar.elementType)
    else { return nil }
    let count = try shape(of: name, in: group).rows
    let rows = min(count, Self.rowsOfStretch, max(1, Self.elementsOfStretch / max(1, form.storedColumns)))
    var precision = ColumnPrecision<Scalar>(columns: form.columns, areLongIntegers: stored.isLongInteger)
    let (exact, rounded) = (RowArrangement<Double>(form), RowArrangement<Scalar>(form))
    let places = min(Self.stretches, (count + rows - 1) / rows)
    for place in 0..<places {
      let first = places == 1 ? 0 : (count - rows) / (places - 1) * place
      let values: [Double]
      do {
        values = try elements(of: name, in: group, rows: first..<first + rows, as: Double.self)
      } catch let error as TrainerError where error.code == .data {
        return nil
      }
      guard values.allSatisfy(\.isFinite), let whole = arranged(values, rows, exact, form),
        let parts = arranged(values, rows, rounded, form)
      else { return nil }
      precision.note(whole, parts[...])
    }
    return precision.loss
  }

  /// Rows behind their arrangement; `nil` where it has a fault.
  private func arranged<Element: KernelElement>(
    _ values: [Double], _ rows: Int, _ arrangement: RowArrangement<Element>, _ form: RowForm
  ) -> [Element]? {
    var isWhole = false
    let elements = [Element](unsafeUninitializedCapacity: rows * form.columns) { out, count in
      guard let base = out.baseAddress else { return }
      isWhole = values.withUnsafeBufferPointer { values in
        values.baseAddress.map { arrangement.arrange($0, count: rows, first: 0, into: base) == nil } ?? false
      }
      count = isWhole ? rows * form.columns : 0
    }
    return isWhole ? elements : nil
  }
}
