import Foundations

/// What each column of a table of text is to a model.
struct TextTableColumns {
  /// For each column of the table, its place among the wanted ones; -1 for others.
  let inputs: [Int]
  /// For each column of the table, its places among those that are copied.
  let kept: [[Int]]
  /// The header's names; empty without a header.
  let names: [String]
  /// The names of the copied columns, in the order in which they were asked for.
  let keptNames: [String]

  /// Looks at a table's first record.
  ///
  /// - Throws: `TrainerError` with code `.data` if columns are missing or too many, `.usage` for a column that is asked for
  ///   and is not there.
  init(_ first: [String], reading: TextTableReading, wanted: WantedColumns, path: String) throws {
    let hasHeader = reading.hasHeader
    let names = hasHeader ? HeaderNames.numbered(first) : []
    self.names = names
    func place(_ column: CSVImport.Column) throws -> Int {
      switch column {
      case .number(let number):
        return try CSVImport.Column.place(of: number, among: first.count, in: path)
      case .name(let name):
        guard hasHeader else {
          throw TrainerError(.usage, "'\(path)' has no header to look for column '\(name)' in; give its number")
        }
        guard let index = names.firstIndex(of: name) else {
          let hint =
            suggestion(for: name, among: names).map { "; is it '\($0)'?" } ?? "; it has \(listed(names, atMost: 10))"
          throw TrainerError(.usage, "'\(path)' has no column '\(name)'\(hint)")
        }
        return index
      }
    }
    let keptPlaces = try wanted.kept.map(place)
    let ignoredPlaces = try wanted.ignored.map(place)
    keptNames = keptPlaces.map { hasHeader ? names[$0] : "column \($0 + 1)" }
    var kept = [[Int]](repeating: [], count: first.count)
    for (index, place) in keptPlaces.enumerated() { kept[place].append(index) }
    self.kept = kept

    var inputs = [Int](repeating: -1, count: first.count)
    if wanted.namesCount(hasHeader: hasHeader) {
      let ignored = Set(ignoredPlaces)
      let open = first.indices.filter { !ignored.contains($0) }
      let features = Dictionary(
        wanted.features.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
      // Text can become any kind: only the names must agree.
      let found = open.map { features[names[$0]] ?? Feature(name: names[$0], kind: .number) }
      let besides = wanted.besides.union(keptPlaces.map { names[$0] })
      do {
        let matching = try ColumnMatching(
          wanted: wanted.features, found: found, ignoring: besides, source: "'\(path)'")
        for (index, place) in matching.places.enumerated() { inputs[open[place]] = index }
      } catch let error as TrainerError {
        // A first line of numbers alone explains that no name is found, unless numbers are the model's names.
        let known = names.count { features[$0] != nil }
        if !reading.namesMayBeNumbers, HeaderNames.areNumbers(first), 2 * known < features.count {
          throw HeaderNames.fault(path)
        }
        throw Self.withRemedy(error)
      }
    } else {
      let others = Set(
        keptPlaces + ignoredPlaces + (hasHeader ? names.indices.filter { wanted.besides.contains(names[$0]) } : []))
      var places = first.indices.filter { !others.contains($0) }
      if let trained = reading.places, trained.columnCount == first.count, places.count != wanted.features.count {
        // The training table's columns, its target and what it left out among them.
        places = trained.inputs
      }
      guard places.count == wanted.features.count else {
        let rest = others.isEmpty ? "" : " beside those that are no inputs"
        throw TrainerError(
          .data,
          "'\(path)' has \(places.count) \(places.count == 1 ? "column" : "columns")\(rest), but the model was made for "
            + "\(wanted.features.count), which go by their places, since \(Self.nameless(wanted, hasHeader))",
          remedy: places.count > wanted.features.count
            ? .init("ignored", "ignore the columns that are no inputs, or give as many in the same order") : nil)
      }
      if hasHeader, !reading.namesMayBeNumbers, HeaderNames.areNumbers(places.map { first[$0] }) {
        throw HeaderNames.fault(path)
      }
      for (index, place) in places.enumerated() { inputs[place] = index }
    }
    self.inputs = inputs
  }

  /// A column for messages, such as `column 5 ('species')`.
  func label(_ column: Int) -> String {
    "column \(column + 1)" + (names.isEmpty ? "" : " ('\(names[column].onOneLine)')")
  }

  private static func nameless(_ wanted: WantedColumns, _ hasHeader: Bool) -> String {
    wanted.areNamed ? "the table has no names" : "the model knows no names"
  }

  /// An error about additional columns with what to do about it in a table to predict.
  static func withRemedy(_ error: TrainerError) -> TrainerError {
    guard error.remedy?.name == ColumnMatching.additionalColumns else { return error }
    return TrainerError(
      error.code, error.fault, remedy: .init("ignored", "ignore what is no input, or keep it beside the predictions"))
  }
}
