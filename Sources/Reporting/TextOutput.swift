import Foundation
import Foundations

/// Where text for people goes.
public protocol TextOutput: Sendable {
  /// Writes all of the text. A reader that has gone away is no error: the text is for nobody then.
  ///
  /// - Throws: `FileError`.
  func write(_ text: String) throws

  /// The width in characters of the terminal that the text goes to; `nil` if it goes to none that can redraw a line.
  var columns: Int? { get }
}

/// Standard output or standard error.
public struct StandardStream: TextOutput {
  /// Standard output.
  public static let output = StandardStream(descriptor: STDOUT_FILENO)
  /// Standard error.
  public static let error = StandardStream(descriptor: STDERR_FILENO)

  private let descriptor: Int32

  /// Writes all of the text, unbuffered.
  public func write(_ text: String) throws {
    do {
      try SystemFileSystem().writeAll(descriptor, Array(text.utf8).span.bytes)
    } catch let error as FileError where error.number == EPIPE {
    }
  }

  /// The terminal's width, also after it was resized; 80 for one that does not tell.
  public var columns: Int? {
    guard isatty(descriptor) == 1, ProcessInfo.processInfo.environment["TERM"] != "dumb" else { return nil }
    var size = winsize()
    guard ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }
}
