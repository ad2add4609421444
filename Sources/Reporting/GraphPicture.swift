import Autodiff
import Foundation
import Foundations

/// A picture of a computational graph: text in Graphviz's language, laid out by its program `dot`.
public struct GraphPicture: Sendable {
  /// The picture in Graphviz's DOT language (Gansner and North, 2000).
  public let dot: String
  private let nodeCount: Int

  /// Draws nodes with their operations and shapes and, where known, values and gradients, and at each arrow the derivative of
  /// the node above by the one below.
  ///
  /// - Parameters:
  ///   - nodes: Operands before the nodes that use them.
  ///   - title: What stands above the picture.
  package init(of nodes: [TracedNode], title: String) {
    // With derivatives at the edges the chain rule can be read off the picture.
    let isTraced = nodes.contains { $0.localDerivatives.contains { $0 != nil } }
    let heading = isTraced ? Self.heading(title, Self.chainRule) : Self.quoted(title)
    var lines = [
      "digraph {",
      "  graph [label=\(heading), labelloc=t, fontname=\"sans-serif\", rankdir=BT, ordering=in]",
      "  node [shape=box, style=\"rounded,filled\", fillcolor=white, fontname=\"sans-serif\", fontsize=11]",
      "  edge [color=gray40, arrowsize=0.7, fontname=\"sans-serif\", fontsize=10, fontcolor=\"#a04000\"]",
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
      for (place, input) in node.inputs.enumerated() {
        let derivative = place < node.localDerivatives.count ? node.localDerivatives[place] : nil
        let label = derivative.map { " [label=\(Self.quoted(" × \(Self.text($0))"))]" } ?? ""
        lines.append("  n\(input) -> n\(index)\(label)")
      }
    }
    nodeCount = nodes.count
    dot = lines.joined(separator: "\n") + "\n}\n"
  }

  /// A title and a smaller line under it, in Graphviz's markup.
  private static func heading(_ title: String, _ line: String) -> String {
    func escaped(_ text: String) -> String {
      text.replacing("&", with: "&amp;").replacing("<", with: "&lt;").replacing(">", with: "&gt;")
        .replacing("\"", with: "&quot;").replacing("\n", with: " ")
    }
    return "<\(escaped(title))<br/><font point-size=\"10\" color=\"#a04000\">\(escaped(line))</font>>"
  }

  /// What stands under the title where edges have derivatives.
  static let chainRule = "at each arrow: × the derivative of the node above"

  /// The most nodes that are drawn: the layout of more takes minutes and is nothing to look at.
  public static let mostDrawnNodes = 200

  /// The picture as a file's bytes.
  ///
  /// - Parameters:
  ///   - format: `svg`, `png`, or any other that `dot` can draw.
  ///   - theme: Its colours.
  /// - Throws: `TrainerError` if the graph has more nodes than ``mostDrawnNodes``, or Graphviz is not installed, fails or
  ///   takes too long.
  public func rendered(as format: String, theme: PictureTheme = .auto) throws -> [UInt8] {
    let advice = "draw a smaller graph, or write the graph itself to a file that ends with .dot"
    guard nodeCount <= Self.mostDrawnNodes else {
      throw TrainerError(
        .usage, "the graph has \(nodeCount) nodes, and a picture at most \(Self.mostDrawnNodes); \(advice)")
    }
    let picture = try DrawingProgram(
      name: "dot", package: "graphviz", arguments: ["-T\(format)"]
    ).draw(theme.applied(toDOT: dot), advice: advice)
    guard theme == .auto, format == "svg" else { return picture }
    return Array(theme.applied(toSVG: String(decoding: picture, as: UTF8.self), plainText: true).utf8)
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
