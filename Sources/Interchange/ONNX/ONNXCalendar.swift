import Foundations

/// Parts of dates by arithmetic on whole numbers in double precision: the algorithm of Hinnant, "chrono-Compatible Low-Level Date
/// Algorithms" (2013), as `DateParts` has it.
struct ONNXCalendar {
  private(set) var graph: ONNXGraph
  private let seconds: ONNXValue
  private let days: ONNXValue
  private var known: (year: ONNXValue, month: ONNXValue, day: ONNXValue)?

  init(seconds: ONNXValue, _ graph: ONNXGraph) {
    self.graph = graph
    self.seconds = seconds
    let day = self.graph.constant([86_400], [], .double)
    days = self.graph.node("Floor", [self.graph.node("Div", [seconds, day])])
  }

  /// A part; `nil` for one that is not known.
  mutating func part(_ name: String) -> ONNXValue? {
    switch name {
    case "year": date().year
    case "month": date().month
    case "day": date().day
    // The first of January 1970 was a Thursday.
    case "weekday": rest(add(days, 3), 7)
    case "hour": floor(subtract(seconds, multiply(days, 86_400)), 3600)
    default: nil
    }
  }

  private mutating func number(_ value: Double) -> ONNXValue { graph.constant([value], [], .double) }
  private mutating func add(_ x: ONNXValue, _ y: Double) -> ONNXValue { graph.node("Add", [x, number(y)]) }
  private mutating func multiply(_ x: ONNXValue, _ y: Double) -> ONNXValue { graph.node("Mul", [x, number(y)]) }
  private mutating func subtract(_ x: ONNXValue, _ y: ONNXValue) -> ONNXValue { graph.node("Sub", [x, y]) }

  /// ⌊x / y⌋.
  private mutating func floor(_ x: ONNXValue, _ y: Double) -> ONNXValue {
    graph.node("Floor", [graph.node("Div", [x, number(y)])])
  }

  /// x − y⌊x / y⌋.
  private mutating func rest(_ x: ONNXValue, _ y: Double) -> ONNXValue { subtract(x, multiply(floor(x, y), y)) }

  private mutating func date() -> (year: ONNXValue, month: ONNXValue, day: ONNXValue) {
    if let known { return known }
    let shifted = add(days, 719_468)
    let era = floor(shifted, 146_097)
    let dayOfEra = subtract(shifted, multiply(era, 146_097))
    // (d − d/1460 + d/36524 − d/146096) / 365
    let corrected = subtract(
      graph.node("Add", [subtract(dayOfEra, floor(dayOfEra, 1460)), floor(dayOfEra, 36_524)]), floor(dayOfEra, 146_096))
    let yearOfEra = floor(corrected, 365)
    let leapDays = subtract(floor(yearOfEra, 4), floor(yearOfEra, 100))
    let dayOfYear = subtract(dayOfEra, graph.node("Add", [multiply(yearOfEra, 365), leapDays]))
    let shiftedMonth = floor(add(multiply(dayOfYear, 5), 2), 153)
    let day = subtract(dayOfYear, add(floor(add(multiply(shiftedMonth, 153), 2), 5), -1))
    let isEarly = graph.node("Less", [shiftedMonth, number(10)], gives: .boolean)
    let month = graph.node("Where", [isEarly, add(shiftedMonth, 3), add(shiftedMonth, -9)], gives: .double)
    let yearBefore = graph.node("Add", [yearOfEra, multiply(era, 400)])
    let isNextYear = graph.cast(graph.node("LessOrEqual", [month, number(2)], gives: .boolean), to: .double)
    let date = (year: graph.node("Add", [yearBefore, isNextYear]), month: month, day: day)
    known = date
    return date
  }
}
