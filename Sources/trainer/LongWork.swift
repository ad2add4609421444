import ArgumentParser
import Dispatch
import Foundation
import Foundations
import Reporting

/// `--quiet`, for the commands that show how far they are.
struct QuietOption: ParsableArguments {
  @Flag(help: "Do not show on a terminal how far the work is.") var quiet = false
}

/// What is around the work of a command that may take long: on a terminal a line says how far it is, and a signal ends it
/// without leaving that line or a part of a file behind.
enum LongWork {
  /// Runs a command's work, once in a program's life.
  ///
  /// - Parameter isQuiet: Whether nothing is shown.
  static func run<Result>(isQuiet: Bool, _ body: () throws -> Result) rethrows -> Result {
    try whileHandlingSignals { try showing(isQuiet: isQuiet, body) }
  }

  /// Shows how far the work in `body` is.
  static func showing<Result>(isQuiet: Bool, _ body: () throws -> Result) rethrows -> Result {
    let progress = WorkProgress()
    let line = LateLine(progress, isQuiet: isQuiet)
    defer { line.end() }
    guard line.isShown else { return try body() }
    return try WorkProgress.$watched.withValue(progress, operation: body)
  }

  /// Ends the program at a signal, with what it has begun to write and to show.
  static func whileHandlingSignals<Result>(_ body: () throws -> Result) rethrows -> Result {
    // Without a thread for it, a signal ends the program as it is.
    if ThreadSupply.current.isScarce { return try body() }
    // Workers may occupy every thread of the shared pool; a queue of its own always gets one.
    let queue = DispatchQueue(label: "signals")
    let sources = [SIGINT, SIGTERM, SIGHUP].filter { !SignalHandling.isIgnored($0) }.map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        AtomicFile.removePartials()
        // Not exit(): workers run, and nothing is left to be flushed.
        Console.whileCleared { _exit(SignalHandling.exitCode(of: number)) }
      }
      // Until the source is there, the default action would end the program.
      signal(number, SIG_IGN)
      source.resume()
      return source
    }
    defer { sources.forEach { $0.cancel() } }
    return try body()
  }
}
