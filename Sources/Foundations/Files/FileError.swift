import Foundation

/// A call to the system that failed.
package struct FileError: Error, Sendable, Equatable, CustomStringConvertible {
  /// What was tried: `open`, `write`, `synchronize`, …
  package let operation: String
  /// On what; empty where only a descriptor is known.
  package let path: String
  /// The system's `errno`, or the one that says most nearly what was found.
  package let number: Int32
  /// What was found, where no call failed but a file is not of the kind that is wanted.
  private let finding: String?

  /// Creates an error.
  ///
  /// - Parameter finding: What was found, in place of the system's words for `number`.
  package init(operation: String, path: String, number: Int32, finding: String? = nil) {
    self.operation = operation
    self.path = path
    self.number = number
    self.finding = finding
  }

  /// What was found, or the system's words for ``number``, such as `No space left on device`.
  package var reason: String { finding ?? String(cString: strerror(number)) }

  /// `open out.h5: Permission denied`.
  package var description: String { path.isEmpty ? "\(operation): \(reason)" : "\(operation) \(path): \(reason)" }

  /// The same error with the path that a call on a descriptor does not know.
  func at(_ path: String) -> FileError {
    self.path.isEmpty ? FileError(operation: operation, path: path, number: number, finding: finding) : self
  }

  /// That a path leads to something else than a regular file.
  static func notRegular(_ kind: FileKind, operation: String, path: String) -> FileError {
    FileError(
      operation: operation, path: path, number: kind == .directory ? EISDIR : EINVAL,
      finding: "it is \(kind.phrase), expected a regular file")
  }
}

/// What can have a name in a directory.
package enum FileKind: Sendable, Equatable {
  /// A file with bytes of its own.
  case regular
  /// A directory.
  case directory
  /// A named pipe.
  case pipe
  /// A character or block device.
  case device
  /// A socket, or what else a system may have.
  case other

  /// The kind that the mode of a `stat` says.
  package init(mode: mode_t) {
    switch mode & S_IFMT {
    case S_IFREG: self = .regular
    case S_IFDIR: self = .directory
    case S_IFIFO: self = .pipe
    case S_IFCHR, S_IFBLK: self = .device
    default: self = .other
    }
  }

  /// For messages: `a directory`.
  package var phrase: String {
    switch self {
    case .regular: "a regular file"
    case .directory: "a directory"
    case .pipe: "a named pipe"
    case .device: "a device"
    case .other: "a socket or the like"
    }
  }
}

/// What a path leads to.
package struct FileStatus: Sendable, Equatable {
  /// What it is.
  package let kind: FileKind
  /// Bytes.
  package let size: Int

  /// Whether it is a directory.
  package var isDirectory: Bool { kind == .directory }

  /// Creates a status.
  package init(kind: FileKind, size: Int) {
    self.kind = kind
    self.size = size
  }
}
