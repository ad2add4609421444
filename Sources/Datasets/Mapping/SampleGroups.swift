import Foundations
import HDF5

/// One sample a group: a dataset of each of many groups is one row.
struct SampleGroupRows: StoredRows {
  let parent: HDF5.Group
  /// The paths of the datasets in there, in the order of the rows.
  let paths: [String]
  let place: String
  /// How the axes of each are those of a sample.
  let view: AxisView
  let numberType: NumberType?

  /// Looks at the datasets of all samples.
  ///
  /// - Parameter view: Makes the view of the first, which is that of all.
  /// - Throws: `HDF5Error`; `TrainerError` if they differ in shape, or one holds no numbers.
  init(
    parent: HDF5.Group, paths: [String], place: String, file: String, view: (HDF5.Dataset) throws -> AxisView
  ) throws {
    let first = try parent.dataset(paths[0])
    let shape = try first.shape
    let types = try paths.map { path in
      let dataset = try parent.openDataset(path)
      let rows = DatasetRows(dataset: dataset, place: path)
      guard rows.isNumeric else {
        throw TrainerError(.data, "\(file): '\(path)' holds \(rows.typeName), expected numbers")
      }
      guard try dataset.shape == shape else {
        throw TrainerError(
          .data,
          "\(file): '\(path)' has the shape \(try dataset.shape), but '\(paths[0])' has \(shape); a sample is one of each, "
            + "so all need the same")
      }
      return rows.numberType
    }
    (self.parent, self.paths, self.place) = (parent, paths, place)
    self.view = try view(first)
    numberType = NumberType.promoted(types)
  }

  var shape: [Int] { [paths.count] + view.shape }
  var isNumeric: Bool { true }
  var typeName: String { numberType?.rawValue ?? "numbers of unusual width" }
  var typeIdentity: String { numberType?.rawValue ?? "float64" }
  var rowsOfChunk: Int { 1 }

  func read<Value: NativeScalar>(_ type: Value.Type, rows: Range<Int>) throws -> [Value] {
    var values: [Value] = []
    values.reserveCapacity(rows.count * view.shape.reduce(1, *))
    for row in rows {
      let dataset = try parent.openDataset(paths[row])
      let own: [Value] = try dataset.read(selecting: view.axes.isEmpty ? .all : .hyperslab(Hyperslab(view.axes)))
      values += view.arranged(own)
      try dataset.close()
    }
    return values
  }

  func texts(_ name: String) throws -> [String]? {
    try parent.dataset(paths[0]).texts(name)
  }

  func hash(rows: [Int]?, into stream: inout Digest.Stream) throws { try hashElements(rows: rows, into: &stream) }

  var byteCount: Double { shape.reduce(Double(numberType?.byteCount ?? 8)) { $0 * Double($1) } }
}

/// The paths in a group that a pattern with `*` in place of names, or of parts of them, stands for.
struct PathPattern {
  let parts: [String]

  /// - Returns: `nil` if it has no `*`.
  init?(_ path: String) {
    guard path.contains("*") else { return nil }
    parts = path.split(separator: "/").map(String.init)
  }

  /// A dataset that fits.
  struct Match: Sendable, Equatable {
    var path: String
    /// The names in the path that stand in the place of parts with `*`.
    var names: [String] = []
  }

  /// The datasets that fit, by their names in place of parts with `*`, with runs of digits in the order of the numbers they
  /// are.
  ///
  /// - Throws: `HDF5Error`.
  func datasets(in group: HDF5.Group) throws -> [Match] {
    try matches(parts[...], in: group).sorted { left, right in
      for (a, b) in zip(left.names, right.names) where a != b { return Self.precedes(a, b) }
      return false
    }
  }

  private func matches(_ parts: ArraySlice<String>, in group: HDF5.Group) throws -> [Match] {
    guard let part = parts.first else { return [] }
    let isPattern = part.contains("*")
    let names = isPattern ? try group.memberNames().filter { Self.fits($0, part) } : [part]
    let plain = parts.dropFirst().prefix { !$0.contains("*") }
    var found: [Match] = []
    for (index, name) in names.enumerated() {
      if index % Self.triedAtOnce == 0, names.count > 1 {
        group.prepare(names[index..<min(names.count, index + Self.triedAtOnce)].map { [$0] + plain })
      }
      let own = isPattern ? [name] : []
      switch try group.kinds(along: [name]).last {
      case .dataset where parts.count == 1: found.append(Match(path: name, names: own))
      case .group where parts.count > 1:
        found += try matches(parts.dropFirst(), in: Group(opening: name, in: group)).map {
          Match(path: "\(name)/\($0.path)", names: own + $0.names)
        }
      default: break
      }
    }
    return found
  }

  /// So many members of a group are read in trial at once.
  private static let triedAtOnce = 1000

  /// What is in place of each `*` in a match.
  func texts(_ match: Match) -> [String] {
    zip(match.names, parts.filter { $0.contains("*") }).map { name, part in
      let ends = part.split(separator: "*", omittingEmptySubsequences: false)
      return String(name.dropFirst(ends.first?.count ?? 0).dropLast(ends.last?.count ?? 0))
    }
  }

  /// Whether a name is the pattern with any text in place of each `*`.
  static func fits(_ name: String, _ pattern: String) -> Bool {
    let fields = pattern.split(separator: "*", omittingEmptySubsequences: false)
    guard let first = fields.first, let last = fields.last, fields.count > 1 else { return name == pattern }
    guard name.hasPrefix(first), name.hasSuffix(last), name.count >= first.count + last.count else { return false }
    var rest = name.dropFirst(first.count).dropLast(last.count)
    for field in fields.dropFirst().dropLast() where !field.isEmpty {
      guard let range = rest.firstRange(of: field) else { return false }
      rest = rest[range.upperBound...]
    }
    return true
  }

  /// Whether a path comes before another: `s2` before `s10`.
  static func precedes(_ left: String, _ right: String) -> Bool {
    let (a, b) = (runs(left), runs(right))
    for (x, y) in zip(a, b) where x != y {
      if let x = x.number, let y = y.number, x != y {
        return x.count == y.count ? x.lexicographicallyPrecedes(y) : x.count < y.count
      }
      return x.text.utf8.lexicographicallyPrecedes(y.text.utf8)
    }
    return a.count == b.count ? left.utf8.lexicographicallyPrecedes(right.utf8) : a.count < b.count
  }

  private struct Run: Equatable {
    var text: String
    /// The digits without leading zeros.
    var number: String?
  }

  private static func runs(_ text: String) -> [Run] {
    var runs: [(text: String, isNumber: Bool)] = []
    for character in text {
      let isDigit = character.isASCII && character.isNumber
      if runs.last?.isNumber == isDigit {
        runs[runs.count - 1].text.append(character)
      } else {
        runs.append((String(character), isDigit))
      }
    }
    return runs.map { Run(text: $0.text, number: $0.isNumber ? String($0.text.drop { $0 == "0" }) : nil) }
  }
}
