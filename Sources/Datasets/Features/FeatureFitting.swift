import Foundations

extension FittedFeatures {
  /// Fits rules to the training group.
  ///
  /// - Parameters:
  ///   - rules: How columns become numbers. A column that none is for has the transforms of its kind: a number `impute` and
  ///     `standardize`, a category `oneHot`, a boolean `impute` by the most frequent, a date `days` before those of a number.
  ///   - reader: The dataset file.
  ///   - inputs: The name of the table, or of an array, of which each column is a number.
  ///   - excluded: Columns that are no inputs, such as a sample weight.
  /// - Throws: `TrainerError` with code `.usage` if a rule is for no column, or its transforms do not fit; with code `.data`
  ///   for every fault of the data.
  package init(
    _ rules: [FeatureRule], reader: DatasetReader, inputs: String, excluding excluded: Set<String> = []
  ) throws {
    try self.init(
      rules, table: TableReader(inputs, in: "train", of: reader),
      inputShape: reader.isTable(inputs, in: "train") ? nil : reader.shape(of: inputs, in: "train").rowShape,
      excluding: excluded, source: reader.path)
  }

  private init(
    _ rules: [FeatureRule], table: TableReader, inputShape: [Int]?, excluding excluded: Set<String>, source: String
  ) throws {
    let choice = try FeatureChoice(rules, features: table.features, source: source)
    var fits = try table.features.map { feature in
      let isExcluded = excluded.contains(feature.name)
      return ColumnFit(feature: feature, choice: isExcluded ? .dropped : try choice(feature))
    }
    let kept = fits.indices.filter { !table.areNamed || !fits[$0].isDropped }
    guard fits.contains(where: { !$0.isDropped }) else {
      throw TrainerError(.usage, "data.features: all columns of \(source) are left out; keep at least one")
    }
    try Self.fit(&fits, to: table, source)
    let columns = try kept.map { try fits[$0].column(source) }
    let fitted = FittedFeatures(
      columns: columns, areNamed: table.areNamed,
      ignored: excluded.union(fits.indices.filter { !kept.contains($0) }.map { fits[$0].feature.name }),
      inputShape: inputShape.map { table.areNamed ? [columns.count] : $0 } ?? [columns.count],
      arrayPlaces: inputShape == nil || kept.count == fits.count
        ? nil : ArrayPlaces(width: fits.count, places: kept))
    // What trains is what a checkpoint keeps, to the last bit. It keeps no number that is not finite.
    let text = JSONValue.object(fitted.json).compactText
    let json = try JSONDocument(text: text, source: "\(source): what was fitted", code: .data).root
    guard let kept = FittedFeatures(json: json, features: fitted.features) else {
      throw TrainerError(
        .data,
        "\(source): the columns have numbers so large that what data.features fits to them overflows; scale the data")
    }
    self = kept
  }

  /// Fits step after step: those in the same place of all columns in one pass over the rows.
  private static func fit(_ fits: inout [ColumnFit], to table: TableReader, _ source: String) throws {
    while true {
      for index in fits.indices { try fits[index].advance() }
      var open = fits.indices.filter { fits[$0].fit != nil }[...]
      guard !open.isEmpty else { return }
      while !open.isEmpty {
        let together = columnsOfPass(open, of: fits, rows: table.rowCount)
        let bytes = together.reduce(0) { $0 + (fits[$1].fit?.bytesPerRow ?? 0) }
        try MemoryLimit.require(
          Double(bytes) * Double(table.rowCount), for: "\(source): finding the median or quantiles of a column",
          code: .data, advice: "use \"mean\" in place of the median, or take fewer rows")
        do {
          try table.forEachBlock { block, firstRow in
            for index in together { try fits[index].note(block, column: index, firstRow) }
          }
          for index in together { try fits[index].finishStep() }
        } catch let error as TrainerError where !error.message.hasPrefix(source) {
          throw TrainerError(error.code, "\(source): in the group 'train': \(error.message)")
        }
        open.removeFirst(together.count)
      }
    }
  }

  /// The first columns whose numbers, where they are all needed at once, fit into memory together: one at least. Columns of
  /// a table that is larger than memory take several passes.
  private static func columnsOfPass(
    _ open: ArraySlice<Int>, of fits: [ColumnFit], rows: Int
  ) -> ArraySlice<Int> {
    var room = Double(MemoryLimit.current.bytes) / 2
    let count = open.prefix { index in
      room -= Double(fits[index].fit?.bytesPerRow ?? 0) * Double(rows)
      return room >= 0
    }.count
    return open.prefix(max(1, count))
  }
}

/// The transforms of a column while they are fitted, one after the other.
private struct ColumnFit {
  let feature: Feature
  let choice: FeatureChoice.Choice
  private var steps: [any FittedTransform] = []
  private var shape: FeatureShape
  /// The step that is being fitted.
  private(set) var fit: (any TransformFit)?

  init(feature: Feature, choice: FeatureChoice.Choice) {
    self.feature = feature
    self.choice = choice
    shape = FeatureShape(feature)
  }

