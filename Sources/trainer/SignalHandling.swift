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
    if ThreadSupply.current.isScarce { return try whileHandlingOnThisThread(body) }
    // Workers may occupy every thread of the shared pool; a queue of its own always gets one.
    let queue = DispatchQueue(label: "signals")
    let sources = Self.numbers.filter { !Self.isIgnored($0) }.map { number in
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

  /// Handles signals where no thread can be made for a queue: in whatever the program is doing, so that nothing is done
  /// but what may be done there, and nothing is said.
  private func whileHandlingOnThisThread<Result>(_ body: () throws -> Result) rethrows -> Result {
    let numbers = Self.numbers.filter { !Self.isIgnored($0) }
    Self.current.store(UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque()), ordering: .releasing)
    for number in numbers {
      _ = signal(number) { number in
        let address = SignalHandling.current.load(ordering: .acquiring)
        guard let current = UnsafeRawPointer(bitPattern: address) else { return }
        Unmanaged<SignalHandling>.fromOpaque(current).takeUnretainedValue().handleAtOnce(number)
      }
    }
    defer {
      for number in numbers { _ = signal(number, SIG_IGN) }
      Self.current.store(0, ordering: .releasing)
    }
    return try withExtendedLifetime(self, body)
  }

  /// The address of the object that handlers, which are told nothing but a number, handle signals for; 0 for none.
  private static let current = Atomic<UInt>(0)

  private func handleAtOnce(_ number: Int32) {
    if number == SIGUSR1 { return control.save() }
    guard hasStarted.load(ordering: .relaxed), !isStopping.exchange(true, ordering: .relaxed) else {
      _exit(Self.exitCode(of: number))
    }
    control.stop()
  }

  private static let numbers = [SIGINT, SIGTERM, SIGHUP, SIGUSR1]

  /// With what the program ends at once.
  static func exitCode(of number: Int32) -> Int32 {
    (number == SIGINT ? Foundations.ExitCode.interrupted : .terminated).rawValue
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
      Console.whileCleared { _exit(Self.exitCode(of: number)) }
    }
    console.print("stopping: a checkpoint is saved first; a second signal ends the program at once\n")
    control.stop()
  }
}
