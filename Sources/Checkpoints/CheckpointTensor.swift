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
  /// - Precondition: there are as many bytes as shape and type say, and they are aligned to the type.
  public init(
    name: String, shape: [Int], offset: Int = 0, type: ElementType, copying bytes: UnsafeRawBufferPointer
  ) {
    let values: Values =
      switch type {
      case .float32: .float32(bytes.withMemoryRebound(to: Float.self, Array.init))
      case .float64: .float64(bytes.withMemoryRebound(to: Double.self, Array.init))
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

  /// Calls `body` with the elements' bytes in this machine's order.
  public func withUnsafeBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
    switch values {
    case .float32(let values): try values.withUnsafeBytes(body)
    case .float64(let values): try values.withUnsafeBytes(body)
    }
  }

  /// Copies the elements into memory of exactly their size.
  public func copy(to bytes: UnsafeMutableRawBufferPointer) {
    precondition(bytes.count == count * elementType.byteCount, "\(name): \(bytes.count) bytes for \(count) elements")
    withUnsafeBytes { bytes.copyMemory(from: $0) }
  }

  /// Takes other elements out of memory of exactly their size, into the tensor's own memory if no copy shares it.
  public mutating func setElements(copying bytes: UnsafeRawBufferPointer) {
    precondition(bytes.count == count * elementType.byteCount, "\(name): \(bytes.count) bytes for \(count) elements")
    // The array is taken out of the enumeration first: two references would make it copy itself.
    switch values {
    case .float32(var elements):
      values = .float32([])
      elements.withUnsafeMutableBytes { $0.copyMemory(from: bytes) }
      values = .float32(elements)
    case .float64(var elements):
      values = .float64([])
      elements.withUnsafeMutableBytes { $0.copyMemory(from: bytes) }
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
      && withUnsafeBytes { bytes in
        other.withUnsafeBytes { bytes.isEmpty || memcmp(bytes.baseAddress!, $0.baseAddress!, bytes.count) == 0 }
      }
  }
}