  var isDropped: Bool { choice.transforms == nil }

  /// Goes on to the next step that needs the data.
  mutating func advance() throws {
    guard let transforms = choice.transforms else { return }
    while fit == nil, steps.count < transforms.count {
      let transform = transforms[steps.count]
      switch transform.begin(shape) {
      case .fitted(let step): append(step)
      case .fit(let fit): self.fit = fit
      case .refused(let reason):
        throw TrainerError(
          .usage,
          "\(choice.key(steps.count)): \"\(transform.type)\" \(reason); found \(steps.isEmpty ? "the" : "what the transforms before it make of the") "
            + "\(feature.kind.rawValue) '\(feature.name.onOneLine)'")
      }
    }
  }

  mutating func note(_ block: TableBlock, column: Int, _ firstRow: Int) throws {
    let place = FittedFeatures.place(feature, column, block, firstRow)
    try fit?.note(FittedFeatures.values(steps[...], of: block.columns[column], at: place), at: place)
  }

  mutating func finishStep() throws {
    guard let fit else { return }
    self.fit = nil
    append(try fit.fitted())
  }

  private mutating func append(_ step: any FittedTransform) {
    steps.append(step)
    shape = step.shape(of: shape)
  }

  func column(_ source: String) throws -> FittedFeatures.Column {
    guard !isDropped else { return FittedFeatures.Column(feature: feature, steps: nil) }
    guard shape.numbers != nil else {
      let advice = feature.kind == .date ? "\"days\" or \"parts\"" : "\"oneHot\" or \"ordinal\""
      throw TrainerError(
        .usage,
        "\(choice.key(nil)): the \(feature.kind.rawValue) '\(feature.name.onOneLine)' does not become numbers; add \(advice)"
      )
    }
    return FittedFeatures.Column(feature: feature, steps: steps)
  }
}

/// Finds the rule of each column.
private struct FeatureChoice {
  /// What is done to a column.
  struct Choice {
    /// The rule's place among the rules; `nil` for what is done where there is none.
    let rule: Int?
    /// In order; `nil` if the column is left out.
    let transforms: [FeatureTransform]?

    static let dropped = Choice(rule: nil, transforms: nil)

    /// The key of a transform, or of the rule.
    func key(_ transform: Int?) -> String {
      guard let rule else { return "data.features" }
      return "data.features[\(rule)]" + (transform.map { ".transform[\($0)]" } ?? "")
    }
  }

  private let rules: [FeatureRule]
  private var byName: [String: Int] = [:]

  /// - Throws: `TrainerError` with code `.usage` for a name or a pattern of no column, or two rules for one name.
  init(_ rules: [FeatureRule], features: [Feature], source: String) throws {
    self.rules = rules
    let names = features.map(\.name)
    let known = Set(names)
    for (index, rule) in rules.enumerated() {
      switch rule.selection {
      case .names(let chosen):
        for name in chosen {
          guard known.contains(name) else {
            let near = suggestion(for: name, among: names).map { "; did you mean '\($0.onOneLine)'?" } ?? ""
            throw TrainerError(
              .usage,
              "data.features[\(index)].name: \(source) has no column '\(name.onOneLine)'\(near.isEmpty ? "; it has " + listed(names) : near)"
            )
          }
          if let other = byName[name] { throw Self.twice(name, other, index) }
          byName[name] = index
        }
      case .pattern(let pattern):
        guard !names.contains(where: { FeatureRule.matches($0, pattern: pattern) }) else { continue }
        let near = suggestion(for: pattern, among: names).map { "; did you mean '\($0.onOneLine)'?" } ?? ""
        throw TrainerError(
          .usage,
          "data.features[\(index)].pattern: no column of \(source) is like '\(pattern.onOneLine)'\(near.isEmpty ? "; it has " + listed(names) : near)"
        )
      case .kind: continue
      }
    }
  }

  func callAsFunction(_ feature: Feature) throws -> Choice {
    let byPattern = try only(feature) {
      if case .pattern(let pattern) = $0 { FeatureRule.matches(feature.name, pattern: pattern) } else { false }
    }
    let byKind = try only(feature) { $0 == .kind(feature.kind) }
    guard let index = byName[feature.name] ?? byPattern ?? byKind else {
      return Choice(rule: nil, transforms: FeatureTransform.standard(for: feature.kind))
    }
    return Choice(rule: index, transforms: rules[index].transforms)
  }

  /// The only rule whose selection is so; `nil` if there is none.
  private func only(_ feature: Feature, _ isChosen: (FeatureRule.Selection) -> Bool) throws -> Int? {
    let found = rules.indices.filter { isChosen(rules[$0].selection) }
    if found.count > 1, byName[feature.name] == nil { throw Self.twice(feature.name, found[0], found[1]) }
    return found.first
  }

  private static func twice(_ name: String, _ first: Int, _ second: Int) -> TrainerError {
    TrainerError(
      .usage,
      "data.features[\(second)]: the column '\(name.onOneLine)' is chosen by data.features[\(first)] too; choose it once, "
        + "or name it in an entry of its own")
  }
}
