/// Counts different values by 64 bits of each, up to a limit, in memory that the limit bounds.
struct DistinctCounter: Sendable {
  /// How many are told apart. Text of more different values is no category, unless it is set to be one.
  static let limit = 10_000

  /// The places of a table that is at most half full; 0 stands for none, since the value 0 is counted apart.
  private var slots: [UInt64] = []
  private var used = 0
  private var holdsZero = false
  /// Whether there are more than the limit.
  private(set) var isMany = false

  /// How many different values there were; `nil` for more than the limit.
  var count: Int? { isMany ? nil : used + (holdsZero ? 1 : 0) }

  /// Counts a value.
  @inline(__always)
  mutating func insert(_ value: UInt64) {
    guard !isMany else { return }
    guard value != 0 else {
      if !holdsZero, used == Self.limit { return giveUp() }
      holdsZero = true
      return
    }
    guard !slots.isEmpty, slots[place(of: value)] == value else { return insertNew(value) }
  }

  /// Counts what another has counted.
  mutating func insert(contentsOf other: DistinctCounter) {
    if other.isMany { giveUp() }
    guard !isMany else { return }
    if other.holdsZero { insert(0) }
    for value in other.slots where value != 0 { insert(value) }
  }

  /// The bits of a text: equal ones for equal texts, and hardly ever for others.
  static func bits(of text: UnsafeRawBufferPointer) -> UInt64 {
    var bits = UInt64(text.count) &* 0x9E37_79B9_7F4A_7C15
    var at = 0
    while at + 8 <= text.count {
      bits = mixed(bits ^ text.loadUnaligned(fromByteOffset: at, as: UInt64.self))
      at += 8
    }
    var rest = UInt64(0)
    while at < text.count {
      rest = rest << 8 | UInt64(text[at])
      at += 1
    }
    return mixed(bits ^ rest)
  }

  static func mixed(_ bits: UInt64) -> UInt64 {
    let product = (bits ^ 0x6A09_E667_F3BC_C908).multipliedFullWidth(by: 0x9E37_79B9_7F4A_7C15)
    return product.high ^ product.low
  }

  /// Where a value stands, or the free place where it belongs.
  @inline(__always)
  private func place(of value: UInt64) -> Int {
    let mask = slots.count - 1
    var place = Int(truncatingIfNeeded: Self.mixed(value)) & mask
    while slots[place] != 0, slots[place] != value { place = (place + 1) & mask }
    return place
  }

  private mutating func insertNew(_ value: UInt64) {
    guard used + (holdsZero ? 1 : 0) < Self.limit else { return giveUp() }
    if 2 * (used + 1) > slots.count {
      let old = slots
      slots = [UInt64](repeating: 0, count: max(16, 2 * old.count))
      for value in old where value != 0 { slots[place(of: value)] = value }
    }
    slots[place(of: value)] = value
    used += 1
  }

  private mutating func giveUp() {
    isMany = true
    slots = []
  }
}
