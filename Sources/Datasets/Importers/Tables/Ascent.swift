/// What numbers that come one after the other say of the rows they are in: whether all are whole, and whether each is the one
/// before it and 1, as those of an identifier are.
struct Ascent: Sendable {
  private var count = 0
  private var isWhole = true
  private var isRising = true
  private var ends: (first: Double, last: Double)?

  mutating func append(_ number: Double) {
    count += 1
    guard isWhole else { return }
    if number != number.rounded() { isWhole = false }
    append(first: number, last: number)
  }

  /// Adds the numbers of another behind these.
  mutating func append(contentsOf other: Ascent) {
    count += other.count
    isWhole = isWhole && other.isWhole
    isRising = isRising && other.isRising
    if let ends = other.ends { append(first: ends.first, last: ends.last) }
  }

  private mutating func append(first: Double, last: Double) {
    guard let ends else {
      ends = (first, last)
      return
    }
    if first != ends.last + 1 { isRising = false }
    self.ends = (ends.first, last)
  }

  /// What is said of an identifier.
  private static let note = "different in all rows: an identifier?"
  /// Fewer rows ascend by chance.
  private static let fewestRows = 10

  /// The note on a column that looks like an identifier: whole numbers that ascend by 1, or that all differ under a name as
  /// identifiers have it; empty for any other.
  ///
  /// - Parameters:
  ///   - rowCount: The rows, of which some may have no number.
  ///   - distinctCount: The different numbers; `nil` for more than are counted.
  func identifierNote(_ name: String, rowCount: Int, distinctCount: Int?) -> String {
    guard count == rowCount, rowCount >= Self.fewestRows, isWhole else { return "" }
    return isRising || (distinctCount == rowCount && Self.isNameOfIdentifier(name)) ? Self.note : ""
  }

  private static func isNameOfIdentifier(_ name: String) -> Bool {
    let lowercased = name.lowercased()
    // What pandas writes in front of its table has no name.
    return ["", "id", "index", "unnamed: 0"].contains(lowercased) || lowercased.hasSuffix("_id") || name.hasSuffix("Id")
      || name.hasSuffix("ID")
  }
}
