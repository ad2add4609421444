import Foundations
import Kernels
import Optimizers

/// An optimizer: every parameter moves by the learning rate, against its momentum's sign (Bernstein et al., 2018).
struct Signum: OptimizerSettings {
  static let type = "signum"
  var learningRate = 0.001
  /// The share of the momentum that a step keeps.
  var momentum = 0.9

  init(learningRate: Double = 0.001) { self.learningRate = learningRate }

  static let settings: [Setting<Signum>] = [
    .learningRate(\.learningRate), .decayRate("momentum", \.momentum, of: "the momentum"),
  ]

  init(from settings: Settings) throws { self = try Self.settings.read(settings, over: Signum()) }
  var json: JSONObject { Self.settings.json(of: self) }

  var transformations: [any GradientTransformation] { [TakeSign(momentum: momentum)] }
}

/// m ← μ m + (1 − μ) g, update sign m.
struct TakeSign: GradientTransformation {
  let momentum: Double
  let stateNames = ["momentum"]

  func apply<Scalar: KernelElement>(to block: OptimizerBlock<Scalar>, state: UpdateState<Scalar>) {
    state[0].combine(block.update, scaledBy: 1 - momentum, plusSelfScaledBy: momentum)
    block.update.assign(.sign, of: state[0])
  }
}
