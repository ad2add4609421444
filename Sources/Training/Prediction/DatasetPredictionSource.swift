import Datasets
import Foundations
import HDF5

/// Rows of an HDF5 file: those at its root or of its groups, in the order of the groups.
struct DatasetPredictionSource: PredictionSource {
  /// The inputs of one group.
  private struct Part {
    let group: String
    let rowCount: Int
    let table: TableReader
    let matching: ColumnMatching
    /// Whether rows are handed on as the numbers of an array.
    let areRaw: Bool
  }

  private let reader: DatasetReader
  private let name: String
  private let parts: [Part]
  private let columns: Int

  /// Looks at a file.
  ///
  /// - Parameters:
  ///   - name: The inputs' name in each group.
  ///   - group: The group to read; `nil` for all.
  ///   - inputShape: The extents of a row that the model takes.
  ///   - isArray: Whether the model takes plain numbers.
  ///   - ignored: Names of columns to leave out.
  /// - Throws: `TrainerError` with code `.data` if there are no inputs, or they do not fit the model.
  init(
    _ reader: DatasetReader, inputs name: String, group: String?, inputShape: [Int], wanted: WantedColumns,
    isArray: Bool, ignored: Set<String>
  ) throws {
    self.reader = reader
    self.name = name
    columns = wanted.features.count
    let groups = try group.map { [$0] } ?? Self.groups(of: reader, inputs: name)
    parts = try groups.map { group in
      let place = group == DatasetReader.root ? reader.path : "\(reader.path): in the group '\(group)'"
      // A model of plain numbers takes those of a table too, by name.
      let areRaw = try isArray && !reader.isTable(name, in: group)
      if areRaw {
        let rowShape = try reader.shape(of: name, in: group).rowShape
        let areNamed = try wanted.areNamed && reader.arrayFeatures(of: name, in: group) != nil
        guard areNamed || rowShape == inputShape else {
          throw TrainerError(
            .data, "\(place): a row of inputs has the shape \(rowShape), but the model was made for \(inputShape)")
        }
      }
      let table = try TableReader(name, in: group, of: reader)
      let matching = try ColumnMatching(
        wanted: wanted.features, found: table.features, byName: wanted.areNamed && table.areNamed,
        ignoring: ignored.union(wanted.besides), source: place)
      return Part(group: group, rowCount: table.rowCount, table: table, matching: matching, areRaw: areRaw)
    }
  }

  /// The root, if it has the inputs, and then the groups that a dataset may have.
  private static func groups(of reader: DatasetReader, inputs name: String) throws -> [String] {
    let groups = (try reader.hasRootDataset(name) ? [DatasetReader.root] : []) + reader.groups
    guard groups.isEmpty else { return groups }
    let others = try reader.otherGroups(with: name)
    throw TrainerError(
      .data,
      "\(reader.path): there are no inputs '\(name)' at its root, and it has none of the groups train, validation and test"
        + (others.isEmpty ? "" : "; other groups have such inputs: name one of \(listed(others))"),
      remedy: others.isEmpty ? nil : .init("group", "name it as the group"))
  }

  func share(ofRows count: Int) -> Double? {
    Double(count) / Double(max(1, parts.reduce(0) { $0 + $1.rowCount }))
  }

  func forEachBlock(
    begin: ([String]) throws -> Void, _ body: (PredictionRows, Int) throws -> Void
  ) throws {
    try begin([])
    let size = PredictionBlocks.rows(of: columns)
    var firstRow = 0
    for part in parts {
      let size = try reader.blockRows(of: name, in: part.group, about: size)
      for start in stride(from: 0, to: part.rowCount, by: size) {
        let rows = start..<min(part.rowCount, start + size)
        let inputs: PredictionRows.Inputs
        if part.areRaw {
          let (bytes, type) = try reader.rawElements(of: name, in: part.group, rows: rows)
          inputs = .array(
            part.matching.isIdentity
              ? bytes : Self.reordered(bytes, type, places: part.matching.places, of: part.table.features.count), type)
        } else {
          inputs = .table(part.matching(try part.table.block(rows)))
        }
        try body(PredictionRows(count: rows.count, inputs: inputs), firstRow)
        firstRow += rows.count
      }
    }
  }

  /// The chosen columns of rows, in their order.
  private static func reordered(_ bytes: [UInt8], _ type: NumberType, places: [Int], of columns: Int) -> [UInt8] {
    let size = type.byteCount
    var result: [UInt8] = []
    result.reserveCapacity(bytes.count / max(1, columns) * places.count)
    for row in stride(from: 0, to: bytes.count, by: columns * size) {
      for place in places { result.append(contentsOf: bytes[row + place * size..<row + (place + 1) * size]) }
    }
    return result
  }
}
