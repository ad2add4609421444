import Foundations
import HDF5

/// The rows of a dataset with the attributes that the CF conventions (Climate and Forecast, section 8.1 and 2.5.1) have for
/// packed numbers: `_FillValue` and `missing_value` are missing, which is NaN here, and all others are what is stored times
/// `scale_factor` plus `add_offset`.
struct UnpackedRows: StoredRows {
  let base: any StoredRows
  /// What is stored where a value is missing.
  let missing: Set<Double>
  private let scale: Double
  private let offset: Double
  /// Whether a whole number is missing; where they are more than can be in memory it is not looked up.
  private var holdsMissing = false

  private static let elementsAtOnce = 1 << 20
  private static let missingNames = ["_FillValue", "missing_value"]

  /// - Parameter file: The file's path, for messages.
  /// - Returns: `nil` if the dataset has no such attribute that changes a number.
  /// - Throws: `TrainerError` if one that changes all numbers is not a single finite number; `HDF5Error`.
  init?(_ base: any StoredRows, attributesOf object: some HDF5.Object, file: String) throws {
    guard base.isNumeric else { return nil }
    let scale = try object.packing("scale_factor", place: base.place, file: file) ?? 1
    let offset = try object.packing("add_offset", place: base.place, file: file) ?? 0
    var missing = Set(try Self.missingNames.flatMap { try object.numbers($0) }.filter { !$0.isNaN })
    // Programs write 1e20 beside numbers of single precision, which have no such number.
    if base.numberType == .float32 { missing.formUnion(missing.map { Double(Float($0)) }) }
    guard scale != 1 || offset != 0 || !missing.isEmpty else { return nil }
    (self.base, self.missing, self.scale, self.offset) = (base, missing, scale, offset)
    if scale == 1, offset == 0, let type = base.numberType, !type.isFloatingPoint {
      holdsMissing = try !MemoryLimit.allows(Int(exactly: base.byteCount) ?? .max) || findsMissing()
    }
  }

  private var isScaled: Bool { scale != 1 || offset != 0 }

  var place: String { base.place }
  var shape: [Int] { get throws { try base.shape } }
  var isNumeric: Bool { base.isNumeric }
  var typeName: String { base.typeName }
  var rowsOfChunk: Int { get throws { try base.rowsOfChunk } }
  // Codes that have names are no amounts to scale; where one is missing it is NaN.
  var values: StoredValues { get throws { isScaled ? .numbers : try base.values } }
  var byteCount: Double { get throws { try base.byteCount } }
  var typeAdvice: String { base.typeAdvice }
  var unwritten: UnwrittenRows? { get throws { try base.unwritten } }
  func texts(_ name: String) throws -> [String]? { try base.texts(name) }

  var numberType: NumberType? {
    guard !isScaled else { return .float64 }
    guard let type = base.numberType, !type.isFloatingPoint else { return base.numberType }
    // Whole numbers of which none is missing are classes, or bytes of images.
    return holdsMissing ? .float64 : type
  }

  var typeIdentity: String { numberType?.rawValue ?? base.typeIdentity }

  private func findsMissing() throws -> Bool {
    let shape = try base.shape
    let rows = max(1, Self.elementsAtOnce / max(1, shape.dropFirst().reduce(1, *)))
    for part in RowStretches(0..<(shape.first ?? 0), of: rows) {
      if try base.read(Double.self, rows: part).contains(where: missing.contains) { return true }
    }
    return false
  }

  func read<Value: NativeScalar>(_ type: Value.Type, rows: Range<Int>) throws -> [Value] {
    if !isScaled, let own = base.numberType, !own.isFloatingPoint, !holdsMissing {
      return try base.read(type, rows: rows)
    }
    let width = try base.shape.dropFirst().reduce(1, *)
    var values: [Value] = []
    values.reserveCapacity(rows.count * width)
    for part in RowStretches(rows, of: max(1, Self.elementsAtOnce / max(1, width))) {
      for stored in try base.read(Double.self, rows: part) {
        // Not fused: the conventions' readers multiply and then add.
        let value = missing.contains(stored) ? .nan : isScaled ? stored * scale + offset : stored
        values.append(try Self.rounded(value, place))
      }
    }
    return values
  }

  private static func rounded<Value: NativeScalar>(_ value: Double, _ place: String) throws -> Value {
    guard let result = Value(rounding: value) else {
      throw HDF5Error(.datatype, "cannot read \(place): \(value) does not fit \(Value.numberType)")
    }
    return result
  }

  func hash(rows: [Int]?, into stream: inout Digest.Stream) throws {
    // Where nothing is changed the bytes are those of the dataset itself, which is the faster way.
    if !isScaled, let own = base.numberType, !own.isFloatingPoint, !holdsMissing {
      return try base.hash(rows: rows, into: &stream)
    }
    try hashElements(rows: rows, into: &stream)
  }
}

extension HDF5.Object {
  /// The numbers in an attribute; none if there is none of that name, or it holds something else.
  func numbers(_ name: String) throws -> [Double] {
    guard try hasAttribute(name) else { return [] }
    let attribute = try attribute(name)
    return attribute.datatype.isNumeric ? try attribute.read() : []
  }

  /// The one number of an attribute that all numbers of a dataset are unpacked with; `nil` if there is none of that name.
  ///
  /// - Throws: `TrainerError` with code `.data` if it is something else, or a scale of 0, which makes all numbers alike.
  fileprivate func packing(_ name: String, place: String, file: String) throws -> Double? {
    guard try hasAttribute(name) else { return nil }
    let attribute = try attribute(name)
    let values: [Double]? = attribute.datatype.isNumeric ? try attribute.read() : nil
    let isScale = name == "scale_factor"
    if let value = values?.first, values?.count == 1, value.isFinite, !isScale || value != 0 { return value }
    let found =
      switch values {
      case let values? where values.count == 1: "\(values[0])"
      case let values?: "\(values.count) numbers"
      case nil: "\(attribute.datatype)"
      }
    throw TrainerError(
      .data,
      "\(file): the attribute '\(name)' of \(place) is \(found), expected one finite number\(isScale ? " other than 0" : "")"
        + " to unpack all numbers with; mend the attribute or remove it")
  }
}

extension NativeScalar {
  /// The nearest value; `nil` for an integer type that has no equal.
  init?(rounding value: Double) {
    switch Self.numberType {
    // Both have the same bytes, as the protocol says.
    case .float32: self = unsafeBitCast(Float(value), to: Self.self)
    case .float64: self = unsafeBitCast(value, to: Self.self)
    default: self.init(exactly: value)
    }
  }
}
