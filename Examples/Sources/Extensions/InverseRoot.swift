import Foundations
import Optimizers

/// A schedule: the learning rate over the root of the epochs so far.
struct InverseRoot: Schedule {
  static let type = "inverseRoot"

  init() {}
  init(from settings: Settings) throws {}
  var json: JSONObject { [:] }

  var dependsOnLength: Bool { false }

  func factor(at step: Int, of run: RunLength) -> Double {
    1 / Double(1 + run.units(.epochs, in: step)).squareRoot()
  }
}
