import Foundations

/// A single number of a run's state, such as the best loss so far or how long it has not improved. Two are equal if all
/// bits are.
public enum ProgressValue: Sendable, Equatable {
  /// A count.
  case integer(Int)
  /// A measure; not finite where nothing has been measured yet.
  case number(Double)

  /// Whether both are of one kind and all bits are the same.
  public static func == (left: ProgressValue, right: ProgressValue) -> Bool {
    switch (left, right) {
    case (.integer(let left), .integer(let right)): left == right
    case (.number(let left), .number(let right)): left.bitPattern == right.bitPattern
    default: false
    }
  }
}

/// Everything that a run needs to go on as if it had never stopped, as plain names and numbers.
public struct Checkpoint: Sendable, Equatable {
  /// Completed steps.
  public var step: Int
  /// Completed epochs.
  public var epoch: Int
  /// The run's seed.
  public var seed: Int
  /// The resolved config as JSON text.
  public var config: String
  /// What the run knows of its data by name, such as features and classes, as JSON text; `nil` in checkpoints from before
  /// names were kept.
  public var schema: String?
  /// The parameters in layout order: offsets are contiguous from 0.
  public var parameters: [CheckpointTensor]
  /// What the model keeps beside its parameters, such as running averages, in layout order: offsets go on from the
  /// parameters'. Empty for most models.
  public var state: [CheckpointTensor]
  /// The optimizer's state, in the order of names.
  public var optimizer: [CheckpointTensor]
  /// What preprocessing has learnt from the training data, in the order of names.
  public var preprocessing: [CheckpointTensor]
  /// The course of the run, one vector for each measure, in the order of names.
  public var history: [CheckpointTensor]
  /// Single numbers of the run's state.
  public var progress: [String: ProgressValue]
  /// Where the checkpoint comes from: program version, BLAS, CPU, data fingerprint, time. A resume compares it and
  /// warns; no number depends on it.
  public var provenance: [String: String]

  /// Creates a checkpoint. Tensors but for the parameters are put in the order of their names, which is how a file
  /// gives them back.
  public init(
    step: Int, epoch: Int, seed: Int, config: String, schema: String? = nil, parameters: [CheckpointTensor],
    state: [CheckpointTensor] = [], optimizer: [CheckpointTensor] = [], preprocessing: [CheckpointTensor] = [],
    history: [CheckpointTensor] = [],
    progress: [String: ProgressValue] = [:], provenance: [String: String] = [:]
  ) {
    self.step = step
    self.epoch = epoch
    self.seed = seed
    self.config = config
    self.schema = schema
    self.parameters = parameters
    self.state = state
    self.optimizer = optimizer.sorted { $0.name < $1.name }
    self.preprocessing = preprocessing.sorted { $0.name < $1.name }
    self.history = history.sorted { $0.name < $1.name }
    self.progress = progress
    self.provenance = provenance
  }

  /// The SHA-256 over all parameters' raw values in layout order, little-endian, without padding, and then over the state's.
  public var digest: Digest {
    var stream = Digest.Stream()
    for tensor in parameters + state { tensor.withBytes { stream.update($0) } }
    return stream.digest
  }

  /// Where the parameters lie in the flat vector.
  public var layout: ParameterLayout {
    var layout = ParameterLayout()
    for tensor in parameters { layout.append(name: tensor.name, shape: tensor.shape) }
    for tensor in state { layout.append(name: tensor.name, shape: tensor.shape, isState: true) }
    return layout
  }

  /// The sections of tensors with their names in the file.
  var sections: [(name: String, tensors: [CheckpointTensor])] {
    [
      ("parameters", parameters), ("optimizer", optimizer), ("preprocessing", preprocessing), ("history", history),
    ] + (state.isEmpty ? [] : [("state", state)])
  }
}
