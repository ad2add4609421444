import HDF5

extension NumberType {
  /// The type that holds the numbers of all, as NumPy chooses it; `nil` if one is of unusual width.
  static func promoted(_ types: [NumberType?]) -> NumberType? {
    guard let first = types.first else { return nil }
    return types.dropFirst().reduce(first) { left, right in
      guard let left, let right else { return nil }
      return left.promoted(with: right)
    }
  }

  /// That of parts of which some are booleans: those take the type of what they are joined with.
  static func promoted(_ parts: [(type: NumberType?, isBoolean: Bool)]) -> NumberType? {
    let numbers = parts.filter { !$0.isBoolean }
    return promoted((numbers.isEmpty ? parts : numbers).map(\.type))
  }

  private var isSigned: Bool { [.int8, .int16, .int32, .int64].contains(self) }

  private func promoted(with other: NumberType) -> NumberType {
    guard self != other else { return self }
    switch (isFloatingPoint, other.isFloatingPoint) {
    case (true, true): return .float64
    case (true, false): return self == .float32 && other.byteCount <= 2 ? .float32 : .float64
    case (false, true): return other.promoted(with: self)
    case (false, false): break
    }
    if isSigned == other.isSigned { return byteCount > other.byteCount ? self : other }
    let (signed, unsigned) = isSigned ? (self, other) : (other, self)
    if signed.byteCount > unsigned.byteCount { return signed }
    return switch unsigned.byteCount {
    case 1: .int16
    case 2: .int32
    case 4: .int64
    default: .float64
    }
  }
}
