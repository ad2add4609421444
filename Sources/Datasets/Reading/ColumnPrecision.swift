import Kernels

/// A column whose numbers differ by little more than a type's rounding, so that it says little or nothing.
package struct LostPrecision: Sendable, Equatable {
  /// The column, counted from 0.
  package let column: Int
  /// The number of the largest magnitude.
  package let largest: Double
  /// How far the numbers are from each other: their standard deviation.
  package let deviation: Double
  /// The distance of two neighbours of the type at the largest number.
  package let spacing: Double
}

/// Whether rounding to `Scalar` leaves of each column what distinguishes its numbers.
struct ColumnPrecision<Scalar: KernelElement> {
  /// The share of a column's deviation above which its rounding errors count.
  private static var mostError: Double { 1e-3 }
  /// Whole numbers from here on are rounded when they are read as doubles.
  private static var exactDoubles: Double { 0x1p53 }

  private let areLongIntegers: Bool
  private let columns: Int
  private var count = 0.0
  private var shift: [Double] = []
  private var sums: [Double]
  private var squares: [Double]
  private var errors: [Double]
  private var largest: [Double]
  /// How many elements of each column were noted, where the others are the background.
  private var noted: [Int] = []

  /// - Parameter areLongIntegers: Whether the file has whole numbers of 64 bits, which a double may have rounded.
  init(columns: Int, areLongIntegers: Bool) {
    self.columns = columns
    self.areLongIntegers = areLongIntegers
    sums = Array(repeating: 0, count: columns)
    (squares, errors, largest) = (sums, sums, sums)
  }

  /// - Parameters:
  ///   - background: What every element of a column is that ``note(_:_:column:)`` is not told of.
  ///   - areLongIntegers: As above.
  init(background: [Double], areLongIntegers: Bool) {
    self.init(columns: background.count, areLongIntegers: areLongIntegers)
    shift = background
    noted = Array(repeating: 0, count: columns)
  }

  /// Takes note of one element, and of what rounding has made of it.
  mutating func note(_ x: Double, _ y: Scalar, column: Int) {
    let (difference, error) = (x - shift[column], x - Double(y))
    sums[column] += difference
    squares[column] += difference * difference
    errors[column] += error * error
    if areLongIntegers, abs(x) >= Self.exactDoubles { errors[column] += x.ulp * x.ulp / 12 }
    if abs(x) > abs(largest[column]) { largest[column] = x }
    if !noted.isEmpty { noted[column] += 1 }
  }

  /// The first column that has lost what distinguishes its numbers, of so many rows; `nil` if none has.
  func loss(rows: Int) -> LostPrecision? {
    var whole = self
    whole.count = Double(rows)
    for column in 0..<columns where noted[column] < rows {
      let error = shift[column] - Double(Scalar(shift[column]))
      whole.errors[column] += Double(rows - noted[column]) * error * error
      if abs(shift[column]) > abs(largest[column]) { whole.largest[column] = shift[column] }
    }
    return whole.loss
  }

  /// Takes note of rows, and of what rounding has made of them.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  mutating func note(_ exact: [Double], _ rounded: ArraySlice<Scalar>) {
    if shift.isEmpty { shift = Array(exact.prefix(columns)) }
    var column = 0
    for (x, y) in zip(exact, rounded) {
      note(x, y, column: column)
      column += 1
      if column == columns {
        column = 0
        count += 1
      }
    }
  }

  /// The first column that has lost what distinguishes its numbers; `nil` if none has.
  var loss: LostPrecision? {
    for column in 0..<columns where errors[column] > 0 {
      let mean = sums[column] / count
      let deviation = max(0, squares[column] / count - mean * mean).squareRoot()
      let wasRounded = areLongIntegers && abs(largest[column]) >= Self.exactDoubles
      // A constant has nothing to lose, also one with the noise of its own computation.
      guard wasRounded || deviation > 1e-13 * abs(largest[column]) else { continue }
      guard (errors[column] / count).squareRoot() > Self.mostError * deviation else { continue }
      let spacing = max(Double(Scalar(largest[column]).ulp), wasRounded ? largest[column].ulp : 0)
      return LostPrecision(column: column, largest: largest[column], deviation: deviation, spacing: spacing)
    }
    return nil
  }
}
