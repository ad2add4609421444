import Foundations
import TestSupport

/// A random objective of matrices as a config would have it, the same for the same seed, with what it names: parameters,
/// and datasets whose rows it reads. Smooth, and tame whatever the chain.
///
/// Extents are drawn around those at which the engine or its kernels choose another way: panels and tiles, narrow
/// products, slots and products, rows too long for blocks.
struct RandomFormula {
  private(set) var parameters: [(name: String, shape: [Int])] = []
  private(set) var rows: [(name: String, shape: [Int])] = []
  private(set) var text = ""
  /// A row that is a single number is a place below this.
  private(set) var places = 9
  private var generator: SeededGenerator
  private let hasData: Bool

  private static let extents = [1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 31, 33, 48, 63, 65, 100, 127, 129, 150, 200, 260]
  private static let longExtents = [4095, 4096, 4097, 5000, 9000]
  private static let mostElements = 40_000

  init(seed: UInt64, hasData: Bool) {
    generator = SeededGenerator(seed)
    self.hasData = hasData
    let terms = (0..<pick(1...2)).map { _ in "\(number(0.3...1.5)) * (\(scalar()))" }
    text = terms.joined(separator: " + ")
    if hasData, rows.isEmpty { text += " + 0.1 * sum(\(row([3])))" }
  }

  // MARK: Drawing

  private mutating func pick(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &generator) }
  private mutating func pick<Element>(_ choices: [Element]) -> Element { choices[pick(0...choices.count - 1)] }
  private mutating func number(_ range: ClosedRange<Double>) -> Double {
    (Double.random(in: range, using: &generator) * 100).rounded() / 100
  }

  /// Extents of a matrix, on both sides of what makes it large.
  private mutating func extents() -> (Int, Int) {
    if pick(0...9) == 0 { return (pick(1...3), pick(Self.longExtents)) }
    var (rows, columns) = (pick(Self.extents), pick(Self.extents))
    while rows * columns > Self.mostElements { (rows, columns) = (pick(Self.extents), pick(Self.extents)) }
    return (rows, columns)
  }

  private mutating func parameter(_ shape: [Int]) -> String {
    if let same = parameters.first(where: { $0.shape == shape }), pick(0...3) == 0 { return same.name }
    let name = "P\(parameters.count)"
    parameters.append((name, shape))
    return name
  }

  private mutating func row(_ shape: [Int]) -> String {
    if let same = rows.first(where: { $0.shape == shape }) { return same.name }
    let name = "x\(rows.count)"
    rows.append((name, shape))
    return name
  }

  // MARK: Values

  private mutating func scalar() -> String {
    let (rows, columns) = extents()
    switch pick(0...(hasData ? 13 : 5)) {
    case 0: return "mean((\(matrix(rows, columns)))^2)"
    case 1: return "mean((tanh(\(matrix(rows, columns))) @ \(parameter([columns, pick(2...9)])))^2)"
    case 2: return "mean(tanh(\(matrix(rows, columns))) * sin(\(parameter([rows, columns]))))"
    case 3: return "log_sum_exp(\(vector(columns)))"
    case 4: return "-log_softmax(\(vector(columns)))[\(pick(0...columns - 1))]"
    case 5: return "mean((transpose(\(matrix(rows, columns))) @ \(parameter([rows, pick(2...9)])))^2)"
    case 8: return "mean((\(matrix(rows, columns)) - \(row([3]))[\(pick(0...2))])^2)"
    case 6, 7:
      return "-log_softmax(\(row([rows])) @ \(parameter([rows, columns])) + \(parameter([columns])))[\(index(columns))]"
    case 9: return "mean((\(row([rows])) @ \(parameter([rows, columns])))^2) * take(\(row([9])), \(index(9)))"
    case 11, 12:
      return "mean(tanh(\(row([pick(1...4), rows])) @ \(parameter([rows, columns])) + \(parameter([columns])))^2)"
    case 13: return "mean(sin(take(\(parameter([rows, columns])), \(index(rows)))))"
    default: return "mean((\(row([rows, 3])) @ \(parameter([3, columns])) - \(vector(columns)))^2)"
    }
  }

  /// A place below `count` that each sample has.
  private mutating func index(_ count: Int) -> String {
    places = min(places, count)
    return row([])
  }

  /// A smooth function of every element, which stays small.
  private mutating func smooth(_ x: String) -> String {
    let function = pick([
      "tanh(X)", "tanh(X)", "sin(X)", "cos(X)", "sigmoid(X)", "erf(X)", "tanh(softplus(X))", "exp(-(X)^2)",
      "log1p((X)^2)", "rsqrt((X)^2 + 0.5)", "tanh(expm1(X))", "1 / (1 + (X)^2)", "0.5 * square(X)", "sqrt((X)^2 + 1)",
    ])
    return function.replacing("X", with: x)
  }

  private mutating func vector(_ count: Int) -> String {
    switch pick(0...(hasData ? 4 : 2)) {
    case 0: return parameter([count])
    case 1: return "\(smooth(parameter([count]))) * \(number(0.5...1))"
    case 2: return "mean(\(matrix(pick([1, 2, 5, 17]), count)), axis=0)"
    case 3: return "\(row([5])) @ \(parameter([5, count]))"
    default: return "tanh(\(row([17])) @ \(parameter([17, count])) + \(parameter([count])))"
    }
  }

  private mutating func matrix(_ rows: Int, _ columns: Int) -> String {
    switch pick(0...(hasData ? 14 : 11)) {
    case 7: return "softmax(\(parameter([rows, columns])), axis=\(pick(0...1)))"
    case 8 where rows > 1: return "concatenate([\(parameter([rows - 1, columns])), \(parameter([1, columns]))])"
    case 9: return "(\(parameter([rows, columns])) - mean(\(parameter([rows, columns])), axis=1, keepdims=1))"
    case 10 where rows > 2: return "pad(\(parameter([rows - 2, columns])), ((1, 1), (0, 0)))"
    case 0: return smooth(parameter([rows, columns]))
    case 1: return "transpose(\(parameter([columns, rows])))"
    case 2 where rows <= 40: return "\(parameter([2 * rows, columns]))[::2]"
    case 3: return "(\(parameter([rows, columns])) + \(parameter([columns])))"
    case 4, 5, 6:
      let inner = pick(Self.extents.filter { $0 * max(rows, columns) <= Self.mostElements })
      let left = pick(0...1) == 0 ? parameter([rows, inner]) : smooth(parameter([rows, inner]))
      let bias = pick(0...2) == 0 ? " + \(parameter([columns]))" : ""
      return smooth("\(left) @ \(parameter([inner, columns]))\(bias)")
    case 12: return "(\(row([columns])) * tanh(\(parameter([rows, columns]))))"
    case 13 where rows <= 40: return "tanh(\(row([rows, 4])) @ \(parameter([4, columns])))"
    case 14: return "(\(parameter([rows, 5])) @ tanh(\(row([5, 1])) @ \(parameter([1, columns]))))"
    default: return parameter([rows, columns])
    }
  }
}
