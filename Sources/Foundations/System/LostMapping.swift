import CSystem

/// A mapped file of which a page may be lost: the file is cut while it is read, or its disk fails. The system tells so by
/// SIGBUS, with which nothing can go on. A program that has called ``handle()`` says which file it was then, and ends with
/// the code for it.
package final class LostMapping: Sendable {
  private let number: Int32

  /// Notes what to say.
  ///
  /// - Parameters:
  ///   - start: Where the mapping begins.
  ///   - rows: Where the first row is.
  ///   - before: What is said before the number of the row.
  ///   - after: What is said behind it.
  package init(
    start: Int, byteCount: Int, rows: Int, rowByteCount: Int, before: String, after: String, exitCode: ExitCode
  ) {
    number = cs_note_mapping(
      UnsafeRawPointer(bitPattern: start), byteCount, UnsafeRawPointer(bitPattern: rows), rowByteCount, before, after,
      exitCode.rawValue)
  }

  /// Forgets it, when the mapping is undone.
  deinit { cs_forget_mapping(number) }

  /// Handles SIGBUS from now on, in what is noted; any other goes to what handled it before. For a command line: a library
  /// leaves signals to the program that it is part of.
  package static func handle() { _ = cs_handle_lost_mappings() }
}
