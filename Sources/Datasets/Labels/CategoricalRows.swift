import Foundation
import Foundations
import HDF5

/// Categories as pandas and AnnData store them: a code for each row, counted from 0, and the names of the codes beside them.
struct CategoricalRows: StoredRows {
  /// The codes.
  let rows: DatasetRows
  /// The names of the codes in order.
  let categories: [String]

  /// Finds the categories at a path: a group with `codes` and `categories`, or, as AnnData wrote them before version 0.8, a
  /// dataset of codes whose names are in the group `__categories` beside it.
  ///
  /// - Parameters:
  ///   - path: Where to look, from `parent`.
  ///   - place: How messages call the place.
  /// - Returns: `nil` if something else is there.
  /// - Throws: `HDF5Error` for what cannot be read.
  init?(_ path: String, in parent: HDF5.Group, place: String) throws {
    let parts = path.split(separator: "/").map(String.init)
    guard let name = parts.last else { return nil }
    let holder = parts.dropLast()
    let names = (holder + ["__categories", name]).joined(separator: "/")
    let codes: String
    let categories: String
    switch try parent.exists(path) ? parent.kind(of: path) : nil {
    case .group: (codes, categories) = ("\(path)/codes", "\(path)/categories")
    case .dataset: (codes, categories) = (path, names)
    default: return nil
    }
    for member in [codes, categories] {
      guard try parent.exists(member), try parent.kind(of: member) == .dataset else { return nil }
    }
    let stored = try parent.dataset(codes)
    guard case .integer = stored.datatype.kind, try stored.shape.count == 1 else { return nil }
    rows = DatasetRows(dataset: stored, place: place)
    self.categories = try Self.names(in: parent.dataset(categories))
  }

  private static func names(in dataset: HDF5.Dataset) throws -> [String] {
    switch dataset.datatype.kind {
    case .string: return try dataset.readStrings()
    case .integer: return try dataset.read(as: Int64.self).map { "\($0)" }
    case .enumeration where try dataset.datatype.isBoolean:
      return try dataset.read(as: Int64.self).map { $0 == 0 ? "false" : "true" }
    case .floatingPoint: return try dataset.read(as: Double.self).map { JSONValue.text(of: $0) }
    default:
      throw TrainerError(
        .data, "\(dataset.file.name): \(dataset.path) holds \(dataset.datatype), expected the names of categories")
    }
  }

  var place: String { rows.place }
  var shape: [Int] { get throws { try rows.shape } }
  var numberType: NumberType? { rows.numberType }
  // Codes are no amounts, and -1 is none at all.
  var isNumeric: Bool { false }
  var typeName: String { "categories" }
  var typeIdentity: String { "categories \(rows.typeIdentity)" }
  var rowsOfChunk: Int { get throws { try rows.rowsOfChunk } }
  var byteCount: Double { get throws { try rows.byteCount } }
  var typeAdvice: String { "; they can be targets of a loss for classes, or a column of a table of inputs" }

  var values: StoredValues {
    .codes(categories.enumerated().map { StoredValues.Code(Int64($0), named: $1) }, areCategories: true)
  }

  func read<Value: NativeScalar>(_ type: Value.Type, rows range: Range<Int>) throws -> [Value] {
    try rows.read(type, rows: range)
  }

  func texts(_ name: String) throws -> [String]? { name == "classes" ? categories : try rows.texts(name) }

  func hash(rows range: [Int]?, into stream: inout Digest.Stream) throws {
    stream.update(Data(categories.joined(separator: "\0").utf8))
    try rows.hash(rows: range, into: &stream)
  }
}
