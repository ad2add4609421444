import Foundation
import Foundations

/// A named array of floating-point numbers in a checkpoint. Two are equal if all bits are, of not-a-numbers too.
public struct CheckpointTensor: Sendable, Equatable {
  /// The elements in row-major order.
  public enum Values: Sendable {
    /// IEEE 754 binary32.
    case float32([Float])
    /// IEEE 754 binary64.
    case float64([Double])
  }

  /// A path such as `dense1/weight`: names joined by `/`.
  public let name: String
  /// The extents, outermost first; empty for a scalar.
  public let shape: [Int]
  /// The index of the first element in the flat vector that the tensor is part of; 0 for one that stands alone.
  public let offset: Int
  /// The elements in row-major order.
  public private(set) var values: Values

  /// Creates a tensor.
  ///
  /// - Precondition: there are as many values as the shape says.
  public init(name: String, shape: [Int], offset: Int = 0, values: Values) {
    self.name = name
    self.shape = shape
    self.offset = offset
    self.values = values
    precondition(count == shape.reduce(1, *), "\(name): \(count) values for the shape \(shape)")
  }

  /// Copies a tensor out of memory that holds its elements in row-major order.
  ///
  /// - Precondition: there are as many bytes as shape and type say.
  public init(name: String, shape: [Int], offset: Int = 0, type: ElementType, copying bytes: RawSpan) {
    let values: Values =
      switch type {
      case .float32: .float32(Self.elements(bytes))
      case .float64: .float64(Self.elements(bytes))
      }
    self.init(name: name, shape: shape, offset: offset, values: values)
  }

  /// The elements' type.
  public var elementType: ElementType {
    switch values {
    case .float32: .float32
    case .float64: .float64
    }
  }

  /// The number of elements.
  public var count: Int {
    switch values {
    case .float32(let values): values.count
    case .float64(let values): values.count
    }
  }

  /// The elements as doubles, which hold every float.
  public var doubles: [Double] {
    switch values {
    case .float32(let values): values.map(Double.init)
    case .float64(let values): values
    }
  }

  private static func elements<Element: BitwiseCopyable>(_ bytes: RawSpan) -> [Element] {
    let count = bytes.byteCount / MemoryLayout<Element>.stride
    return [Element](unsafeUninitializedCapacity: count) { elements, initialized in
      bytes.withUnsafeBytes { UnsafeMutableRawBufferPointer(elements).copyMemory(from: $0) }
      initialized = count
    }
  }

  /// Calls `body` with the elements' bytes in this machine's order.
  public func withBytes<Result>(_ body: (RawSpan) throws -> Result) rethrows -> Result {
    switch values {
    case .float32(let values): try body(values.span.bytes)
    case .float64(let values): try body(values.span.bytes)
    }
  }

  /// Copies the elements into memory of exactly their size.
  public func copy(to bytes: inout MutableRawSpan) {
    precondition(
      bytes.byteCount == count * elementType.byteCount, "\(name): \(bytes.byteCount) bytes for \(count) elements")
    bytes.withUnsafeMutableBytes { target in
      withBytes { $0.withUnsafeBytes { target.copyMemory(from: $0) } }
    }
  }

  /// Takes other elements out of memory of exactly their size, into the tensor's own memory if no copy shares it.
  public mutating func setElements(copying bytes: RawSpan) {
    precondition(
      bytes.byteCount == count * elementType.byteCount, "\(name): \(bytes.byteCount) bytes for \(count) elements")
    // The array is taken out of the enumeration first: two references would make it copy itself.
    switch values {
    case .float32(var elements):
      values = .float32([])
      elements.withUnsafeMutableBytes { target in bytes.withUnsafeBytes { target.copyMemory(from: $0) } }
      values = .float32(elements)
    case .float64(var elements):
      values = .float64([])
      elements.withUnsafeMutableBytes { target in bytes.withUnsafeBytes { target.copyMemory(from: $0) } }
      values = .float64(elements)
    }
  }

  /// Whether name, shape, offset, type and every bit of every element are the same.
  public static func == (left: CheckpointTensor, right: CheckpointTensor) -> Bool {
    left.name == right.name && left.offset == right.offset && left.hasSameElements(as: right)
  }

  /// Whether shape, type and every bit of every element are the same.
  func hasSameElements(as other: CheckpointTensor) -> Bool {
    shape == other.shape && elementType == other.elementType
      && withBytes { bytes in
        other.withBytes { other in
          bytes.withUnsafeBytes { bytes in
            other.withUnsafeBytes { bytes.isEmpty || memcmp(bytes.baseAddress!, $0.baseAddress!, bytes.count) == 0 }
          }
        }
      }
  }
}
