import Foundation
import Foundations

/// What ONNX Runtime makes of exported models.
public enum ONNXRuntime {
  /// Whether the packages of `scripts/references/export-requirements.txt` are there.
  public static let isThere = Tool.pythonHas("onnx, onnxruntime")

  /// What one model gave.
  public struct Result {
    /// What the script printed.
    public let json: JSONValue

    /// The elements of an output.
    public func numbers(_ output: String) -> [Double]? { json["outputs"]?[output]?["values"]?.numbers }
    /// The texts of an output.
    public func texts(_ output: String) -> [String]? {
      json["outputs"]?[output]?["values"]?.elements?.compactMap(\.text)
    }
    /// The extents of an output.
    public func shape(_ output: String) -> [Int]? { json["outputs"]?[output]?["shape"]?.elements?.compactMap(\.int) }
  }

  /// The script has failed, as it says.
  public struct Failure: Error {
    /// What it printed.
    public let output: String
  }

  /// Runs each model on the rows in a file of its own: a JSON list of numbers, or a table of text.
  public static func run(_ models: [(model: String, rows: String)]) throws -> [Result] {
    let script = "\(Repository.path)/scripts/references/run_onnx.py"
    let printed = try Tool.run("python3", ["-W", "ignore", script] + models.flatMap { [$0.model, $0.rows] })
    guard printed.status == 0 else { throw Failure(output: printed.output) }
    let lines = printed.output.split(separator: "\n").filter { $0.hasPrefix("{") }
    guard lines.count == models.count else { throw Failure(output: printed.output) }
    return try lines.map { Result(json: try JSONDocument(text: String($0), source: "run_onnx.py").root) }
  }
}

/// The largest distance between numbers, of those above 1 relative to them.
public func distance(_ left: [Double]?, _ right: [Double]?) -> Double {
  guard let left, let right, left.count == right.count else { return .infinity }
  return zip(left, right).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? 0
}
