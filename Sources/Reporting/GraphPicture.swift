import Autodiff
import Foundation
import Foundations

/// A picture of a computational graph: text in Graphviz's language, laid out by its program `dot`.
public struct GraphPicture: Sendable {
  /// The picture in Graphviz's DOT language (Gansner and North, 2000).
  public let dot: String

  /// Draws nodes with their operations and shapes and, where known, values and gradients.
  ///
  /// - Parameters:
  ///   - nodes: Operands before the nodes that use them.
  ///   - title: What stands above the picture.
  public init(of nodes: [TracedNode], title: String) {
    var lines = [
      "digraph {",
      "  graph [label=\(Self.quoted(title)), labelloc=t, fontname=\"sans-serif\", rankdir=BT, ordering=in]",
      "  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"sans-serif\", fontsize=11]",
      "  edge [color=gray40, arrowsize=0.7]",
    ]
    for (index, node) in nodes.enumerated() {
      let style =
        switch node.kind {
        case .parameter: ", fillcolor=\"#cfe8ff\""
        case .input: ", fillcolor=\"#dff5d8\""
        case .constant: ", fillcolor=gray92"
        case .operation: index == nodes.count - 1 ? ", fillcolor=\"#ffe9b8\"" : ""
        }
      lines.append("  n\(index) [label=\(Self.label(node))\(style)]")
    }
    for (index, node) in nodes.enumerated() {
      for input in node.inputs { lines.append("  n\(input) -> n\(index)") }
    }
    dot = lines.joined(separator: "\n") + "\n}\n"
  }

  /// The picture as a file's bytes.
  ///
  /// - Parameter format: `svg`, `png`, or any other that `dot` can draw.
  /// - Throws: `TrainerError` if Graphviz is not installed or fails.
  public func rendered(as format: String) throws -> [UInt8] {
    guard let program = Self.path(of: "dot") else {
      throw TrainerError(
        .usage,
        "drawing a graph needs the program 'dot' of Graphviz, which is not on the PATH; install the package graphviz, or "
          + "write the graph itself to a file that ends with .dot")
    }
    let process = Process()
    process.executableURL = URL(filePath: program)
    process.arguments = ["-T\(format)"]
    let (input, output) = (Pipe(), Pipe())
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.standardError
    try process.run()
    // `dot` reads all of the graph before it writes, so neither pipe can fill while the other is waited for.
    try input.fileHandleForWriting.write(contentsOf: Data(dot.utf8))
    try input.fileHandleForWriting.close()
    let picture = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    guard process.terminationStatus == 0, !picture.isEmpty else {
      throw TrainerError(
        .usage, "'\(program) -T\(format)' failed with the status \(process.terminationStatus); see its message above")
    }
    return [UInt8](picture)
  }

  private static func path(of name: String) -> String? {
    let folders = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":")
    return folders.map { "\($0)/\(name)" }.first { FileManager.default.isExecutableFile(atPath: $0) }
  }

  private static func label(_ node: TracedNode) -> String {
    var lines: [String] = []
    switch node.kind {
    case .parameter, .input, .constant: lines.append(node.detail)
    case .operation: lines.append(node.detail.isEmpty ? node.name : "\(node.name) (\(node.detail))")
    }
    if !node.shape.isEmpty { lines.append("\(node.shape)") }
    if node.kind != .constant {
      if let value = node.value { lines.append("value \(Self.text(value))") }
      if let gradient = node.gradient { lines.append("gradient \(Self.text(gradient))") }
    }
    return quoted(lines.joined(separator: "\n"))
  }

  /// A scalar or the first elements of an array, to five digits.
  private static func text(_ array: ArrayValue) -> String {
    func short(_ number: Double) -> String { String(format: "%.5g", number) }
    guard !array.shape.isEmpty else { return short(array.values[0]) }
    let shown = array.values.prefix(6).map(short).joined(separator: ", ")
    return "[\(shown)\(array.values.count > 6 ? ", …" : "")]"
  }

  private static func quoted(_ text: String) -> String {
    "\""
      + text.replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
  }
}
