import Foundations
import HDF5

/// A group that holds a matrix by its elements that are not zero: its datasets, its extents, and along which axis it is
/// compressed.
struct SparseMatrix {
  let values: HDF5.Dataset
  let indices: HDF5.Dataset
  let starts: HDF5.Dataset
  /// Rows and columns, as the file counts them.
  let shape: [Int]
  /// The axis that is compressed: 0 for `csr_matrix`, 1 for `csc_matrix`.
  let axis: Int
  private let place: String
  private let path: String

  /// The members that such a group has.
  static let memberNames = ["data", "indices", "indptr"]

  /// - Returns: `nil` if the group holds something else.
  /// - Throws: `TrainerError` for a matrix that lacks something; `HDF5Error`.
  init?(_ group: HDF5.Group, place: String, path: String) throws {
    (self.place, self.path) = (place, path)
    func fault(_ what: String) -> TrainerError { TrainerError(.data, "\(path): \(place) \(what)") }
    let encoding = try Self.encoding(of: group)
    let missing = try Self.memberNames.filter { try !group.exists($0) || group.kind(of: $0) != .dataset }
    guard encoding != nil || missing.isEmpty else { return nil }
    guard missing.isEmpty else {
      throw fault(
        "is a sparse matrix that lacks the \(missing.count == 1 ? "dataset" : "datasets") "
          + "\(listed(missing)); write it again")
    }
    values = try group.dataset("data")
    indices = try group.dataset("indices")
    starts = try group.dataset("indptr")
    for (name, dataset) in [("indices", indices), ("indptr", starts)] {
      guard case .integer = dataset.datatype.kind else {
        throw fault("is damaged: its \(name) holds \(dataset.datatype), expected integers; write it again")
      }
    }
    for (name, dataset) in zip(Self.memberNames, [values, indices, starts]) where try dataset.shape.count != 1 {
      throw fault("is damaged: its \(name) has the shape \(try dataset.shape), expected one axis; write it again")
    }
    guard let shape = try Self.shape(of: group) else {
      throw fault(
        "does not say how many rows and columns it has; add an attribute \"shape\" with both, as AnnData and h5sparse write it"
      )
    }
    guard shape.count == 2, shape.allSatisfy({ $0 >= 0 }) else {
      throw fault("has the shape \(shape), expected a number of rows and one of columns")
    }
    self.shape = shape
    axis = try encoding ?? Self.axis(of: group, shape, starts: starts.dataspace.count)
  }

  func fault(_ what: String) -> TrainerError { TrainerError(.data, "\(path): \(place) \(what)") }

  /// Refuses datasets whose extents do not fit each other.
  func requireExtents(rows: Int) throws {
    let (values, indices, starts) = (
      try values.dataspace.count, try indices.dataspace.count, try starts.dataspace.count
    )
    guard starts == rows + 1 else {
      throw fault(
        "is damaged: its indptr has \(starts) elements, expected one more than its \(rows) "
          + "\(axis == 0 ? "rows" : "columns"); write it again")
    }
    guard values == indices else {
      throw fault("is damaged: its data has \(values) elements, and its indices \(indices); write it again")
    }
  }

  /// What the group says of the axis; `nil` if it says nothing.
  private static func encoding(of group: HDF5.Group) throws -> Int? {
    for name in ["encoding-type", "h5sparse_format", "format"] {
      guard let text = try group.texts(name)?.first else { continue }
      switch text {
      case "csr_matrix", "csr": return 0
      case "csc_matrix", "csc": return 1
      default: continue
      }
    }
    return nil
  }

  /// The number of places tells; where rows are as many as columns, what 10x Genomics writes beside them.
  private static func axis(of group: HDF5.Group, _ shape: [Int], starts: Int) throws -> Int {
    guard shape[0] == shape[1] else { return starts == shape[1] + 1 ? 1 : 0 }
    return try group.exists("barcodes") ? 1 : 0
  }

  private static func shape(of group: HDF5.Group) throws -> [Int]? {
    for name in ["shape", "h5sparse_shape"] where try group.hasAttribute(name) {
      return try group.attribute(name).read()
    }
    guard try group.exists("shape"), try group.kind(of: "shape") == .dataset else { return nil }
    let dataset = try group.dataset("shape")
    guard try dataset.dataspace.count == 2 else { return try dataset.shape }
    return try dataset.read()
  }
}

/// The names that files give the columns of a sparse matrix.
struct SparseNames {
  private let group: HDF5.Group
  private let place: String
  private let path: String

  init(_ group: HDF5.Group, place: String, path: String) {
    (self.group, self.place, self.path) = (group, place, path)
  }

  /// The names of the columns; `nil` if there are none.
  ///
  /// - Throws: `TrainerError` if they are not one for each column, each another; `HDF5Error`.
  func columns(_ count: Int) throws -> [String]? {
    guard let dataset = try dataset(), case .string = dataset.datatype.kind else { return nil }
    guard try dataset.shape == [count] else {
      throw TrainerError(
        .data,
        "\(path): \(place) has \(count) columns, but \(dataset.path) has the shape \(try dataset.shape), expected a name for each"
      )
    }
    let names = try dataset.readStrings()
    var seen: Set<String> = []
    if let twin = names.first(where: { !seen.insert($0).inserted }) {
      throw TrainerError(
        .data,
        "\(path): \(dataset.path) has the name '\(twin.onOneLine)' more than once; give each column of \(place) a name of its "
          + "own (in Python, var_names_make_unique())")
    }
    return names
  }

  /// AnnData has a table of the columns, `var`, beside X or above its layers, whose attribute `_index` says which of its
  /// datasets has the names; 10x Genomics has identifiers in the group itself.
  private func dataset() throws -> HDF5.Dataset? {
    for name in ["features/id", "genes"] {
      guard let first = name.split(separator: "/").first.map(String.init), try group.exists(first) else { continue }
      guard try group.kind(of: first) == (first == name ? .dataset : .group) else { continue }
      if try group.exists(name), try group.kind(of: name) == .dataset { return try group.dataset(name) }
    }
    var components = group.path.split(separator: "/").map(String.init).dropLast()
    if components.last == "layers" { components = components.dropLast() }
    let holder = try components.isEmpty ? group.file.root : group.file.root.group(components.joined(separator: "/"))
    guard try holder.exists("var"), try holder.kind(of: "var") == .group else { return nil }
    let table = try holder.group("var")
    guard let index = try table.texts("_index")?.first, try table.exists(index), try table.kind(of: index) == .dataset
    else { return nil }
    return try table.dataset(index)
  }
}
