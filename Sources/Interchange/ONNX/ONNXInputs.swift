import Datasets
import Foundations
import Training

// What stands in front of the model: raw rows become its inputs as they do in `predict`.
extension ONNXTranslation {
  /// The name of an input that is one array.
  static let arrayName = "inputs"

  /// Adds the inputs, and what makes those of the model of them.
  ///
  /// - Returns: [samples, …], of the type that the model computes in.
  mutating func addInputs() throws -> ONNXValue {
    switch model.transform {
    case let preprocessing as FittedPreprocessing: graph.cast(addArray(preprocessing), to: type)
    case let features as FittedFeatures: graph.cast(try addTable(features), to: type)
    default:
      throw TrainerError(
        .usage, "\(model.path): the model's preprocessing has no ONNX form; export its parameters instead")
    }
  }

  // MARK: - One array

  private mutating func addArray(_ preprocessing: FittedPreprocessing) -> ONNXValue {
    let shape = preprocessing.inputShape
    let columns = preprocessing.features.map { ": \($0.map(\.name).joined(separator: ", "))" } ?? ""
    let x = graph.input(
      Self.arrayName, needsDouble(preprocessing) ? .double : type, [.samples] + shape.map(ONNXExtent.fixed),
      "raw inputs as in the dataset\(columns)")
    return mapped(encoded(x, preprocessing), preprocessing)
  }

  /// Whether numbers of single precision would lose digits in front of the map that double precision keeps.
  private func needsDouble(_ preprocessing: FittedPreprocessing) -> Bool {
    let affine = preprocessing.affine
    let losesDigits = affine.scale.indices.contains {
      max(abs(affine.center[$0] * affine.scale[$0]), abs(affine.shift[$0])) > 64
    }
    return type == .double || losesDigits
      || preprocessing.categories.values.contains { Set($0.map(Float.init)).count < $0.count }
  }

  /// The array with its columns of categories encoded; it then has one axis beside the samples'.
  private mutating func encoded(_ x: ONNXValue, _ preprocessing: FittedPreprocessing) -> ONNXValue {
    let count = preprocessing.inputShape.reduce(1, *)
    guard !preprocessing.categories.isEmpty else { return x }
    let rows = preprocessing.inputShape.count == 1 ? x : graph.node("Reshape", [x, graph.integers([-1, count])])
    var parts: [ONNXValue] = []
    var plain: [Int] = []
    for index in 0..<count {
      guard let categories = preprocessing.categories[index] else {
        plain.append(index)
        continue
      }
      if !plain.isEmpty { parts.append(columns(plain, of: rows)) }
      plain = []
      let places = graph.constant(categories, [categories.count], x.type)
      let own = columns([index], of: rows)
      let isEqual = graph.node("Equal", [own, places], gives: .boolean)
      parts.append(orNaN(graph.cast(isEqual, to: x.type)))
    }
    if !plain.isEmpty { parts.append(columns(plain, of: rows)) }
    return joined(parts)
  }

  /// Rows of 0 and 1 of which one is 1; NaN in place of the others, which `predict` refuses.
  private mutating func orNaN(_ rows: ONNXValue) -> ONNXValue {
    let count = graph.node(
      "ReduceSum", [rows, graph.integers([1])], [ONNXAttribute("keepdims", .integer(1))])
    return graph.node(
      "Where", [graph.cast(count, to: .boolean), rows, graph.constant([.nan], [], rows.type)], gives: rows.type)
  }

  private mutating func columns(_ places: [Int], of rows: ONNXValue) -> ONNXValue {
    graph.node("Gather", [rows, graph.integers(places)], [ONNXAttribute("axis", .integer(1))])
  }

  private mutating func joined(_ parts: [ONNXValue]) -> ONNXValue {
    parts.count == 1 ? parts[0] : graph.node("Concat", parts, [ONNXAttribute("axis", .integer(1))])
  }

  /// (x − center) · scale + shift, as far as it changes anything.
  private mutating func mapped(_ x: ONNXValue, _ preprocessing: FittedPreprocessing) -> ONNXValue {
    let affine = preprocessing.affine
    var result = x
    for (operation, numbers, idle) in [
      ("Sub", affine.center, 0.0), ("Mul", affine.scale, 1.0), ("Add", affine.shift, 0.0),
    ] where numbers.contains(where: { $0 != idle }) {
      let areAlike = Set(numbers.map(\.bitPattern)).count == 1
      result = graph.node(
        operation,
        [result, graph.constant(areAlike ? [numbers[0]] : numbers, areAlike ? [] : preprocessing.outputShape, x.type)])
    }
    return result
  }

  // MARK: - A table

  /// Adds an input for each column, all numbers in double precision, in which transforms are computed.
  private mutating func addTable(_ features: FittedFeatures) throws -> ONNXValue {
    let steps = try fittedSteps(of: features)
    let taken = features.takenFeatures
    guard features.features != nil else {
      let width = features.arrayPlaces?.width ?? taken.count
      let x = graph.input(
        Self.arrayName, .double, [.samples, .fixed(width)], "raw columns by their places; NaN where a value is missing")
      let places = features.arrayPlaces?.places ?? Array(taken.indices)
      return try joinedColumns(features, steps) { index, _, graph in
        graph.node("Gather", [x, graph.integers([places[index]])], [ONNXAttribute("axis", .integer(1))])
      }
    }
    // Names of inputs come first, so that no node has one of them.
    let inputs: [ONNXValue?] = zip(taken, steps).map { feature, steps in
      guard steps != nil else { return nil }
      return graph.input(
        feature.name, feature.kind == .category ? .string : .double, [.samples, .fixed(1)],
        Self.description(of: feature))
    }
    return try joinedColumns(features, steps) { index, feature, graph in
      guard let input = inputs[index] else {
        throw TrainerError(.checkpoint, "the column '\(feature.name.onOneLine)' is taken and dropped")
      }
      return input
    }
  }

  private static func description(of feature: Feature) -> String {
    switch feature.kind {
    case .number: "a number; NaN where it is missing"
    case .boolean: "0 or 1; NaN where it is missing"
    case .date: "seconds since 1970 (UTC); NaN where it is missing"
    case .category:
      "a text, empty where it is missing: \(feature.categories.prefix(20).joined(separator: ", "))"
        + (feature.categories.count > 20 ? ", …" : "")
    }
  }

  /// The steps of each column as a checkpoint keeps them; `nil` for a column that is left out.
  private func fittedSteps(of features: FittedFeatures) throws -> [[JSONValue]?] {
    guard let columns = features.json["columns"]?.elements else {
      throw TrainerError(.checkpoint, "\(model.path): the transforms of the columns cannot be read")
    }
    return columns.map { $0["steps"]?.elements }
  }

  private mutating func joinedColumns(
    _ features: FittedFeatures, _ steps: [[JSONValue]?],
    _ input: (_ index: Int, _ feature: Feature, _ graph: inout ONNXGraph) throws -> ONNXValue
  ) throws -> ONNXValue {
    var parts: [ONNXValue] = []
    for (index, feature) in features.takenFeatures.enumerated() {
      guard let steps = steps[index] else { continue }
      graph.scope = "features/\(feature.name)"
      var column = ONNXColumn(try input(index, feature, &graph), feature)
      for step in steps {
        guard column.apply(step, &graph) else {
          throw TrainerError(
            .usage,
            "the column '\(feature.name.onOneLine)': its transform \(step["type"]?.compactText ?? "") has no ONNX form; export the "
              + "parameters instead")
        }
      }
      parts += column.parts
    }
    graph.scope = "features"
    defer { graph.scope = "" }
    return joined(parts)
  }
}
