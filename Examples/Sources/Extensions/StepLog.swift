import Foundation
import Foundations
import Training

/// An observer that a config names: writes a line for each epoch, and how far the parameters moved in its last step.
struct StepLog: ObserverSettings {
  static let type = "stepLog"
  /// The file.
  let path: String

  init(path: String) { self.path = path }
  init(from settings: Settings) throws { path = try settings.filePath("path", help: "The file.") }
  var json: JSONObject { ["path": .string(path)] }

  func makeObserver() -> any RunObserver { Writer(path: path) }

  private final class Writer: RunObserver {
    let path: String
    var lines: [String] = []
    var before: [Double] = []
    // The parameters before and after the last step of each epoch.
    let interests = ObserverInterests(parameters: .epochs(1))

    init(path: String) { self.path = path }

    func observe(_ event: RunEvent) throws {
      switch event {
      case .epoch(let report): lines.append("epoch \(report.epoch) loss \(report.train.loss)")
      case .finished, .stopped: try Data((lines.joined(separator: "\n") + "\n").utf8).write(to: URL(filePath: path))
      default: break
      }
    }

    func observe(_ parameters: ParameterValues) {
      let values =
        switch parameters.elements {
        case .float32(let elements): elements.map(Double.init)
        case .float64(let elements): Array(elements)
        }
      if parameters.isBefore {
        before = values
      } else {
        let moved = zip(values, before).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
        lines.append("step \(parameters.step) moved \(moved)")
      }
    }
  }
}
