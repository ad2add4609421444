import Datasets
import Foundations
import Models
import Optimizers

/// What a config can choose from: the package's components, and those that an app adds.
///
/// It is a value. Whoever reads a config, or a checkpoint with a config in it, is given the one to read it with.
///
/// ```swift
/// var registries = Registries.standard
/// try registries.layers.add(Swish.self)
/// let configuration = try RunConfiguration(file: "swish.json", registries: registries)
/// ```
public struct Registries: Sendable {
  /// The layers of a model.
  public var layers = Registry<any Layer>.layers
  /// What a model makes small.
  public var losses = Registry<any Loss>.losses
  /// What is measured beside the loss.
  public var metrics = Registry<any Metric>.metrics
  /// The optimizers.
  public var optimizers = Registry<any OptimizerSettings>.optimizers
  /// How the learning rate changes.
  public var schedules = Registry<any Schedule>.schedules
  /// Who writes down how a run goes.
  public var observers = Registry<any ObserverSettings>.observers
  /// The formats that datasets are made from.
  public var importers = ImporterRegistry.standard

  /// What the package has.
  public static let standard = Registries()
}
