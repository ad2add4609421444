/// The extents of an image.
public struct ImageSize: Sendable, Equatable, CustomStringConvertible {
  /// Rows of pixels.
  public let height: Int
  /// Pixels of a row.
  public let width: Int

  /// Creates the value.
  ///
  /// - Precondition: both are positive.
  public init(height: Int, width: Int) {
    precondition(height > 0 && width > 0, "an image has pixels")
    self.height = height
    self.width = width
  }

  /// `32 x 24`: the height first.
  public var description: String { "\(height) x \(width)" }
}

/// Resampling with the triangle filter, which is as wide as a new pixel where the image becomes smaller, so that each old pixel
/// counts and nothing aliases: Pillow's `BILINEAR`, bit by bit, first along rows, then along columns. (From version 13 on
/// Pillow takes the order that is less work, which changes a byte here and there by one.) The image's proportions are not
/// kept.
enum ImageResampling {
  /// The old pixels of which a new one is made, along one axis.
  private struct Contribution {
    let first: Int
    /// In units of 2⁻²².
    let weights: [Int32]
  }

  private static let fractionBits = 22

  /// The contributions to each new pixel of an axis.
  private static func contributions(from old: Int, to new: Int) -> [Contribution] {
    let scale = Double(old) / Double(new)
    // The filter reaches one old pixel to both sides where the image grows.
    let support = max(scale, 1)
    return (0..<new).map { place in
      let center = (Double(place) + 0.5) * scale
      let first = max(0, Int(center - support + 0.5))
      let end = min(old, Int(center + support + 0.5))
      let weights = (first..<end).map { max(0, 1 - abs((Double($0) - center + 0.5) * (1 / support))) }
      let sum = weights.reduce(0, +)
      return Contribution(
        first: first, weights: weights.map { Int32(0.5 + (sum == 0 ? $0 : $0 / sum) * Double(1 << fractionBits)) })
    }
  }

  private static func byte(_ sum: Int32) -> UInt8 { UInt8(clamping: sum >> Int32(fractionBits)) }

  /// An image of another size; the same one if it has that size.
  static func resized(_ image: PixelImage, to size: ImageSize) -> PixelImage {
    var image = image
    let half = Int32(1) << Int32(fractionBits - 1)
    if image.width != size.width {
      let (old, channels, columns) = (image, image.channels, contributions(from: image.width, to: size.width))
      var bytes: [UInt8] = []
      bytes.reserveCapacity(old.height * size.width * channels)
      old.bytes.withUnsafeBufferPointer { pixels in
        for row in 0..<old.height {
          for column in columns {
            let first = (row * old.width + column.first) * channels
            for channel in 0..<channels {
              var sum = half
              for (step, weight) in column.weights.enumerated() {
                sum &+= Int32(pixels[first + step * channels + channel]) &* weight
              }
              bytes.append(byte(sum))
            }
          }
        }
      }
      image = PixelImage(height: old.height, width: size.width, channels: channels, bytes: bytes)
    }
    if image.height != size.height {
      let (old, stride) = (image, image.width * image.channels)
      var bytes: [UInt8] = []
      bytes.reserveCapacity(size.height * stride)
      old.bytes.withUnsafeBufferPointer { pixels in
        for row in contributions(from: old.height, to: size.height) {
          for place in 0..<stride {
            var sum = half
            for (step, weight) in row.weights.enumerated() {
              sum &+= Int32(pixels[(row.first + step) * stride + place]) &* weight
            }
            bytes.append(byte(sum))
          }
        }
      }
      image = PixelImage(height: size.height, width: image.width, channels: image.channels, bytes: bytes)
    }
    return image
  }
}
