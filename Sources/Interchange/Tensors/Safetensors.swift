import Checkpoints
import Foundations

/// The safetensors format: the length of a header, eight bytes; the header, a JSON object of types, shapes and places, padded with
/// blanks to eight bytes; the elements.
enum Safetensors {
  /// The bytes of a file.
  ///
  /// - Parameter metadata: Texts by name.
  static func bytes(_ tensors: [NamedTensor], metadata: [(key: String, value: String)]) -> [UInt8] {
    var members: [(String, JSONValue?)] = [
      ("__metadata__", .object(JSONObject(metadata.map { ($0.key, .string($0.value)) })))
    ]
    var end = 0
    for tensor in tensors {
      let start = end
      end += tensor.byteCount
      members.append(
        (
          tensor.name,
          .object([
            "dtype": tensor.values.elementType == .float32 ? "F32" : "F64",
            "shape": .array(tensor.values.shape.map(JSONValue.integer)),
            "data_offsets": .array([.integer(start), .integer(end)]),
          ])
        ))
    }
    var header = Array(JSONValue.object(JSONObject(members)).compactText.utf8)
    header += [UInt8](repeating: UInt8(ascii: " "), count: (8 - header.count % 8) % 8)
    var bytes: [UInt8] = []
    bytes.reserveCapacity(8 + header.count + end)
    bytes += withUnsafeBytes(of: UInt64(header.count).littleEndian) { Array($0) }
    bytes += header
    for tensor in tensors { tensor.append(to: &bytes) }
    return bytes
  }
}

/// A tensor under the name that it has for other programs.
struct NamedTensor {
  let name: String
  let values: CheckpointTensor

  var byteCount: Int { values.count * values.elementType.byteCount }

  /// Adds the elements in row-major order, the lowest byte first.
  func append(to bytes: inout [UInt8]) {
    values.withBytes { span in span.withUnsafeBytes { bytes.append(contentsOf: $0) } }
  }
}
