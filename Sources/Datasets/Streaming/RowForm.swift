import Foundations
import HDF5
import Kernels

/// What rows of a dataset become before they are gathered, and what gathering does: for each dataset and preprocessing the
/// one description that reading into memory, fetching and mapping share the meaning of.
struct RowForm: Sendable {
  /// What the elements are read as.
  enum Elements: Sendable {
    /// Bytes, which stay bytes.
    case bytes
    /// Numbers of a type of which every number is one of `Scalar`.
    case exact
    /// All others, and what is expanded or mapped: in double precision, rounded once.
    case rounded
  }

  /// Elements of a row as it is stored.
  let storedColumns: Int
  let elements: Elements
  /// The columns that are taken, in order; `nil` for all in their order.
  let places: [Int]?
  /// One-hot encoding of the columns that are taken; `nil` for none.
  let expansion: RowExpansion?
  /// The map in double precision behind the expansion; `nil` for none.
  let map: AffineColumns?
  /// The extents of a row that comes of all this.
  let rowShape: [Int]
  /// The map that gathering applies; `nil` for none.
  let affine: AffineColumns?

  var columns: Int { rowShape.reduce(1, *) }
  var holdsBytes: Bool { if case .bytes = elements { true } else { false } }
  /// Whether a row needs more than each of its elements converted.
  var isRearranged: Bool { places != nil || expansion != nil }

  /// The same of rows that are stored with their columns in another order.
  ///
  /// - Parameter order: For each column the one that has it there; `nil` for the same order.
  func ofRows(ordered order: [Int]?) -> RowForm {
    guard let order else { return self }
    return RowForm(
      storedColumns: storedColumns, elements: elements, places: places.map { $0.map { order[$0] } } ?? order,
      expansion: expansion, map: map, rowShape: rowShape, affine: affine)
  }
}

extension DatasetReader {
  /// The form of rows without preprocessing.
  func rowForm(of name: String, in group: String, as element: ElementType) throws -> RowForm {
    let rowShape = try shape(of: name, in: group).rowShape
    let elements: RowForm.Elements =
      switch try numberType(of: name, in: group) {
      case .uint8: .bytes
      case let type? where type.isExact(in: element): .exact
      default: .rounded
      }
    return RowForm(
      storedColumns: rowShape.reduce(1, *), elements: elements, places: nil, expansion: nil, map: nil,
      rowShape: rowShape, affine: nil)
  }
}

extension FittedPreprocessing {
  /// The form of rows behind the preprocessing, as ``rows(of:in:from:ignoring:as:)`` keeps them.
  func rowForm(
    of name: String, in group: String, from reader: DatasetReader, ignoring others: Set<String>, as element: ElementType
  ) throws -> RowForm {
    let place = group == DatasetReader.root ? reader.path : "\(reader.path): in the group '\(group)'"
    let plain = try reader.rowForm(of: name, in: group, as: element)
    let places = try places(of: name, in: group, from: reader, ignoring: others, place)
    if categories.isEmpty, plain.holdsBytes || affine.isIdentity {
      return RowForm(
        storedColumns: plain.storedColumns, elements: plain.elements, places: places, expansion: nil, map: nil,
        rowShape: places == nil ? plain.rowShape : inputShape, affine: affine)
    }
    return RowForm(
      storedColumns: plain.storedColumns, elements: .rounded, places: places,
      expansion: categories.isEmpty ? nil : expansion, map: plain.holdsBytes || affine.isIdentity ? nil : affine,
      rowShape: outputShape, affine: plain.holdsBytes ? affine : nil)
  }
}

/// Takes rows of numbers in double precision to what ``RowForm`` says: columns chosen, expanded, mapped and rounded once.
struct RowArrangement<Scalar: KernelElement>: Sendable {
  private let places: [Int]?
  private let expansion: RowExpansion
  private let map: AffineColumns?
  private let holdsBytes: Bool
  private let storedColumns: Int
  private let columns: Int

  init(_ form: RowForm) {
    places = form.places
    expansion = form.expansion ?? RowExpansion(columns: form.places?.count ?? form.storedColumns, categories: [:])
    map = form.map
    holdsBytes = form.holdsBytes
    storedColumns = form.storedColumns
    columns = form.columns
  }

  /// Arranges rows.
  ///
  /// - Parameters:
  ///   - rows: [count, stored columns].
  ///   - first: The number of the first row, for faults.
  ///   - out: [count, columns] of `UInt8` where the form holds bytes, else of `Scalar`.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func arrange(
    _ rows: UnsafePointer<Double>, count: Int, first: Int, into out: UnsafeMutableRawPointer
  ) -> DecodingFault? {
    for row in 0..<count {
      let from = rows + row * storedColumns
      let bytes = out.assumingMemoryBound(to: UInt8.self) + row * columns
      let scalars = out.assumingMemoryBound(to: Scalar.self) + row * columns
      var fault: DecodingFault?
      do {
        try expansion.forEach(of: { column in from[places.map { $0[column] } ?? column] }) { column, value in
          guard !holdsBytes else {
            bytes[column] = UInt8(value)
            return
          }
          let result = Scalar(map?(value, column: column) ?? value)
          scalars[column] = result
          if !result.isFinite, fault == nil {
            fault = .tooGreat(row: first + row, column: column, value: map?(value, column: column) ?? value)
          }
        }
      } catch {
        return .unknownCategory(row: first + row, column: error.column, value: error.value)
      }
      if let fault { return fault }
    }
    return nil
  }
}
