import Datasets
import Foundations

/// A column of a table on its way through its transforms: what `FeatureValues` are to `predict`.
///
/// The steps are read as a checkpoint keeps them, which is a format that this room knows as any other that reads checkpoints.
/// A value that `predict` refuses becomes NaN, and so does what is predicted from it.
struct ONNXColumn {
  /// Texts, or numbers [samples, columns] in double precision.
  private var main: ONNXValue
  private let feature: Feature
  private var indicators: [ONNXValue] = []

  init(_ main: ONNXValue, _ feature: Feature) { (self.main, self.feature) = (main, feature) }

  /// All columns of numbers.
  var parts: [ONNXValue] { [main] + indicators }

  /// Adds a step.
  ///
  /// - Returns: Whether it is known.
  mutating func apply(_ step: JSONValue, _ graph: inout ONNXGraph) -> Bool {
    switch step["type"]?.text {
    case "standardize": return map([("Sub", step["means"]), ("Div", step["deviations"])], &graph)
    case "minMax": return map([("Sub", step["least"]), ("Div", step["ranges"])], &graph)
    case "log1p":
      main = graph.node("Log", [graph.node("Add", [main, graph.constant([1], [], .double)])])
      return true
    case "clip": return clip(step, &graph)
    case "impute": return impute(step, &graph)
    case "oneHot":
      return main.type == .string ? encodeTexts(step, &graph) : encodeNumbers(step, &graph)
    case "ordinal": return number(step, &graph)
    case "days":
      guard let epoch = step["epoch"]?.double else { return false }
      let seconds = graph.node("Sub", [main, graph.constant([epoch], [], .double)])
      main = graph.node("Div", [seconds, graph.constant([86_400], [], .double)])
      return true
    case "parts":
      guard let parts = step["parts"]?.elements?.compactMap(\.text) else { return false }
      var calendar = ONNXCalendar(seconds: main, graph)
      let columns = parts.compactMap { calendar.part($0) }
      graph = calendar.graph
      guard columns.count == parts.count else { return false }
      main = graph.node("Concat", columns, [ONNXAttribute("axis", .integer(1))])
      return true
    default: return false
    }
  }

  /// A row of numbers, one for each column.
  private func row(_ json: JSONValue?, _ graph: inout ONNXGraph) -> ONNXValue? {
    let numbers = json?.elements?.compactMap(\.double) ?? []
    return numbers.isEmpty ? nil : graph.constant(numbers, [numbers.count], .double)
  }

  private mutating func map(_ operations: [(String, JSONValue?)], _ graph: inout ONNXGraph) -> Bool {
    for (operation, json) in operations {
      guard let numbers = row(json, &graph) else { return false }
      main = graph.node(operation, [main, numbers])
    }
    return true
  }

  /// Bounds by comparisons, which leave NaN as it is.
  private mutating func clip(_ step: JSONValue, _ graph: inout ONNXGraph) -> Bool {
    for (operation, json) in [("Less", step["lower"]), ("Greater", step["upper"])] {
      guard let bound = row(json, &graph) else { return false }
      let isBeyond = graph.node(operation, [main, bound], gives: .boolean)
      main = graph.node("Where", [isBeyond, bound, main], gives: .double)
    }
    return true
  }

  private mutating func impute(_ step: JSONValue, _ graph: inout ONNXGraph) -> Bool {
    guard let replacements = row(step["values"], &graph), let flags = step["indicators"]?.elements else { return false }
    let isMissing = graph.node("IsNaN", [main], gives: .boolean)
    let places = flags.indices.filter { flags[$0] == .boolean(true) }
    if !places.isEmpty {
      let numbers = graph.cast(isMissing, to: .double)
      indicators.append(
        places.count == flags.count
          ? numbers
          : graph.node("Gather", [numbers, graph.integers(places)], [ONNXAttribute("axis", .integer(1))]))
    }
    main = graph.node("Where", [isMissing, replacements, main], gives: .double)
    return true
  }

  // MARK: - Categories

  /// What stands for a value that `predict` refuses, and for one that has no column.
  private static let (refused, none) = (-2, -1)

  /// The column of each text, as `LabelEncoder` finds it.
  private mutating func codes(_ known: [String: Int], missing: Int, other: Int, _ graph: inout ONNXGraph) -> ONNXValue {
    var known = known
    // No value is an empty text here.
    if known[""] == nil { known[""] = missing }
    let keys = known.keys.sorted()
    return graph.node(
      "LabelEncoder", [main],
      [
        ONNXAttribute("keys_strings", .texts(keys)),
        ONNXAttribute("values_int64s", .integers(keys.map { known[$0] ?? other })),
        ONNXAttribute("default_int64", .integer(other)),
      ], gives: .int64, domain: ONNXGraph.tableDomain)
  }

