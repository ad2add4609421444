import Reporting
import Training

/// Says what a run warns of, where several runs have no display of their own.
final class WarningPrinter: RunObserver {
  private let console: Console

  init(_ console: Console) { self.console = console }

  func observe(_ event: RunEvent) {
    if case .warning(let sentence) = event { console.warn(sentence) }
  }
}
