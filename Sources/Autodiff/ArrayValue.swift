import Foundations

/// An array of numbers with its shape: what a name of a formula stands for, and what a gradient is.
public struct ArrayValue: Sendable, Equatable {
  /// The elements in row-major order.
  public let values: [Double]
  /// The extents; empty for a scalar.
  public let shape: Shape

  /// Creates an array.
  ///
  /// - Precondition: there are as many values as the shape has elements.
  public init(_ values: [Double], shape: Shape) {
    precondition(values.count == shape.elementCount, "a shape \(shape) does not hold \(values.count) values")
    self.values = values
    self.shape = shape
  }

  /// Reads a number or nested arrays of numbers of equal lengths; `nil` if it is anything else.
  public init?(_ json: JSONValue) {
    guard let elements = json.elements else {
      guard let number = json.double else { return nil }
      self.init([number], shape: [])
      return
    }
    let parts = elements.compactMap(ArrayValue.init)
    guard parts.count == elements.count, parts.allSatisfy({ $0.shape == parts[0].shape }) else { return nil }
    self.init(parts.flatMap(\.values), shape: [parts.count] + (parts.first?.shape ?? []))
  }

  /// A number, or nested arrays.
  public var json: JSONValue { nested(values.map(JSONValue.number)) }

  /// Something for each element, in row-major order, as arrays nested like this one.
  public func nested(_ elements: [JSONValue]) -> JSONValue { Self.nest(elements, shape) }

  /// What the elements of an array of that name are called in a formula: `w[0]`, `w[1]`; a scalar's name is its own.
  public func elementNames(_ name: String) -> [String] { shape.elementNames(name) }

  private static func nest(_ elements: [JSONValue], _ shape: Shape) -> JSONValue {
    guard let extent = shape.first else { return elements[0] }
    let (inner, size) = (Shape(shape.dropFirst()), shape.dropFirst().reduce(1, *))
    return .array((0..<extent).map { nest(Array(elements[$0 * size..<($0 + 1) * size]), inner) })
  }
}

extension Shape {
  /// What the elements of an array of this shape are called in a formula, in row-major order.
  package func elementNames(_ name: String) -> [String] {
    if isEmpty { return [name] }
    let strides = rowMajorStrides
    return (0..<elementCount).map { index in
      "\(name)[\(zip(self, strides).map { "\(index / $1 % $0)" }.joined(separator: ", "))]"
    }
  }
}

extension ArrayValue: ExpressibleByFloatLiteral, ExpressibleByIntegerLiteral, ExpressibleByArrayLiteral {
  /// A scalar.
  public init(floatLiteral value: Double) { self.init([value], shape: []) }
  /// A scalar.
  public init(integerLiteral value: Int) { self.init([Double(value)], shape: []) }
  /// A vector.
  public init(arrayLiteral elements: Double...) { self.init(elements, shape: [elements.count]) }
}
