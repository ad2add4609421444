import DataParallel
import Foundations
import Optimizers

/// What a run takes in memory beside its data, known before they are read.
extension RunSetup {
  /// The bytes of the parameters of a layout, with all that has their size: the optimizer's state, the weights in the
  /// kernels' order, and a checkpoint with its file's image.
  ///
  /// - Throws: `TrainerError` with code `.usage` if they alone do not fit into memory, or the optimizer does not fit the
  ///   layout.
  static func parameterMemory(of layout: ParameterLayout, _ configuration: RunConfiguration) throws -> Double {
    let count = Double(layout.count)
    // How long the run is changes no state.
    let optimizer = try configuration.optimizer.optimizer(
      layout: layout, schedule: configuration.schedule, run: RunLength(steps: 1, stepsPerEpoch: 1))
    let vectors = Double(1 + optimizer.stateNames.count)
    // Their first values are numbers of double precision; they are gone when the first checkpoint is made.
    let starting = 2 * count * Double(MemoryLayout<Double>.stride)
    // The copy that is saved, the image that the HDF5 library makes of it and grows by copying, the image that is taken
    // from it, the library's copy of that, and what it reads back as.
    let saving = 6 * vectors * count * Double(MemoryLayout<Scalar>.stride)
    // Beside the vectors, a gradient and weights in a second order.
    let bytes = (vectors + 2) * count * Double(MemoryLayout<Scalar>.stride) + max(starting, saving)
    try MemoryLimit.require(
      bytes, for: "training \(layout.count) parameters", code: .usage, advice: "make the model smaller")
    return bytes
  }
}
