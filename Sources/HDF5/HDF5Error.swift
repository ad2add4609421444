import CHDF5
import Foundation
import Foundations

/// What went wrong in a call of this module, as one sentence, with the library's own error stack where it has one.
public struct HDF5Error: Error, Sendable, Equatable, CustomStringConvertible {
  /// The kinds of failure that a caller may want to tell apart.
  public enum Reason: String, Sendable {
    /// The file does not exist, or the system refuses to open it.
    case unreadableFile
    /// The file exists and is not an HDF5 file.
    case notHDF5
    /// The file begins as an HDF5 file and ends too early.
    case truncated
    /// Another program has the file open for writing, or was ended before it could close it.
    case inUse
    /// The file, or a part of it, is in a format that came after this library.
    case newerFormat
    /// A group has no member, or an object no attribute, of that name.
    case notFound
    /// The object is of another kind than asked for: a group where a dataset was expected, say.
    case wrongKind
    /// A file or member of that name is there already.
    case alreadyExists
    /// The object or its file was closed before.
    case closed
    /// The object's contents are in another file, which was not asked for or cannot be used.
    case externalFile
    /// The elements passed through a filter that this system lacks.
    case missingFilter
    /// Memory for the elements cannot be had.
    case memory
    /// The library does not survive reading the file, or does not end: found by a reading trial.
    case trial
    /// Shapes, selections and buffers do not fit each other.
    case shape
    /// A value does not fit the type that it is read as or written to, or the type cannot be converted.
    case datatype
    /// Anything else that the library reports; see `stack`.
    case library
  }

  /// One entry of the library's error stack.
  public struct Frame: Sendable, Equatable {
    /// The C function that reported it.
    public let function: String
    /// The class of the error, such as "Dataset".
    public let major: String
    /// The kind of the error, such as "Read failed".
    public let minor: String
    /// The function's own words.
    public let text: String
  }

  /// The kind of failure.
  public let reason: Reason
  /// One sentence that names the file and object and says why.
  public let message: String
  /// The library's error stack, innermost first; empty where this module found the error itself.
  public let stack: [Frame]

  /// The message.
  public var description: String { message }

  /// Whether the library could not have the memory that it asked for.
  var isOfMemory: Bool { Self.isOfMemory(stack) }

  /// Whether a call that left this stack could not have the memory that it asked for.
  static func isOfMemory(_ stack: [Frame]) -> Bool {
    stack.contains {
      $0.text.contains("memory allocation failed") || $0.text.contains("realloc")
        || $0.minor.hasPrefix("No space available")
    }
  }

  /// What was tried, without why.
  var action: String {
    let cause = ": " + Self.cause(in: stack)
    return !stack.isEmpty && message.hasSuffix(cause) ? String(message.dropLast(cause.count)) : message
  }

  /// Why alone, without what was tried: the system's or the library's innermost words, or the message.
  public var cause: String { stack.isEmpty ? message : Self.cause(in: stack) }

  package init(_ reason: Reason, _ message: String, stack: [Frame] = []) {
    self.reason = reason
    self.message = message
    self.stack = stack
  }

  /// Makes the error for a failed call from what was tried and the stack that it left.
  init(action: String, stack: [Frame]) {
    let isConversion = stack.contains {
      $0.text.contains("conversion exception") || $0.text.contains("conversion path")
    }
    let reason: Reason = isConversion ? .datatype : FormatVersion.isUnknown(in: stack) ? .newerFormat : .library
    self.init(reason, "cannot \(action): \(Self.cause(in: stack))", stack: stack)
  }

  /// The innermost frame's words, freed of what only the library's authors can use.
  static func cause(in stack: [Frame]) -> String {
    guard let innermost = stack.first(where: { !$0.text.isEmpty || !$0.minor.isEmpty }) else {
      return "the HDF5 library gives no reason"
    }
    if innermost.text.contains("conversion exception") { return "a value does not fit the other number type" }
    // From 1.14 on, what the filter itself said is lost.
    if innermost.text.hasPrefix("filter returned failure during read") {
      return "a filter refuses the stored bytes, which are damaged"
    }
    if innermost.text.contains("conversion path") { return "there is no conversion between the two types" }
    // The file drivers hide the system's message in a list of numbers.
    let marker = "error message = '"
    if let start = innermost.text.range(of: marker)?.upperBound,
      let end = innermost.text[start...].firstIndex(of: "'")
    {
      return String(innermost.text[start..<end])
    }
    return innermost.text.isEmpty ? innermost.minor : innermost.text
  }

  /// Reads the calling thread's error stack. Part of a locked call; see Note [One lock].
  static func currentStack() -> [Frame] {
    var frames: [Frame] = []
    _ = withUnsafeMutablePointer(to: &frames) { pointer in
      H5Ewalk2(
        chdf5_error_default(), H5E_WALK_UPWARD,
        { _, error, context in
          guard let error = error?.pointee, let context else { return 0 }
          func text(_ characters: UnsafePointer<CChar>?) -> String { characters.map { String(cString: $0) } ?? "" }
          context.assumingMemoryBound(to: [Frame].self).pointee.append(
            Frame(
              function: text(error.func_name), major: HDF5Error.message(error.maj_num),
              minor: HDF5Error.message(error.min_num), text: text(error.desc)))
          return 0
        }, pointer)
    }
    return frames
  }

  /// The text of a message identifier of the error stack.
  private static func message(_ identifier: hid_t) -> String {
    var kind = H5E_MAJOR
    let length = H5Eget_msg(identifier, &kind, nil, 0)
    guard length > 0 else { return "" }
    return String(decoding: readingText(length: length) { H5Eget_msg(identifier, &kind, $0, $1) }, as: UTF8.self)
  }
}

/// Calls a C function that fills a buffer with text of that length and a closing zero; gives the text's bytes.
func readingText(length: Int, _ fill: (UnsafeMutablePointer<CChar>, Int) -> Int) -> [UInt8] {
  [UInt8](unsafeUninitializedCapacity: length + 1) { buffer, count in
    let written = buffer.withMemoryRebound(to: CChar.self) { characters in
      characters.baseAddress.map { fill($0, length + 1) } ?? 0
    }
    count = max(0, min(written, length))
  }
}

/// Collects the names that one of the shim's visits gives, no more than so many.
///
/// - Throws: `HDF5Error` if they take more memory than names can need.
func collectingNames(
  atMost limit: Int, of label: String, _ visit: (@escaping chdf5_visitor, UnsafeMutableRawPointer) throws -> Int32
) throws -> [String] {
  guard limit > 0 else { return [] }
  var names = NameCollector(limit: limit)
  _ = try withUnsafeMutablePointer(to: &names) { pointer in
    try visit(
      { name, context in
        guard let name, let names = context?.assumingMemoryBound(to: NameCollector.self) else { return -1 }
        names.pointee.byteCount += strlen(name)
        guard names.pointee.byteCount <= NameCollector.mostBytes else { return 1 }
        names.pointee.names.append(String(cString: name))
        return names.pointee.names.count < names.pointee.limit ? 0 : 1
      }, pointer)
  }
  guard names.byteCount <= NameCollector.mostBytes else {
    throw HDF5Error(
      .memory,
      "the names in \(label) take more than \(ByteText.text(NameCollector.mostBytes)); give them shorter names")
  }
  return names.names
}

private struct NameCollector {
  static let mostBytes = 32 << 20
  let limit: Int
  var names: [String] = []
  var byteCount = 0
}
