import Dispatch
import Foundation
import Foundations

/// Ends a command that writes one file where a signal wants it to, without leaving a part of the file behind.
enum InterruptedOutput {
  /// Runs a command's work, once in a program's life.
  static func whileHandling<Result>(_ body: () throws -> Result) rethrows -> Result {
    // Without a thread for it, a signal ends the program as it is.
    if ThreadSupply.current.isScarce { return try body() }
    // Workers may occupy every thread of the shared pool; a queue of its own always gets one.
    let queue = DispatchQueue(label: "signals")
    let sources = [SIGINT, SIGTERM, SIGHUP].filter { !SignalHandling.isIgnored($0) }.map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler {
        AtomicFile.removePartials()
        // Not exit(): workers run, and nothing is left to be flushed.
        _exit(SignalHandling.exitCode(of: number))
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
