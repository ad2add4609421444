import Foundation
import Foundations

/// log(1 + x), exact where x is small.
struct LogOnePlus: FittedTransform {
  static let type = "log1p"

  init() {}

  init?(json: JSONValue, of shape: FeatureShape) {
    guard shape.numbers != nil else { return nil }
  }

  var json: JSONObject { [:] }

  func shape(of shape: FeatureShape) -> FeatureShape { shape }

  func apply(to values: inout FeatureValues, at place: FeaturePlace) throws {
    try values.map { value, _, row in
      guard value > -1 || value.isNaN else {
        throw place.error(
          row: row,
          "has \(JSONValue.text(of: value)), but log1p takes numbers greater than -1; clip or shift them first")
      }
      return Foundation.log1p(value)
    }
  }
}
