import Datasets
import Foundations

/// Layers in front of the last one for samples whose elements have neighbours: images, and series of numbers.
///
/// A block is a convolution and a pooling that halves the extents; each has twice the filters of the one before. Blocks go
/// on until some seven elements are left along an image's shorter axis, or some thirty of a series.
struct ProposedConvolutions {
  /// The layers.
  let layers: [JSONValue]
  /// The inputs of the layer behind them.
  let outputs: Int
  /// What they are and why: one sentence.
  let reason: String

  /// What samples are.
  private enum Kind {
    case images(height: Int, width: Int, channels: Int, hasChannelAxis: Bool)
    case series(length: Int, channels: Int)

    /// By the extents of a sample, the channels last; `nil` for columns of a table and for what is too small.
    init?(_ shape: [Int]) {
      switch shape.count {
      case 3 where [1, 3, 4].contains(shape[2]) && min(shape[0], shape[1]) >= 8:
        self = .images(height: shape[0], width: shape[1], channels: shape[2], hasChannelAxis: true)
      case 2 where shape[0] >= 64 && shape[1] <= 16: self = .series(length: shape[0], channels: shape[1])
      case 2 where min(shape[0], shape[1]) >= 8:
        self = .images(height: shape[0], width: shape[1], channels: 1, hasChannelAxis: false)
      default: return nil
      }
    }
  }

  /// With fewer samples their noise is learned.
  private static let fewestRows = 200
  private static let mostFilters = 128

  /// `nil` where samples are no such things, or too few.
  init?(_ profile: DataProfile) {
    switch profile.inputs {
    case .bytes, .numbers(missing: false): break
    case .table, .numbers(missing: true), .sparse: return nil
    }
    guard profile.rows >= Self.fewestRows, let kind = Kind(profile.inputShape) else { return nil }
    var filters = profile.rows < 2000 ? 16 : 32
    var layers: [JSONValue] = []
    var blocks = 0
    func addBlock(kernel: Int) {
      if blocks > 0 { filters = min(2 * filters, Self.mostFilters) }
      layers.append([
        "type": "convolution", "filters": .integer(filters), "kernel": .integer(kernel), "padding": "same",
        "activation": "relu",
      ])
      layers.append(["type": "maxPooling", "size": 2])
      blocks += 1
    }
    switch kind {
    case .images(var height, var width, let channels, let hasChannelAxis):
      if !hasChannelAxis {
        layers.append(["type": "reshape", "shape": [.integer(height), .integer(width), .integer(channels)]])
      }
      reason =
        "The samples are images of \(height) by \(width) points\(channels == 1 ? "" : " in \(channels) channels"), so the model "
        + "has convolutions, which look for the same small patterns everywhere."
      repeat {
        addBlock(kernel: 3)
        (height, width) = (height / 2, width / 2)
      } while min(height, width) >= 14 && blocks < 5
      // Of large images a mean over what is left; of small ones each place counts.
      if height * width > 64 {
        layers.append(["type": "globalAveragePooling"])
        outputs = filters
      } else {
        outputs = height * width * filters
      }
    case .series(var length, let channels):
      reason =
        "The samples are series of \(length) steps\(channels == 1 ? "" : " in \(channels) channels"), so the model has "
        + "convolutions along them, which look for the same short patterns everywhere."
      repeat {
        addBlock(kernel: 9)
        length /= 2
      } while length >= 64 && blocks < 5
      layers.append(["type": "globalAveragePooling"])
      outputs = filters
    }
    layers.append(["type": "dropout", "rate": 0.2])
    self.layers = layers
  }
}