  /// Where a step puts what is missing and what the training rows lack.
  private struct Places {
    let names: [String]
    let infrequent: [String]
    let count: Int
    let missing: Int
    let other: Int

    init?(_ coding: JSONValue, _ step: JSONValue) {
      guard let names = coding["categories"]?.elements?.compactMap(\.text),
        let infrequent = coding["infrequent"]?.elements?.compactMap(\.text)
      else { return nil }
      let (hasOther, hasMissing) = (coding["hasOther"] == .boolean(true), coding["hasMissing"] == .boolean(true))
      let (unknownRule, missingRule) = (step["unknown"]?.text, step["missing"]?.text)
      (self.names, self.infrequent) = (names, infrequent)
      count = names.count + (hasOther ? 1 : 0) + (hasMissing ? 1 : 0)
      let own = unknownRule == "own" && hasOther ? names.count : ONNXColumn.none
      other = unknownRule == "error" ? ONNXColumn.refused : own
      missing =
        hasMissing
        ? count - 1
        : missingRule == "ignore"
          ? ONNXColumn.none : missingRule == "error" || unknownRule == "error" ? ONNXColumn.refused : own
    }
  }

  /// 1 in the column of its place, 0 elsewhere; NaN for what is refused.
  private func oneHot(_ places: ONNXValue, _ coding: Places, _ graph: inout ONNXGraph) -> ONNXValue {
    let numbers = graph.integers(Array(0..<coding.count))
    let columns = graph.cast(graph.node("Equal", [places, numbers], gives: .boolean), to: .double)
    guard coding.other == Self.refused || coding.missing == Self.refused else { return columns }
    return refusing(places, columns, &graph)
  }

  private func refusing(_ places: ONNXValue, _ values: ONNXValue, _ graph: inout ONNXGraph) -> ONNXValue {
    let isRefused = graph.node("Equal", [places, graph.integers([Self.refused])], gives: .boolean)
    return graph.node("Where", [isRefused, graph.constant([.nan], [], .double), values], gives: .double)
  }

  private mutating func encodeTexts(_ step: JSONValue, _ graph: inout ONNXGraph) -> Bool {
    guard let json = step["columns"]?.elements?.first, let coding = Places(json, step) else { return false }
    var known: [String: Int] = [:]
    for (place, name) in coding.names.enumerated() { known[name] = place }
    for name in coding.infrequent where known[name] == nil { known[name] = coding.names.count }
    let places = codes(known, missing: coding.missing, other: coding.other, &graph)
    main = oneHot(places, coding, &graph)
    return true
  }

  private mutating func encodeNumbers(_ step: JSONValue, _ graph: inout ONNXGraph) -> Bool {
    guard let columns = step["columns"]?.elements else { return false }
    var parts: [ONNXValue] = []
    for (index, json) in columns.enumerated() {
      guard let coding = Places(json, step), let values = json["values"]?.elements?.compactMap(\.double) else {
        return false
      }
      let column =
        columns.count == 1
        ? main : graph.node("Gather", [main, graph.integers([index])], [ONNXAttribute("axis", .integer(1))])
      // Place by place: what none of them is has that of others.
      var places = graph.integers([coding.other])
      let infrequent = coding.infrequent.compactMap(Double.init).map { ($0, coding.names.count) }
      for (value, place) in zip(values, values.indices).map({ ($0, $1) }) + infrequent {
        let isEqual = graph.node("Equal", [column, graph.constant([value], [], .double)], gives: .boolean)
        places = graph.node("Where", [isEqual, graph.integers([place]), places], gives: .int64)
      }
      let isMissing = graph.node("IsNaN", [column], gives: .boolean)
      places = graph.node("Where", [isMissing, graph.integers([coding.missing]), places], gives: .int64)
      parts.append(oneHot(places, coding, &graph))
    }
    main = parts.count == 1 ? parts[0] : graph.node("Concat", parts, [ONNXAttribute("axis", .integer(1))])
    return true
  }

  /// The place of a category; NaN where none is, -1 for others, unless they are refused.
  private mutating func number(_ step: JSONValue, _ graph: inout ONNXGraph) -> Bool {
    guard main.type == .string, let names = step["categories"]?.elements?.compactMap(\.text) else { return false }
    let known = Dictionary(names.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
    let places = codes(
      known, missing: Self.refused, other: step["unknown"]?.text == "error" ? Self.refused : Self.none, &graph)
    main = refusing(places, graph.cast(places, to: .double), &graph)
    return true
  }
}
