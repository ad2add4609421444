import Foundations

/// Where in a dataset file the samples are, if elsewhere than in the trainer's own layout of groups `train`, `validation`
/// and `test` that each have a dataset of inputs and one of targets.
public struct DataPlaces: Sendable, Equatable {
  /// A group of samples.
  public struct Group: Sendable, Equatable {
    /// What a group of samples is made of.
    public enum Contents: Sendable, Equatable {
      /// The datasets of a group of the file, called as `data.inputs` and `data.targets` say.
      case group(String)
      /// Datasets anywhere in the file, each under the name that the config has for it (`inputs`, `targets`, and those of
      /// weights or of a formula). Several paths are joined by column.
      case datasets([String: [String]])
    }

    /// What the group is made of.
    public var contents: Contents
    /// The rows of all its datasets that are its samples; `nil` for all.
    public var rows: Range<Int>?
    /// The part of the file's attribute `split` (as Fuel writes it) that says which rows are its samples; `nil` for none.
    public var split: String?

    /// Creates a group.
    public init(_ contents: Contents, rows: Range<Int>? = nil, split: String? = nil) {
      self.contents = contents
      self.rows = rows
      self.split = split
    }
  }

  /// The order of an image's axes.
  public enum ImageLayout: String, Sendable, CaseIterable {
    /// Height, width, channels, as the layers take images.
    case channelsLast
    /// Channels, height, width; reordered as they are read.
    case channelsFirst
  }

  /// The groups of samples by name; empty for those that the file itself has.
  public var groups: [String: Group]
  /// The datasets of each group that are joined by column to the inputs; `nil` where `data.inputs` is the name of one.
  public var joinedInputs: [String]?
  /// The axis of samples in every dataset of samples, from the end if negative.
  public var rowAxis: Int
  /// The order of the axes of the inputs' rows.
  public var layout: ImageLayout
  /// What the values of the targets mean as classes; `nil` for whole numbers from 0, or what the file itself says.
  public var labels: TargetLabels?

  /// Creates places; the trainer's own layout if all is left out.
  public init(
    groups: [String: Group] = [:], joinedInputs: [String]? = nil, rowAxis: Int = 0, layout: ImageLayout = .channelsLast,
    labels: TargetLabels? = nil
  ) {
    self.groups = groups
    self.joinedInputs = joinedInputs
    self.rowAxis = rowAxis
    self.layout = layout
    self.labels = labels
  }
}

/// What the values of targets mean as classes.
public enum TargetLabels: Sendable, Equatable {
  /// A value as it is written in the file, and the name of its class.
  public struct Code: Sendable, Equatable {
    /// A number, or a text.
    public let value: String
    /// The name.
    public let name: String

    /// Names a value.
    public init(_ value: String, named name: String) {
      self.value = value
      self.name = name
    }
  }

  /// The different values of the group are its classes, sorted, and called as they are written.
  case sorted
  /// These values are the classes, in this order.
  case codes([Code])
}
