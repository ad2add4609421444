import Foundations

extension ExportReport {
  /// What was written, for people.
  public var text: String {
    let count = "\(numbers) \(numbers == 1 ? "number" : "numbers") in \(tensors) \(tensors == 1 ? "tensor" : "tensors")"
    var lines = ["\(output): \(format.rawValue), \(ByteText.text(byteCount)), \(count)"]
    if format == .onnx { lines[0] += ", opset \(ONNXGraph.opset)" }
    let ports = inputs.map { ("input", $0) } + outputs.map { ("output", $0) }
    let width = ports.map(\.1.name.onOneLine.count).max() ?? 0
    for (kind, port) in ports {
      let name = port.name.onOneLine
      lines.append(
        "  \(kind == "input" ? "input " : "output") \(name)\(String(repeating: " ", count: width - name.count))  "
          + "\(port.type) [\(port.extents.joined(separator: ", "))]")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// What was written, for programs.
  public var json: JSONValue {
    func list(_ ports: [Port]) -> JSONValue {
      .array(
        ports.map { port in
          .object([
            "name": .string(port.name), "type": .string(port.type),
            "shape": .array(port.extents.map { Int($0).map(JSONValue.integer) ?? .string($0) }),
          ])
        })
    }
    return .object(
      JSONObject([
        ("output", .string(output)), ("format", .string(format.rawValue)), ("bytes", .integer(byteCount)),
        ("tensors", .integer(tensors)), ("numbers", .integer(numbers)),
        ("opset", format == .onnx ? .integer(ONNXGraph.opset) : nil),
        ("inputs", format == .onnx ? list(inputs) : nil), ("outputs", format == .onnx ? list(outputs) : nil),
        ("notes", .array(notes.map(JSONValue.string))),
      ]))
  }
}
