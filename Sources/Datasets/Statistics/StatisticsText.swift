import Foundation
import Foundations

extension DatasetStatistics {
  private static let mostColumns = 100
  private static let mostCategories = 5
  private static let mostClasses = 30

  /// What `trainer data stats` prints.
  package var text: String {
    "\(path.onOneLine)\n"
      + groups.map { group in
        var text = "\n\(group.name): \(group.rows) \(group.rows == 1 ? "sample" : "samples")\n"
        text += "  inputs\n" + Self.text(of: group.inputs)
        switch group.targets {
        case .classes(let counts)?: text += "  targets\n" + Self.text(of: counts)
        case .numbers(let values)?: text += "  targets\n" + Self.text(of: values)
        case nil: break
        }
        return text
      }.joined()
  }

  private static func text(of values: Values) -> String {
    let measures = ["missing", "mean", "deviation", "min", "25 %", "50 %", "75 %", "max"]
    switch values {
    case .together(let numbers, let count):
      var table = TextTable(header: ["columns"] + measures.filter { !$0.hasSuffix("%") }, indentation: 4)
      let range = numbers.range
      table.append(
        ["all \(count)", "\(numbers.missing)"]
          + [numbers.mean, numbers.deviation, range?.lowerBound, range?.upperBound].map(number))
      return table.text + infinities([("", numbers.infinite)])
    case .columns(let columns):
      let hasCategories = columns.contains { $0.feature.kind == .category }
      var table = TextTable(
        header: ["column", "kind"] + measures + (hasCategories ? ["most frequent"] : []),
        left: hasCategories ? [0, 1, measures.count + 2] : [0, 1], indentation: 4)
      for column in columns.prefix(mostColumns) {
        table.append(
          [column.feature.name, column.feature.kind.rawValue, "\(column.missing)"] + cells(of: column)
            + (hasCategories ? [frequent(column)] : []))
      }
      let rest = columns.count - mostColumns
      return table.text + (rest > 0 ? "    … and \(rest) more columns\n" : "")
        + infinities(columns.map { (" in '\($0.feature.name.onOneLine)'", $0.numbers.infinite) })
    }
  }

  private static func cells(of column: Column) -> [String] {
    guard column.feature.kind != .category else { return [String](repeating: "-", count: 7) }
    let (numbers, isDate) = (column.numbers, column.feature.kind == .date)
    let quartiles = column.quartiles?.values.map(Optional.some) ?? [nil, nil, nil]
    let places = [numbers.range?.lowerBound] + quartiles + [numbers.range?.upperBound]
    let deviation =
      isDate
      ? numbers.deviation.map { "\(number($0 / CalendarDate.secondsPerDay)) days" } ?? "-" : number(numbers.deviation)
    return [isDate ? date(numbers.mean) : number(numbers.mean), deviation] + places.map(isDate ? date : number)
  }

  private static func frequent(_ column: Column) -> String {
    let order = column.categories.indices.sorted {
      (column.categories[$1], $0) < (column.categories[$0], $1)
    }
    let named = order.prefix(mostCategories).map {
      "\(column.feature.categories[$0].onOneLine) \(column.categories[$0])"
    }
    let rest = order.count - mostCategories
    return named.joined(separator: ", ") + (rest > 0 ? ", … (\(order.count) in all)" : "")
  }

  private static func text(of counts: ClassCounts) -> String {
    let all = counts.classes.reduce(0) { $0 + $1.count }
    var table = TextTable(header: ["class", "samples", "share"], left: [0], indentation: 4)
    for entry in counts.classes.prefix(mostClasses) {
      table.append([
        entry.name ?? entry.label, "\(entry.count)",
        String(format: "%.1f %%", 100 * Double(entry.count) / Double(max(1, all))),
      ])
    }
    let rest = counts.classes.count - mostClasses
    return table.text + (rest > 0 ? "    … and \(rest) more classes\n" : "")
  }

  private static func infinities(_ counts: [(place: String, count: Int)]) -> String {
    counts.filter { $0.count > 0 }.map { "    \($0.count) infinite\($0.place), left out\n" }.joined()
  }

  private static func number(_ value: Double?) -> String {
    guard let value else { return "-" }
    return value == value.rounded() && abs(value) < 1e6 ? "\(Int(value))" : String(format: "%.5g", value)
  }

  private static func date(_ seconds: Double?) -> String {
    seconds.flatMap(CalendarDate.init(seconds:)).map(\.text) ?? "-"
  }
}

extension DatasetStatistics {
  /// The same as JSON.
  package var json: JSONValue {
    .object([
      "path": .string(path),
      "groups": .array(
        groups.map { group in
          let targets: JSONValue? =
            switch group.targets {
            case .classes(let counts)?:
              .object([
                "classes": .array(
                  counts.classes.map { entry in
                    .object(
                      JSONObject([
                        ("label", .string(entry.label)), ("name", entry.name.map(JSONValue.string)),
                        ("samples", .integer(entry.count)),
                      ]))
                  })
              ])
            case .numbers(let values)?: Self.json(of: values)
            case nil: nil
            }
          return .object(
            JSONObject([
              ("name", .string(group.name)), ("samples", .integer(group.rows)), ("inputs", Self.json(of: group.inputs)),
              ("targets", targets),
            ]))
        }),
    ])
  }

  private static func json(of values: Values) -> JSONValue {
    switch values {
    case .together(let numbers, let count):
      .object(JSONObject([("columnCount", .integer(count))] + fields(of: numbers)))
    case .columns(let columns):
      .object([
        "columns": .array(
          columns.map { column in
            let feature = [
              ("name", JSONValue.string(column.feature.name)), ("kind", .string(column.feature.kind.rawValue)),
            ].map { ($0.0, Optional($0.1)) }
            guard column.feature.kind == .category else {
              let quartiles = column.quartiles.map { JSONValue.array($0.values.map(JSONValue.number)) }
              return .object(JSONObject(feature + fields(of: column.numbers) + [("quartiles", quartiles)]))
            }
            let categories = zip(column.feature.categories, column.categories).map { name, count in
              JSONValue.object(["name": .string(name), "samples": .integer(count)])
            }
            return .object(
              JSONObject(feature + [("missing", .integer(column.missing)), ("categories", .array(categories))]))
          })
      ])
    }
  }

  private static func fields(of numbers: NumberStatistics) -> [(String, JSONValue?)] {
    [
      ("count", .integer(numbers.count)), ("missing", .integer(numbers.missing)),
      ("infinite", .integer(numbers.infinite)), ("mean", numbers.mean.map(JSONValue.number)),
      ("deviation", numbers.deviation.map(JSONValue.number)),
      ("min", (numbers.range?.lowerBound).map(JSONValue.number)),
      ("max", (numbers.range?.upperBound).map(JSONValue.number)),
    ]
  }
}
