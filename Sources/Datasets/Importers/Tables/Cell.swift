/// What a field of a table is until all of the table is known, in 64 bits: a finite number as itself, anything else as one
/// of the patterns that stand for no number.
enum Cell {
  /// No value.
  static let missing: UInt64 = 0x7FF8_0000_0000_0000
  /// A text that was not kept, since its column is one of names and free text, or holds too many.
  static let lost: UInt64 = 0x7FFC_0000_0000_0000
  private static let text: UInt64 = 0xFFFC_0000_0000_0000
  private static let newText: UInt64 = 0xFFFD_0000_0000_0000
  private static let sort: UInt64 = 0xFFFF_0000_0000_0000

  /// The text at a place of the table's pool.
  static func text(_ place: Int) -> UInt64 { text | UInt64(UInt32(place)) }
  /// The text at a place of the pool of those that are new in a piece.
  static func newText(_ place: Int) -> UInt64 { newText | UInt64(UInt32(place)) }
  static func isText(_ cell: UInt64) -> Bool { cell & sort == text }
  static func isNewText(_ cell: UInt64) -> Bool { cell & sort == newText }
  /// The place of a text.
  static func place(_ cell: UInt64) -> Int { Int(UInt32(truncatingIfNeeded: cell)) }
  static func isNumber(_ cell: UInt64) -> Bool { cell & exponent != exponent }

  private static let exponent: UInt64 = 0x7FF0_0000_0000_0000
}
