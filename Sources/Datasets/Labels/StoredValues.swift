import Foundations
import HDF5

/// What the elements of stored rows stand for.
package enum StoredValues: Sendable, Equatable {
  /// Themselves, as numbers.
  case numbers
  /// Themselves, as texts.
  case texts
  /// No and yes, stored as 0 and 1.
  case booleans
  /// Whole numbers that each stand for a name. Of categories -1 stands for none of them.
  case codes([Code], areCategories: Bool)
  /// Something that is neither a number nor a text.
  case other

  /// Whether they are names rather than amounts.
  var areNames: Bool {
    switch self {
    case .texts, .codes: true
    case .numbers, .booleans, .other: false
    }
  }

  /// A whole number and what it stands for.
  package struct Code: Sendable, Equatable {
    /// The number.
    package let value: Int64
    /// The name.
    package let name: String

    /// Names a number.
    package init(_ value: Int64, named name: String) {
      self.value = value
      self.name = name
    }
  }
}

extension StoredRows {
  /// What the elements stand for: numbers where they are such.
  package var values: StoredValues { get throws { isNumeric ? .numbers : .other } }

  /// What to do about elements that cannot be read, for messages; empty if there is nothing to say.
  package var typeAdvice: String { "" }

  /// Texts of some rows, one for each element.
  ///
  /// - Throws: `HDF5Error` or `TrainerError`; by default always.
  package func readTexts(rows: Range<Int>) throws -> [String] {
    throw TrainerError(.data, "\(place) holds \(typeName), expected texts")
  }

  /// Adds texts to a fingerprint, each ended by a zero: those of all rows, or of some.
  func hashTexts(rows: [Int]?, into stream: inout Digest.Stream) throws {
    func update(_ range: Range<Int>) throws {
      var bytes: [UInt8] = []
      for text in try readTexts(rows: range) { bytes += text.utf8 + [0] }
      stream.update(bytes)
    }
    if let rows {
      for row in rows { try update(row..<row + 1) }
    } else {
      let count = try shape.first ?? 0
      let step = try blockRows()
      for start in stride(from: 0, to: count, by: step) { try update(start..<min(count, start + step)) }
    }
  }

  /// About so many rows as are read at once, in whole chunks, so that none is unpacked twice.
  func blockRows() throws -> Int {
    let chunk = max(1, try rowsOfChunk)
    return max(chunk, (1 << 16) / max(1, try elementsOfRow()) / chunk * chunk)
  }

  /// The number of elements of a row.
  ///
  /// - Throws: What ``shape`` throws.
  func elementsOfRow() throws -> Int { try shape.dropFirst().reduce(1, *) }
}

extension DatasetRows {
  var values: StoredValues {
    get throws {
      switch dataset.datatype.kind {
      case .string: return .texts
      case .enumeration:
        if try dataset.datatype.isBoolean { return .booleans }
        return .codes(
          try dataset.datatype.enumerationMembers.map { StoredValues.Code($0.value, named: $0.name) },
          areCategories: false)
      case .integer:
        // As MATLAB stores logical arrays.
        if dataset.datatype.byteCount == 1, try dataset.texts("MATLAB_class") == ["logical"] { return .booleans }
        return try flags().map { .codes($0, areCategories: false) } ?? .numbers
      case .floatingPoint: return .numbers
      case .other: return .other
      }
    }
  }

  func readTexts(rows: Range<Int>) throws -> [String] {
    try dataset.readStrings(selecting: .range(rows))
  }

  /// The values and meanings of the conventions for climate data (CF 1.11, section 3.5); `nil` if there are none, or masks.
  private func flags() throws -> [StoredValues.Code]? {
    guard try dataset.hasAttribute("flag_values"), try !dataset.hasAttribute("flag_masks"),
      let meanings = try dataset.texts("flag_meanings")
    else { return nil }
    let values = try dataset.attribute("flag_values")
    let names = meanings.count == 1 ? meanings[0].split(separator: " ").map(String.init) : meanings
    guard values.datatype.isNumeric, values.dataspace.count == names.count, names.count > 1 else { return nil }
    let codes = zip(try values.read(as: Int64.self), names).map { StoredValues.Code($0, named: $1) }
    return Set(codes.map(\.value)).count == codes.count ? codes : nil
  }
}

/// Texts of which each row is stored as an array of single characters, as netCDF stores them.
struct CharacterRows: StoredRows {
  let rows: DatasetRows

  /// - Returns: `nil` for anything else.
  init?(_ rows: DatasetRows) throws {
    guard case .string(isVariableLength: false, _) = rows.dataset.datatype.kind, rows.dataset.datatype.byteCount == 1,
      try rows.shape.count == 2
    else { return nil }
    self.rows = rows
  }

  var place: String { rows.place }
  var shape: [Int] { get throws { Array(try rows.shape.prefix(1)) } }
  var numberType: NumberType? { nil }
  var isNumeric: Bool { false }
  var typeName: String { "text" }
  var typeIdentity: String { "characters" }
  var rowsOfChunk: Int { get throws { try rows.rowsOfChunk } }
  var byteCount: Double { get throws { try rows.byteCount } }
  var values: StoredValues { .texts }
  var typeAdvice: String { rows.typeAdvice }

  func readTexts(rows range: Range<Int>) throws -> [String] {
    let width = max(1, try rows.elementsOfRow())
    let characters = try rows.dataset.readTextBytes(selecting: .range(range))
    return try stride(from: 0, to: characters.count, by: width).map { start in
      var field = characters[start..<start + width]
      while let last = field.last, last == 0 || last == UInt8(ascii: " ") { field.removeLast() }
      guard let text = String(validating: field, as: UTF8.self) else {
        throw TrainerError(.data, "\(place) has a text in row \(range.lowerBound + start / width) that is not UTF-8")
      }
      return text
    }
  }

  func read<Value: NativeScalar>(_ type: Value.Type, rows: Range<Int>) throws -> [Value] {
    throw TrainerError(.data, "\(place) holds text, expected numbers")
  }

  func texts(_ name: String) throws -> [String]? { try rows.texts(name) }

  func hash(rows range: [Int]?, into stream: inout Digest.Stream) throws {
    try hashTexts(rows: range, into: &stream)
  }
}
