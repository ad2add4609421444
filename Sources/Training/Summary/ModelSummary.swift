import Foundations

/// What a config trains and what that takes, told from the shapes of its data: the layers of a model or the parameters of a
/// formula, their operations, and the memory of a run.
public struct ModelSummary: Sendable {
  /// A parameter.
  public struct Parameter: Sendable, Equatable {
    /// Its path, such as `dense1/weight`.
    public let name: String
    /// The extents.
    public let shape: [Int]
    /// Whether training changes it: not where its group of the optimizer has the learning rate 0.
    public let isTrained: Bool

    /// The number of elements.
    public var count: Int { shape.reduce(1, *) }
  }

  /// A layer of a model.
  public struct Layer: Sendable {
    /// Its name; of one within another, the path to it.
    public let name: String
    /// Its type in configs.
    public let type: String
    /// How many layers it is within.
    public let depth: Int
    /// The extents of what it gives for one sample.
    public let outputShape: [Int]
    /// Its parameters, with those of the layers in it.
    public let parameters: [Parameter]
    /// Floating-point operations for one sample where nothing is trained, with those of the layers in it.
    public let operations: Int

    /// The numbers that are parameters.
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.count } }
  }

  /// Floating-point operations for one sample, a multiply-add counting as two and a function as one.
  public struct Operations: Sendable, Equatable {
    /// Of the model's outputs, or of the formula's value.
    public let forward: Int
    /// Of loss and gradient, without the optimizer's.
    public let trainingStep: Int
  }

  /// Bytes of memory.
  public struct Memory: Sendable, Equatable {
    /// Of the parameters.
    public let parameters: Int
    /// Of what the optimizer remembers.
    public let optimizerState: Int
    /// Of what a shard computes for its samples and keeps for the gradient.
    public let shard: Int
    /// Of all that a run takes beside its data, checkpoints included; `nil` where the number of its samples is not known.
    public let run: Int?
    /// The workers that this is for.
    public let workers: Int
  }

  /// The run's name.
  public let name: String
  /// The element type.
  public let precision: ElementType
  /// The extents of one sample behind preprocessing; `nil` for a formula.
  public let inputShape: [Int]?
  /// The formula; `nil` for a model.
  public let formula: String?
  /// The layers in order, those within another behind it; none for a formula.
  public let layers: [Layer]
  /// All parameters, in the order of their layout.
  public let parameters: [Parameter]
  /// What one sample takes.
  public let operations: Operations
  /// What a run takes.
  public let memory: Memory
  /// The samples of a batch; `nil` for all, whose number is not known.
  public let batchSize: Int?
  /// The shards of a batch.
  public let shards: Int
  /// The samples of the largest shard.
  public let shardSamples: Int

  /// The numbers that are parameters.
  public var parameterCount: Int { parameters.reduce(0) { $0 + $1.count } }
  /// Those of them that training changes.
  public var trainedCount: Int { parameters.reduce(0) { $0 + ($1.isTrained ? $1.count : 0) } }
}
