import Foundation

/// A file that a user names for the result of a command: what may stand there already, and how the result gets there.
///
/// One rule for all commands, so that a slip of the pen costs nobody a file. What is there is replaced only if whoever
/// gives the name says so, and only a regular file that may be written. Never replaced is what the command itself reads,
/// by whatever name, nor a device, a pipe or a directory. Of a symbolic link it is the file behind it that is meant; whoever
/// gives the name is told so.
package struct OutputFile: Sendable, Equatable {
  /// The name that was given.
  package let path: String
  /// Whether a file that is there may be replaced.
  package let mayReplace: Bool
  /// The files that the result is made from.
  private let inputs: [String]

  /// Creates the value; nothing is looked at yet.
  ///
  /// - Parameters:
  ///   - mayReplace: Whether a file that is there may be replaced.
  ///   - inputs: The files that the result is made from.
  package init(_ path: String, mayReplace: Bool = false, inputs: [String] = []) {
    self.path = path
    self.mayReplace = mayReplace
    self.inputs = inputs
  }

  /// The file behind the name, where that is a symbolic link; `nil` where it is none, or leads to no file.
  package var linkTarget: String? {
    do {
      let place = try resolved()
      return place == path ? nil : place
    } catch {
      // ``check()`` says what is wrong with it.
      return nil
    }
  }

  /// Why the result cannot be put at a path.
  package enum Refusal: Error, Sendable, Equatable, CustomStringConvertible {
    /// A file is there that may not be replaced without being asked for.
    case exists(String)
    /// Anything else, as a sentence.
    case unfit(String)

    /// One sentence.
    package var description: String {
      switch self {
      case .exists(let path): "\(path) exists already; choose another name or let it be replaced"
      case .unfit(let sentence): sentence
      }
    }
  }

  /// Finds out, before any work is done, whether the result may be put there.
  ///
  /// - Returns: The path that it will have, which is another one where a symbolic link is named.
  /// - Throws: ``Refusal``.
  @discardableResult
  package func check() throws -> String {
    if let fault = pathFault(path) { throw Refusal.unfit("the name of the output file \(fault)") }
    let place = try resolved()
    let folder = directory(of: place)
    guard let status = try Self.status(place) else {
      guard let parent = try Self.status(folder), FileKind(mode: parent.st_mode) == .directory else {
        throw Refusal.unfit("\(path) cannot be written: there is no directory \(folder); make it first")
      }
      try requireWritable(folder)
      return place
    }
    let kind = FileKind(mode: status.st_mode)
    guard kind == .regular else {
      throw Refusal.unfit("\(path) cannot be written: it is \(kind.phrase); name a file")
    }
    for input in inputs {
      // An input that is not there is found out by who reads it.
      guard let other = try Self.status(input), other.st_ino == status.st_ino, other.st_dev == status.st_dev else {
        continue
      }
      throw Refusal.unfit("\(path) is an input of the same command (\(input)), which its result cannot replace")
    }
    guard mayReplace else { throw Refusal.exists(path) }
    // Root may write anything; that nobody should is what the mode says.
    guard status.st_mode & 0o222 != 0, access(place, W_OK) == 0 else {
      throw Refusal.unfit("\(path) is read-only, so it is not replaced; choose another name or change its mode")
    }
    try requireWritable(folder)
    return place
  }

  /// Runs `body` and turns a refusal into an error for whoever named the file.
  ///
  /// - Throws: `TrainerError` with code `.usage`.
  @discardableResult
  package static func explaining<Result>(_ body: () throws -> Result) throws -> Result {
    do {
      return try body()
    } catch let refusal as Refusal {
      throw TrainerError(.usage, refusal.description)
    }
  }

  /// Puts the result there, complete or not at all.
  ///
  /// - Throws: ``Refusal``, also if the file cannot be written.
  package func write(_ contents: [UInt8]) throws {
    try place { try AtomicFile.replace($0, contents: contents) }
  }

  /// Puts the file there that `write` makes at a temporary path, complete or not at all.
  ///
  /// - Parameter verify: Called with the temporary path when the file is on the disk.
  /// - Throws: ``Refusal``, also if the file cannot be written; and what `write` and `verify` throw.
  package func write(_ write: (String) throws -> Void, verify: (String) throws -> Void) throws {
    try place { try AtomicFile.replace($0, write: write, verify: verify) }
  }

  private func place(_ replace: (String) throws -> Void) throws {
    // Once more: the work may have taken long.
    let place = try check()
    do {
      try replace(place)
    } catch let error as FileError {
      throw Refusal.unfit("\(path) cannot be written: \(error.reason)")
    }
  }

  private func resolved() throws -> String {
    var status = stat()
    guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFLNK else { return path }
    guard let target = realpath(path, nil) else {
      throw Refusal.unfit(
        "\(path) cannot be written: it is a symbolic link that leads to no file; name the file itself")
    }
    defer { free(target) }
    return String(cString: target)
  }

  private func requireWritable(_ folder: String) throws {
    guard access(folder, W_OK | X_OK) == 0 else {
      throw Refusal.unfit("\(path) cannot be written: the directory \(folder): \(String(cString: strerror(errno)))")
    }
  }

  private static func status(_ path: String) throws -> stat? {
    var status = stat()
    guard stat(path, &status) == 0 else {
      if errno == ENOENT || errno == ENOTDIR { return nil }
      throw Refusal.unfit("\(path) cannot be written: \(String(cString: strerror(errno)))")
    }
    return status
  }
}

/// The most bytes that a name in a directory has on Linux's file systems.
let maximumNameBytes = 255

/// What makes a path one that no file can have, for messages that begin with what the path is for; `nil` if nothing does.
package func pathFault(_ path: String) -> String? {
  if path.isEmpty { return "is empty" }
  if path.utf8.contains(0) { return "holds a NUL character, which no path can" }
  if path.utf8.count >= Int(PATH_MAX) { return "has \(path.utf8.count) bytes, and a path has at most \(PATH_MAX - 1)" }
  if let part = path.split(separator: "/").first(where: { $0.utf8.count > maximumNameBytes }) {
    return "has a part of \(part.utf8.count) bytes, and a name has at most \(maximumNameBytes)"
  }
  return nil
}
