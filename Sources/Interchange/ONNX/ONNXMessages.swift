import Foundations
import TensorBoard

// The dozen messages of ONNX that a model is made of (onnx.proto3 of ONNX 1.12), as far as this program writes them.

/// What the elements of an ONNX tensor are, by the numbers of `TensorProto.DataType`.
enum ONNXType: Int {
  case float = 1
  case int64 = 7
  case string = 8
  case boolean = 9
  case double = 11

  init(_ type: ElementType) { self = type == .float32 ? .float : .double }

  /// The type as people read it.
  var text: String {
    switch self {
    case .float: "float"
    case .int64: "int64"
    case .string: "string"
    case .boolean: "bool"
    case .double: "double"
    }
  }
}

/// A value of an ONNX graph: its name, which no other has, and its type.
struct ONNXValue: Hashable {
  let name: String
  let type: ONNXType
}

/// The extent of one axis of an input or an output.
enum ONNXExtent: Hashable {
  case fixed(Int)
  /// As many as there are samples.
  case samples

  /// The name of the extent that is told at each run.
  static let samplesName = "samples"

  /// The extent as people read it.
  var text: String {
    switch self {
    case .fixed(let count): "\(count)"
    case .samples: Self.samplesName
    }
  }
}

/// A setting of a node.
struct ONNXAttribute {
  enum Value {
    case integer(Int)
    case integers([Int])
    case text(String)
    case texts([String])
  }

  let name: String
  let value: Value

  init(_ name: String, _ value: Value) { (self.name, self.value) = (name, value) }

  /// Writes an `AttributeProto`.
  func write(to message: inout ProtobufMessage) {
    message.add(1, text: name)
    switch value {
    case .integer(let number):
      message.add(3, integer: number, evenIfZero: true)
      message.add(20, integer: 2)
    case .integers(let numbers):
      for number in numbers { message.add(8, integer: number, evenIfZero: true) }
      message.add(20, integer: 7)
    case .text(let text):
      message.add(4, text: text, evenIfEmpty: true)
      message.add(20, integer: 3)
    case .texts(let texts):
      for text in texts { message.add(9, text: text, evenIfEmpty: true) }
      message.add(20, integer: 8)
    }
  }
}

/// A stored array.
struct ONNXTensor {
  enum Elements {
    /// Little-endian numbers, one behind the other.
    case raw([UInt8])
    case texts([String])
  }

  let name: String
  let type: ONNXType
  let shape: [Int]
  let elements: Elements

  /// Writes a `TensorProto`.
  func write(to message: inout ProtobufMessage) {
    for extent in shape { message.add(1, integer: extent, evenIfZero: true) }
    message.add(2, integer: type.rawValue)
    if case .texts(let texts) = elements {
      for text in texts { message.add(6, text: text, evenIfEmpty: true) }
    }
    message.add(8, text: name)
    if case .raw(let bytes) = elements { message.add(9, bytes: bytes, evenIfEmpty: true) }
  }
}

/// An input or an output of a model.
struct ONNXPort {
  let value: ONNXValue
  let extents: [ONNXExtent]
  /// What it is, for people.
  let description: String

  /// Writes a `ValueInfoProto`.
  func write(to message: inout ProtobufMessage) {
    message.add(1, text: value.name)
    message.add(2) { type in
      type.add(1) { tensor in
        tensor.add(1, integer: value.type.rawValue)
        tensor.add(2) { shape in
          for extent in extents {
            shape.add(1) { dimension in
              switch extent {
              case .fixed(let count): dimension.add(1, integer: count, evenIfZero: true)
              case .samples: dimension.add(2, text: ONNXExtent.samplesName)
              }
            }
          }
        }
      }
    }
    message.add(3, text: description)
  }
}
