import Datasets
import Foundation
import Foundations

/// What is learned, by the targets.
struct ProposedTask {
  /// The numbers of the last layer.
  let outputs: Int
  let loss: String
  let reason: String
  let metrics: [String]
  let metricsReason: String
  /// What a model of one layer is called.
  let linearName: String
  /// The mean and the deviation of numbers to predict; `nil` for classes.
  var scale: (mean: Double, deviation: Double)?
  var doubts: [String] = []

  init(_ targets: DataProfile.Targets) {
    let classMetrics = ["accuracy", "f1"]
    let share = "accuracy is the share of samples that are right; "
    var classReason = share + "f1 counts each class alike, however rare it is."
    switch targets {
    case .classes(let names, let counts):
      let total = counts.reduce(0, +)
      let common = counts.max() ?? 0
      let isTwo = names.count == 2
      outputs = isTwo ? 1 : names.count
      loss = isTwo ? "binaryCrossEntropy" : "softmaxCrossEntropy"
      linearName = "logistic regression"
      if isTwo {
        classReason =
          share + "f1 is that of the class '\(names[1].onOneLine)' alone, so that it is low where this one is missed."
      }
      reason =
        isTwo
        ? "Two classes, '\(names[0].onOneLine)' and '\(names[1].onOneLine)', are one question of no or yes, so the model has one "
          + "output and binary cross-entropy measures it."
        : "Of \(names.count) classes a sample has one, so the model has as many outputs and softmax cross-entropy measures "
          + "them."
      if let place = counts.firstIndex(of: common), total > 0, Double(common) > 0.75 * Double(total) {
        doubts.append(
          "whether rare classes matter more: \(100 * common / total) % of the training samples are of class "
            + "'\(names[place].onOneLine)', so that always answering that would be as accurate; look at f1, or give the others more "
            + "weight with data.weights")
      }
    case .distribution(let count):
      outputs = count
      loss = "softmaxCrossEntropy"
      linearName = "logistic regression"
      reason =
        "The targets are rows of \(count) numbers whose sum is 1, as classes are written as ones among zeros; softmax "
        + "cross-entropy takes them as they are."
    case .answers(let count):
      outputs = count
      loss = "binaryCrossEntropy"
      linearName = "logistic regression"
      classReason = "accuracy is the share of answers that are right; f1 is that of the answer yes."
      reason = "The targets are \(count) answers of no or yes, each a binary cross-entropy of its own."
    case .numbers(let count, let mean, let deviation):
      outputs = count
      loss = "meanSquaredError"
      linearName = "linear regression"
      metrics = ["r2", "meanAbsoluteError"]
      metricsReason =
        "r2 is the share of the targets' variance that is explained: 1 is perfect, 0 is what their mean would give. "
        + "meanAbsoluteError is in the unit of the targets."
      reason =
        (count == 1 ? "The target is a number" : "The targets are \(count) numbers")
        + ", and the model makes the mean of the squared errors small."
      scale = (mean, deviation)
      return
    }
    metrics = classMetrics
    metricsReason = classReason
  }
}

/// How the training group is divided where the file lacks a group.
struct ProposedSplit {
  /// The share of each group that is missing; empty if none is.
  let shares: [(group: String, share: Double)]
  /// The share of all.
  var share: Double { shares.reduce(0) { $0 + $1.share } }

  init(_ profile: DataProfile) {
    let share = profile.rows < 1000 ? 0.2 : profile.rows < 10_000 ? 0.15 : 0.1
    // Of few samples, those that are trained on count most.
    shares = [("validation", profile.rows < 200 ? 0.1 : share), ("test", share)].filter { name, _ in
      !profile.groups.contains { $0.name == name }
    }
  }
}

/// How large a model is and how long it trains, by the number of samples.
struct ProposedSize {
  /// The model's inputs, about.
  let inputs: Int
  /// The units of the hidden layers.
  let hidden: [Int]
  let learningRate: Double
  /// The samples of a batch; `nil` for all.
  let batchSize: Int?
  let epochs: Int
  let patience: Int
  let epochsOfCheckpoint: Int
  /// The share of the moving average of the parameters that a step keeps; `nil` for no average.
  let averaging: Double?

  /// Fewer rows than these get no hidden layer.
  private static let fewestRows = 200
  /// With fewer rows for each input a hidden layer learns their noise, and one layer predicts better.
  static let rowsOfInput = 50
  /// More inputs than these ask for no more rows: they depend on each other.
  private static let mostInputs = 100

