import Checkpoints
import Datasets
import Foundations
import Models

/// What `evaluate` measured.
public struct EvaluationReport: Sendable {
  /// The checkpoint.
  public let checkpoint: String
  /// Its completed steps.
  public let step: Int
  /// The dataset file.
  public let data: String
  /// The group.
  public let group: String
  /// The group's samples.
  public let samples: Int
  /// The loss and the metrics: those of the config and, for classes, the confusion matrix.
  public let measurement: Measurement
  /// The names of the classes, if the dataset has them.
  public let classNames: [String]?
}
