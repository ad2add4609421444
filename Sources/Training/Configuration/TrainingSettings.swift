import Datasets
import Foundations

/// How long and in what portions a run trains.
public struct TrainingSettings: Sendable, Equatable {
  /// How long a run is.
  public enum Length: Sendable, Equatable {
    /// So many passes over the training group.
    case epochs(Int)
    /// So many optimizer steps.
    case steps(Int)
  }

  /// How many samples one step takes.
  public enum BatchSize: Sendable, Equatable {
    /// So many.
    case samples(Int)
    /// The whole training group.
    case full

    /// The size as a config writes it.
    var json: JSONValue {
      switch self {
      case .samples(let count): .integer(count)
      case .full: "full"
      }
    }
  }

  /// How long the run is.
  public internal(set) var length: Length
  /// How many samples one step takes; `nil` for a formula that stands alone.
  public private(set) var batchSize: BatchSize?
  /// The number of slices of a batch. With the batch it fixes the numerics, whatever the number of workers.
  public private(set) var shards: Int
  /// What the old key `shuffle` says, in place of which is that of the data; `nil` if it is not there.
  private(set) var isShuffling: Bool?
  /// The settings as a config writes them, without those that are left to the defaults of the run.
  public private(set) var json: JSONObject

  /// Creates the settings; what is left out has the default of a config, which depends on the run. Until a run's
  /// configuration is made of them, the properties show the defaults of a run with data and a small model.
  ///
  /// - Parameters:
  ///   - length: How long the run is: by default 10 epochs, or 100 steps without data.
  ///   - batchSize: How many samples one step takes: by default 32.
  ///   - shards: The number of slices of a batch.
  public init(_ length: Length? = nil, batchSize: BatchSize? = nil, shards: Int? = nil) {
    self.length = length ?? .epochs(Self.defaultEpochs)
    self.batchSize = batchSize ?? .samples(Self.defaultBatchSize)
    self.shards = shards ?? Self.defaultShards(for: batchSize ?? .samples(Self.defaultBatchSize))
    json = JSONObject()
    switch length {
    case .epochs(let count): json["epochs"] = .integer(count)
    case .steps(let count): json["steps"] = .integer(count)
    case nil: break
    }
    json["batchSize"] = batchSize?.json
    json["shards"] = shards.map(JSONValue.integer)
  }

  private static let defaultEpochs = 10
  private static let defaultBatchSize = 32

  /// What a model is like, as far as the number of shards goes.
  public enum ModelKind: Sendable {
    /// Most models.
    case small
    /// With more than a million parameters behind its first layer.
    case large
    /// With filters that meet many positions of a sample.
    case sliding
  }

  init(from settings: Settings, hasData: Bool, model: ModelKind) throws {
    json = JSONObject()
    length = try Self.length(settings, hasData: hasData)
    guard hasData else {
      batchSize = nil
      shards = 1
      if case .object(let object) = settings.resolved { json = object }
      return
    }
    let samples = try settings.integer(
      "batchSize", orWord: "full", default: .integer(Self.defaultBatchSize), in: .positive,
      help: "The samples of one step.")
    let batchSize = samples.map(BatchSize.samples) ?? .full
    self.batchSize = batchSize
    shards = try settings.integer(
      "shards", default: Self.defaultShards(for: batchSize, model: model), in: 1...4096,
      help: "The slices of a batch, the units that workers take; with the batch size they fix the numerics.")
    settings.derive("shards", from: "from batchSize and the model")
    if settings.contains("shuffle") {
      isShuffling = try settings.boolean("shuffle", help: "What data.shuffle says now: true for rows, false for none.")
      settings.omit("shuffle")
    }
    if case .object(let object) = settings.resolved { json = object }
  }

  /// The order that the old key `shuffle` says; `nil` if it is not there.
  ///
  /// - Throws: `TrainerError` with code `.usage` if that of the data is another.
  func order(beside order: SampleOrder?, in settings: Settings) throws -> SampleOrder? {
    guard let old = isShuffling.map(SampleOrder.init(isShuffling:)) else { return nil }
    guard let order, order != old else { return old }
    throw settings.error(
      "shuffle",
      "found \(old == .rows) beside \(order.json.lineText) in data.shuffle, which says the same in another way; "
        + "remove training.shuffle, the old key")
  }

  /// The same with batches and shards that many times as large; a full batch cannot grow.
  func growing(by factor: Int) -> TrainingSettings {
    guard case .samples(let count)? = batchSize else { return self }
    var larger = self
    larger.batchSize = .samples(factor * count)
    larger.shards = factor * shards
    larger.json["batchSize"] = larger.batchSize?.json
    larger.json["shards"] = .integer(larger.shards)
    return larger
  }

  /// How many shards a batch has if the config does not say.
  ///
  /// The largest power of two S with 4 S² ≤ batch size, so that a shard has at least 4 S samples; half of it for a large
  /// model; never more than 32. More shards feed more cores, but each has a gradient of its own to write and to sum,
  /// which costs as much as some samples' arithmetic, the more so the larger the model. Where filters meet many positions
  /// of a sample, its arithmetic is great beside the gradient, and few samples' activations fill a cache: then the largest
  /// power of two that leaves a shard 8 samples.
  ///
  /// - Parameters:
  ///   - batchSize: The samples of a batch.
  ///   - model: What the model is like.
  public static func defaultShards(for batchSize: BatchSize, model: ModelKind = .small) -> Int {
    guard case .samples(let count) = batchSize else { return model == .large ? 8 : 16 }
    var shards = 1
    func fits(_ shards: Int) -> Bool { model == .sliding ? 8 * shards <= count : 4 * shards * shards <= count }
    while shards < 32, fits(2 * shards) { shards *= 2 }
    return model == .large ? max(1, shards / 2) : shards
  }

  private static func length(_ settings: Settings, hasData: Bool) throws -> Length {
    let stepsHelp = "The length in optimizer steps."
    guard hasData else {
      return try .steps(settings.integer("steps", default: 100, in: .positive, help: stepsHelp))
    }
    let epochsHelp = "The length in passes over the training group; or give steps."
    guard let steps = try settings.optionalInteger("steps", in: .positive, help: stepsHelp) else {
      return try .epochs(settings.integer("epochs", default: Self.defaultEpochs, in: .positive, help: epochsHelp))
    }
    if settings.isGiven("epochs") {
      throw settings.error("epochs", "found beside \"steps\", expected only one of them")
    }
    _ = try settings.optionalInteger("epochs", in: .positive, help: epochsHelp)
    return .steps(steps)
  }
}
