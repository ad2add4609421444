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

  /// The height of that terminal in lines; `nil` if it is not known.
  var rows: Int? { get }
}

extension TextOutput {
  /// Not known.
  public var rows: Int? { nil }
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
    return size.map { Int($0.ws_col) } ?? 80
  }

  /// The terminal's height, also after it was resized.
  public var rows: Int? { size.map { Int($0.ws_row) }.flatMap { $0 > 0 ? $0 : nil } }

  private var size: winsize? {
    var size = winsize()
    return ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? size : nil
  }
}
