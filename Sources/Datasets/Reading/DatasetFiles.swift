import Foundation
import Foundations

/// The files that one dataset is made of, in order.
package struct DatasetFiles: Sendable, Equatable, CustomStringConvertible {
  /// Their paths; one at least.
  package let paths: [String]

  /// - Precondition: there is one at least.
  package init(_ paths: [String]) {
    precondition(!paths.isEmpty, "a dataset has a file")
    self.paths = paths
  }

  /// The files that paths stand for: each the file of that name, or, where there is none and it has `*`, `?` or `[`, those
  /// that fit it as a shell's pattern, sorted bytewise.
  ///
  /// - Throws: `TrainerError` with code `.data` for a pattern that fits no file, and for a file that comes twice.
  package init(expanding paths: [String]) throws {
    self.paths = try paths.flatMap(Self.expanded)
    var seen: Set<String> = []
    if let twin = self.paths.first(where: { !seen.insert($0).inserted }) {
      throw TrainerError(.data, "\(twin): the file comes twice among those of the dataset; name each once")
    }
  }

  private static func expanded(_ path: String) throws -> [String] {
    guard path.contains(where: { "*?[".contains($0) }), try status(path) == nil else { return [path] }
    var found = glob_t()
    defer { globfree(&found) }
    let code = glob(path, GLOB_NOSORT, nil, &found)
    guard code == 0 || code == GLOB_NOMATCH else {
      throw TrainerError(.data, "\(path): the files that fit this pattern cannot be listed")
    }
    let paths = (0..<Int(found.gl_pathc)).compactMap { found.gl_pathv[$0].map { String(cString: $0) } }
      .sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    guard !paths.isEmpty else {
      throw TrainerError(.data, "\(path): no file fits this pattern\(neighbourHint(of: path))")
    }
    return paths
  }

  private static func status(_ path: String) throws -> FileStatus? {
    do {
      return try SystemFileSystem().status(of: path)
    } catch let error as FileError {
      throw TrainerError(.data, "\(path): the file cannot be looked at: \(error.reason)")
    }
  }

  /// For messages: `parts/a.h5`, or `parts/a.h5 and 2 more files`.
  package var description: String {
    let more = paths.count - 1
    return more == 0 ? paths[0] : "\(paths[0]) and \(more) more \(more == 1 ? "file" : "files")"
  }
}
