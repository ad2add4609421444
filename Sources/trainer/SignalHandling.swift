import Foundation
import Foundations
import Reporting
import Synchronization
import Training

/// Turns signals into requests to a run: the first interruption asks it to save and stop, the second ends the program at
/// once, SIGUSR1 asks it to save.
final class SignalHandling: RunObserver, Sendable {
  private let control: RunControl
  private let console: Console
  private let hasStarted = Atomic<Bool>(false)
  private let isStopping = Atomic<Bool>(false)

  init(_ control: RunControl, _ console: Console) {
    self.control = control
    self.console = console
  }

  /// Notes that training begins: from then on there is something to save.
  func observe(_ event: RunEvent) {
    if case .started = event { hasStarted.store(true, ordering: .relaxed) }
  }

  /// Handles signals while `body` runs, once in a program's life: a command of several runs handles them around all.
  func whileHandling<Result>(_ body: () throws -> Result) rethrows -> Result {
    // Workers may occupy every thread of the shared pool; a queue of its own always gets one.
    let queue = DispatchQueue(label: "signals")
    let sources = [SIGINT, SIGTERM, SIGHUP, SIGUSR1].filter { !Self.isIgnored($0) }.map { number in
      let source = DispatchSource.makeSignalSource(signal: number, queue: queue)
      source.setEventHandler { [self] in handle(number) }
      // Until the source is there, the default action would end the program. Not after it is resumed: it has a handler of
      // its own then, and a signal that is ignored would never reach it.
      signal(number, SIG_IGN)
      source.resume()
      return source
    }
    defer { sources.forEach { $0.cancel() } }
    return try body()
  }

  /// Whether who started the program wants it to ignore a signal, as nohup does; that stays.
  static func isIgnored(_ number: Int32) -> Bool {
    var action = sigaction()
    guard sigaction(number, nil, &action) == 0, let handler = action.__sigaction_handler.sa_handler else {
      return false
    }
    return unsafeBitCast(handler, to: Int.self) == unsafeBitCast(SIG_IGN, to: Int.self)
  }

  private func handle(_ number: Int32) {
    if number == SIGUSR1 { return control.save() }
    guard hasStarted.load(ordering: .relaxed), !isStopping.exchange(true, ordering: .relaxed) else {
      console.clear()
      // Not exit(): workers run, and nothing is left to be flushed.
      _exit((number == SIGINT ? Foundations.ExitCode.interrupted : .terminated).rawValue)
    }
    console.print("stopping: a checkpoint is saved first; a second signal ends the program at once\n")
    control.stop()
  }
}
