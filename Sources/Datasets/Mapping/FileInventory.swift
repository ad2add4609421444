import Foundations
import HDF5

/// What an HDF5 file holds, as far as a look at its metadata tells: what may hold samples, in the order of names.
///
/// At most ``mostObjects`` objects are looked at, of each group the first ``mostMembers``. No element is read but texts that may
/// be names.
struct FileInventory {
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

  private static let mostObjects = 400
  private static let mostMembers = 100
  private static let mostDepth = 6
  private static let mostColumns = 200
  private static let mostTexts = 1000

  /// What has elements, in the order of paths.
  private(set) var entries: [Entry] = []
  /// The paths of the groups and how many members each has.
  private(set) var groups: [(path: String, count: Int)] = []
  /// What could not be looked at, and why.
  private(set) var unreadable: [String] = []
  /// Links to other files, and datasets whose elements are there, which are not followed.
  private(set) var external: [String] = []
  /// The parts of the root's attribute `split`, as Fuel writes it; empty if it has none.
  private(set) var splitParts: [String] = []

  private var visited: Set<ObjectIdentity> = []
  private var objectCount = 0

  /// Looks at a file.
  ///
  /// - Throws: `HDF5Error` if not even the root can be read.
  init(_ file: HDF5.File) throws {
    let root = try file.root
    visited.insert(try root.identity())
    splitParts = try root.hasAttribute("split") ? FuelSplit(root)?.parts ?? [] : []
    try add(root, path: "", depth: 0)
  }

  private mutating func add(_ group: HDF5.Group, path: String, depth: Int) throws {
    let names = try group.memberNames(atMost: Self.mostMembers)
    groups.append((path, try group.memberCount()))
    if depth > 0, let entry = try Self.composite(group, names, path: path) { return entries.append(entry) }
    for name in names where objectCount < Self.mostObjects {
      objectCount += 1
      let place = path.isEmpty ? name : "\(path)/\(name)"
      do {
        try add(name, of: group, place: place, depth: depth)
      } catch let error as HDF5Error {
        if error.reason == .externalFile, group.file.externalFiles == .refused {
          external.append(place)
        } else {
          unreadable.append(error.message)
        }
      }
    }
  }

  private mutating func add(_ name: String, of group: HDF5.Group, place: String, depth: Int) throws {
    switch try group.kind(of: name) {
    case .group:
      let child = try group.group(name)
      // An object with several names is looked at once, under the first.
      guard depth < Self.mostDepth, visited.insert(try child.identity()).inserted else { return }
      try add(child, path: place, depth: depth + 1)
    case .dataset:
      let dataset = try group.dataset(name)
      if try !dataset.externalFileNames.isEmpty || dataset.sources.contains(where: { $0.file != "." }),
        dataset.file.externalFiles == .refused
      {
        external.append(place)
        return
      }
      entries.append(try Self.entry(dataset, path: place))
    case .externalLink where group.file.externalFiles == .refused: external.append(place)
    case .externalLink, .danglingLink: unreadable.append("'/\(place)' is \(try group.description(of: name))")
    case .datatype: break
    case .unreadable:
      // The library's own words say why.
      _ = try group.dataset(name)
    }
  }

  private static func entry(_ dataset: HDF5.Dataset, path: String) throws -> Entry {
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
  private static func composite(_ group: HDF5.Group, _ names: [String], path: String) throws -> Entry? {
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

  /// Whether there is something at a path.
  func has(_ path: String) -> Bool { groups.contains { $0.path == path } || entries.contains { $0.path == path } }

  /// What is there, for a sentence.
  var list: String {
    guard !entries.isEmpty else { return "nothing that has rows" }
    let names = entries.prefix(12).map { entry in
      let shape = entry.shape.map(String.init).joined(separator: " x ")
      let type = entry.type.map { ", \($0)" } ?? ""
      return "'\(entry.path.onOneLine)' (\(shape.isEmpty ? "a single value" : shape)\(type))"
    }
    return names.joined(separator: ", ")
      + (entries.count > names.count ? " and \(entries.count - names.count) more" : "")
  }
}
