import Foundation
import Foundations

/// A document of which parts are made from the code: what stands between `<!-- NAME: made from the code -->` and
/// `<!-- end -->`.
public struct GeneratedDocument {
  private let path: String

  /// The document at a path in the repository.
  public init(_ path: String) { self.path = "\(Repository.path)/\(path)" }

  /// The names of parts that are not what the code says. With `UPDATE_DOCS=1` in the environment they are written anew,
  /// and none differs.
  ///
  /// - Throws: If the document cannot be read or written, or lacks a part.
  public func differences(from parts: [(name: String, text: String)]) throws -> [String] {
    var document = try String(contentsOfFile: path, encoding: .utf8)
    var differences: [String] = []
    for (name, text) in parts {
      let (begin, end) = ("<!-- \(name): made from the code -->\n", "\n<!-- end -->")
      guard let start = document.range(of: begin)?.upperBound,
        let stop = document.range(of: end, range: start..<document.endIndex)?.lowerBound
      else { throw TrainerError(.usage, "\(path) has no part '\(name)'") }
      if document[start..<stop] != text { differences.append(name) }
      document.replaceSubrange(start..<stop, with: text)
    }
    guard ProcessInfo.processInfo.environment["UPDATE_DOCS"] == "1", !differences.isEmpty else { return differences }
    try AtomicFile.replace(path, contents: [Array(document.utf8)])
    return []
  }
}