  /// Whether inputs seem to be points of an image, of which no single one says much.
  private static func isImage(_ profile: DataProfile) -> Bool {
    if profile.inputShape.count >= 2 { return true }
    guard case .bytes = profile.inputs else { return false }
    return profile.rows >= 1000 && profile.inputShape.reduce(1, *) >= 64
  }

  init(_ profile: DataProfile, outputs: Int, hasConvolutions: Bool) {
    // What a split leaves: a batch can be no larger.
    let rows = profile.rows
    let trained = Int(Double(rows) * (1 - ProposedSplit(profile).share))
    if case .table(let features) = profile.inputs {
      inputs = features.reduce(0) { $0 + max(1, $1.categories.count) }
    } else {
      inputs = profile.inputShape.reduce(1, *)
    }
    var size: Int
    let isDeep =
      rows >= Self.fewestRows && (Self.isImage(profile) || rows >= Self.rowsOfInput * min(inputs, Self.mostInputs))
    let units: [Int]
    var learningRate: Double
    var epochs: Int
    var patience: Int
    switch rows {
    case ..<200: (units, learningRate, size, epochs, patience) = ([], 0.1, 32, 200, 20)
    case ..<1000: (units, learningRate, size, epochs, patience) = ([16], isDeep ? 0.01 : 0.03, 32, 150, 15)
    case ..<10_000: (units, learningRate, size, epochs, patience) = ([64], isDeep ? 0.005 : 0.01, 64, 80, 10)
    case ..<30_000: (units, learningRate, size, epochs, patience) = ([128], 0.002, 128, 40, 5)
    default: (units, learningRate, size, epochs, patience) = ([256, 128], 0.001, 256, 20, 3)
    }
    hidden = isDeep ? units : []
    if hasConvolutions {
      // An epoch takes longer and teaches more.
      (learningRate, size) = (0.001, rows < 1000 ? 32 : 64)
      (epochs, patience) = rows < 1000 ? (100, 15) : rows < 10_000 ? (60, 8) : rows < 30_000 ? (30, 5) : (15, 3)
    }
    (self.learningRate, self.epochs, self.patience) = (learningRate, epochs, patience)
    batchSize = trained < size ? nil : size
    epochsOfCheckpoint = rows < 1000 ? 5 : 1
    averaging = hasConvolutions || rows < Self.fewestRows ? nil : rows < 1000 ? 0.98 : rows < 10_000 ? 0.99 : nil
  }
}

/// What lets the last layer predict numbers far from 0, or of another size than 1: the network itself has no scale.
///
/// The layer begins at the targets' mean, with weights of the size of their deviation, and moves in steps of that size.
struct OutputScale {
  /// The name of the last layer.
  static let layer = "output"

  private let mean: Double
  private let deviation: Double
  private let fanIn: Int
  private let isPlain: Bool

  init(_ scale: (mean: Double, deviation: Double), fanIn: Int) {
    (mean, deviation) = scale
    self.fanIn = max(1, fanIn)
    isPlain = (0.3...3).contains(scale.deviation) && abs(scale.mean) <= scale.deviation
  }

  /// Whether float32 has too few digits, or too small a range, for the targets.
  var needsDoublePrecision: Bool {
    !(1e-7...1e7).contains(deviation) || abs(mean) > 1e5 * deviation
  }

  /// Why; empty where there is nothing to scale.
  var reason: String {
    isPlain
      ? ""
      : "The targets have a mean of \(Self.text(mean)) and a deviation of \(Self.text(deviation)), so the last layer begins "
        + "there and has a learning rate of its own, that many times larger or smaller."
  }

  func addInitializers(to layer: inout JSONObject) {
    guard !isPlain else { return }
    layer["weightInitializer"] = [
      "type": "normal", "standardDeviation": .number(Self.rounded(deviation / (2 * Double(fanIn).squareRoot()))),
    ]
    layer["biasInitializer"] = ["type": "constant", "value": .number(Self.rounded(mean))]
  }

  func addGroup(to optimizer: inout JSONObject, learningRate: Double) {
    guard !isPlain else { return }
    // The squares of gradients of small targets must not drown in Adam's constant.
    if deviation < 0.1 { optimizer["epsilon"] = .number(Self.rounded(1e-8 * deviation * deviation)) }
    optimizer["groups"] = [
      ["match": .string("\(Self.layer)/*"), "learningRate": .number(Self.rounded(learningRate * deviation))]
    ]
  }

  /// Three digits, which is more than enough for what a person may want to change.
  private static func rounded(_ value: Double) -> Double { Double(text(value)) ?? value }

  static func text(_ value: Double) -> String { String(format: "%.3g", value) }
}
