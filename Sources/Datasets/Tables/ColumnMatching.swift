import Foundations

/// The columns of a foreign table as those that a transform was fitted to: matched by name, of categories by the names of
/// their values. Where one of both sides has no names, places count.
package struct ColumnMatching: Sendable {
  /// For each wanted column, its place among those that were found.
  package let places: [Int]
  /// For each wanted column, of a category: what each found code becomes, and the found names that are not among the
  /// wanted; `nil` where codes stay as they are.
  private let codeMaps: [CodeMap?]

  /// For each wanted column, of a category: what each found code becomes; `nil` where codes stay as they are.
  var codes: [[Int]?] { codeMaps.map { $0.map { map in map.codes.map { Int($0) } } } }

  private struct CodeMap {
    let codes: [Int32]
    let unknown: [String]
  }

  /// What has the wanted columns, as messages call it.
  package enum Reference: Sendable {
    case model
    case file(String)

    fileprivate var owns: String {
      switch self {
      case .model: "the model was trained with"
      case .file(let path): "'\(path)' has"
      }
    }

    fileprivate var lacks: String {
      switch self {
      case .model: "the model does not know"
      case .file(let path): "'\(path)' does not have"
      }
    }
  }

  /// The name of the remedy where there are columns that the model does not know.
  static let additionalColumns = "additionalColumns"

  /// Whether all columns stay where they are, with their codes.
  package var isIdentity: Bool { places == Array(places.indices) && codeMaps.allSatisfy { $0 == nil } }

  /// Matches columns.
  ///
  /// - Parameters:
  ///   - wanted: The columns that are needed, in order.
  ///   - found: The columns that there are.
  ///   - byName: Whether both sides have names; otherwise the places count, and there must be as many columns.
  ///   - ignored: Names of found columns that may be there beside the wanted ones, such as the target's.
  ///   - source: How messages call the found columns: a file, or a group of one.
  ///   - reference: What has the wanted columns.
  /// - Throws: `TrainerError` with code `.data` for a column that is missing, additional, or of another kind.
  package init(
    wanted: [Feature], found: [Feature], byName: Bool = true, ignoring ignored: Set<String> = [], source: String,
    reference: Reference = .model
  ) throws {
    if byName {
      let indices = Dictionary(found.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
      let names = Set(wanted.map(\.name))
      let additional = found.map(\.name).filter { !names.contains($0) && !ignored.contains($0) }
      places = try wanted.map { feature in
        guard let index = indices[feature.name] else {
          throw Self.missing(feature.name, additional: additional, found: found, source, reference)
        }
        return index
      }
      if !additional.isEmpty { throw Self.additional(additional, names: names, source, reference) }
    } else {
      guard wanted.count == found.count else {
        throw TrainerError(
          .data,
          "\(source): there are \(found.count) columns, but the model was made for \(wanted.count), which go by their "
            + "places, since one of both sides has no names; give as many columns in the same order")
      }
      places = Array(wanted.indices)
    }
    codeMaps = try zip(wanted, places).map { feature, place in
      let other = found[place]
      guard other.kind == feature.kind else {
        throw TrainerError(
          .data,
          "\(source): the column '\(other.name.onOneLine)' is of the kind \(other.kind.rawValue), but the model was trained "
            + "with \(feature.kind.rawValue) under that name",
          remedy: .init("columnKind", "import the table with that kind"))
      }
      guard feature.kind == .category, feature.categories != other.categories else { return nil }
      return Self.codeMap(from: other.categories, to: feature.categories)
    }
  }

  /// A block with the wanted columns in their order. A category that is not among the wanted has a code below -1, whose name
  /// is in ``TableBlock/unknown``.
  package func callAsFunction(_ block: TableBlock) -> TableBlock {
    guard !isIdentity || block.columns.count != places.count else { return block }
    var unknown: [Int: [String]] = [:]
    let columns = places.indices.map { index -> TableBlock.Column in
      let column = block.columns[places[index]]
      guard let map = codeMaps[index], case .codes(let codes) = column else { return column }
      unknown[index] = map.unknown
      return .codes(codes.map { $0 < 0 ? $0 : map.codes[Int($0)] })
    }
    return TableBlock(rowCount: block.rowCount, columns: columns, unknown: unknown)
  }

  private static func codeMap(from found: [String], to wanted: [String]) -> CodeMap {
    let indices = Dictionary(wanted.enumerated().map { ($1, Int32($0)) }, uniquingKeysWith: { first, _ in first })
    var unknown: [String] = []
    let codes = found.map { name -> Int32 in
      if let code = indices[name] { return code }
      unknown.append(name)
      return TableBlock.unknownCode(unknown.count - 1)
    }
    return CodeMap(codes: codes, unknown: unknown)
  }

  private static func missing(
    _ name: String, additional: [String], found: [Feature], _ source: String, _ reference: Reference
  ) -> TrainerError {
    let near = suggestion(for: name, among: additional)
    let rest =
      near.map { "; it has '\($0.onOneLine)', which \(reference.lacks): if it is the same, give it that name" }
      ?? "; it has \(listed(found.map(\.name), atMost: 10))"
    return TrainerError(
      .data, "\(source): there is no column '\(name.onOneLine)', which \(reference.owns)\(rest)")
  }

  /// What is wrong with columns that nothing is for.
  static func additional(_ additional: [String], names: Set<String>, _ source: String, _ reference: Reference)
    -> TrainerError
  {
    guard additional.count == 1 else {
      return TrainerError(
        .data,
        "\(source): the columns \(listed(additional, atMost: 5)) are none that \(reference.owns)",
        remedy: .init(additionalColumns, "remove them"))
    }
    let near =
      suggestion(for: additional[0], among: names.sorted())
      .map { " (the nearest that it has is '\($0.onOneLine)')" } ?? ""
    return TrainerError(
      .data,
      "\(source): the column '\(additional[0].onOneLine)' is none that \(reference.owns)\(near)",
      remedy: .init(additionalColumns, "remove it"))
  }
}
