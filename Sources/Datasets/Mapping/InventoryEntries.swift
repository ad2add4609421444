import Foundations
import HDF5

extension FileInventory {
  /// What something with rows is.
  enum Kind: Sendable, Equatable {
    /// An array of one type.
    case array
    /// A table as ``StoredTable`` is stored.
    case table
    /// A matrix in compressed rows or columns, as AnnData and SciPy store it.
    case sparse(byRow: Bool)
    /// Codes and categories, as AnnData stores them; so many categories.
    case categorical(count: Int)
  }

  /// A column of a table of records.
  struct Column: Sendable {
    let name: String
    let isNumeric: Bool
  }

  /// Something with rows.
  struct Entry: Sendable {
    /// The path from the root, without a slash in front.
    let path: String
    let kind: Kind
    /// The extents, as the file has them.
    let shape: [Int]
    /// The type of the elements; `nil` for what is made of several datasets.
    let type: Datatype?
    /// Whether MATLAB wrote it, whose axes are reversed.
    let isMATLAB: Bool
    /// Whether it is the coordinate of an axis.
    let isScale: Bool
    /// Whether a value of it stands for a missing one.
    let hasFill: Bool
    /// The columns of a table of records; empty for anything else.
    var columns: [Column] = []
    /// The texts along one axis, if they are few; `nil` for anything else.
    var texts: [String]?

    /// The last part of the path.
    var name: Substring { path.split(separator: "/").last ?? "" }
    var isNumeric: Bool { kind == .table || type?.isNumeric ?? true }
    var isText: Bool { if case .string? = type?.kind { true } else { false } }
    /// Whether it can be read by its rows.
    var hasRows: Bool { !shape.isEmpty && shape.allSatisfy { $0 > 0 } }
  }
}

/// What is known of datasets by their metadata.
extension FileInventory {
  private static let mostColumns = 200
  private static let mostTexts = 1000

  static func entry(_ dataset: HDF5.Dataset, path: String) throws -> Entry {
    let shape = try dataset.shape
    var entry = Entry(
      path: path, kind: .array, shape: shape, type: dataset.datatype,
      isMATLAB: try dataset.hasAttribute("MATLAB_class"),
      isScale: try dataset.texts("CLASS") == ["DIMENSION_SCALE"],
      hasFill: try dataset.hasAttribute("_FillValue") || dataset.hasAttribute("missing_value"))
    if try dataset.datatype.isCompound(), try !CompoundRows.isComplex(dataset.datatype) {
      entry.columns = try CompoundRows.names(in: dataset).prefix(mostColumns).compactMap { name in
        guard let type = try CompoundRows.column([name], of: dataset)?.member.datatype else { return nil }
        if case .string = type.kind { return Column(name: name, isNumeric: false) }
        return type.isNumeric ? Column(name: name, isNumeric: true) : nil
      }
    }
    if entry.isText, shape.count == 1, shape[0] <= mostTexts { entry.texts = try dataset.readStrings() }
    return entry
  }

  /// What several datasets of a group are together; `nil` for a group as any other.
  static func composite(_ group: HDF5.Group, _ names: [String], path: String) throws -> Entry? {
    func entry(_ kind: Kind, _ shape: [Int]) -> Entry {
      Entry(path: path, kind: kind, shape: shape, type: nil, isMATLAB: false, isScale: false, hasFill: false)
    }
    func isDataset(_ name: String) throws -> Bool { try names.contains(name) && group.kind(of: name) == .dataset }
    if try isDataset(StoredTable.schemaName) {
      let blocks = try FeatureKind.allCases.map(\.datasetName).filter(isDataset).map { try group.dataset($0).shape }
      guard let rows = blocks.first?.first, blocks.allSatisfy({ $0.count == 2 && $0[0] == rows }) else { return nil }
      return entry(.table, [rows, blocks.reduce(0) { $0 + $1[1] }])
    }
    if try isDataset("data") && isDataset("indices") && isDataset("indptr") {
      let format = try group.texts("encoding-type")?.first ?? group.texts("h5sparse_format")?.first ?? ""
      let shapeName = ["shape", "h5sparse_shape"]
      guard let name = try shapeName.first(where: { try group.hasAttribute($0) }) else { return nil }
      let shape = try group.attribute(name).read(as: Int.self)
      guard shape.count == 2 else { return nil }
      return entry(.sparse(byRow: !format.hasPrefix("csc")), shape)
    }
    if try isDataset("codes") && isDataset("categories") {
      let count = try group.dataset("categories").shape.first ?? 0
      return entry(.categorical(count: count), try group.dataset("codes").shape)
    }
    return nil
  }
}
