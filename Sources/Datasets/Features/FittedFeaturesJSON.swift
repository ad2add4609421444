import Foundations

/// Fitted features as a checkpoint keeps them, beside the features themselves.
extension FittedFeatures {
  /// The transforms of each feature, in order.
  package var json: JSONObject {
    var json: JSONObject = [
      "inputShape": .array(inputShape.map(JSONValue.integer)),
      "ignored": .array(ignored.sorted().map(JSONValue.string)),
      "columns": .array(
        columns.map { column in
          guard let steps = column.steps else { return ["drop": true] }
          return ["steps": .array(steps.map { FeatureTransform.typedJSON($0) })]
        }),
    ]
    json["array"] = arrayPlaces.map { .object($0.json) }
    return json
  }

  /// Reads what ``json`` writes.
  ///
  /// - Parameter features: The columns; `nil` if they have no names.
  /// - Returns: `nil` for what ``json`` cannot have written.
  package init?(json: JSONValue, features: [Feature]?) {
    guard let columns = json["columns"]?.elements, !columns.isEmpty, let extents = json["inputShape"]?.elements,
      let names = json["ignored"]?.elements
    else { return nil }
    let inputShape = extents.compactMap(\.int)
    let ignored = names.compactMap(\.text)
    var product = 1
    for extent in inputShape where product > 0 {
      let (next, overflow) = product.multipliedReportingOverflow(by: extent)
      product = overflow || extent < 1 ? 0 : next
    }
    guard inputShape.count == extents.count, product == columns.count, ignored.count == names.count else { return nil }
    let taken = features ?? TableReader.unnamedFeatures(columns.count)
    guard taken.count == columns.count else { return nil }
    var read: [Column] = []
    for (feature, json) in zip(taken, columns) {
      guard let column = Column(json: json, feature: feature) else { return nil }
      read.append(column)
    }
    guard read.contains(where: { !$0.outputs.isEmpty }) else { return nil }
    let arrayPlaces = json["array"].flatMap { ArrayPlaces(json: $0, count: read.count) }
    guard (json["array"] == nil) == (arrayPlaces == nil) else { return nil }
    self.init(
      columns: read, areNamed: features != nil, ignored: Set(ignored), inputShape: inputShape, arrayPlaces: arrayPlaces)
  }
}

extension FittedFeatures.ArrayPlaces {
  fileprivate var json: JSONObject {
    ["width": .integer(width), "places": .array(places.map(JSONValue.integer))]
  }

  fileprivate init?(json: JSONValue, count: Int) {
    guard let width = json["width"]?.int, let elements = json["places"]?.elements, elements.count == count
    else { return nil }
    let places = elements.compactMap(\.int)
    guard places.count == count, places.allSatisfy({ $0 >= 0 && $0 < width }),
      zip(places, places.dropFirst()).allSatisfy(<)
    else { return nil }
    self.init(width: width, places: places)
  }
}

extension FittedFeatures.Column {
  fileprivate init?(json: JSONValue, feature: Feature) {
    if json["drop"] == .boolean(true) {
      self.init(feature: feature, steps: nil)
      return
    }
    guard let elements = json["steps"]?.elements else { return nil }
    var steps: [any FittedTransform] = []
    var shape = FeatureShape(feature)
    for element in elements {
      guard let step = FeatureTransform.step(json: element, of: shape) else { return nil }
      steps.append(step)
      shape = step.shape(of: shape)
    }
    guard shape.numbers != nil else { return nil }
    self.init(feature: feature, steps: steps)
  }
}
