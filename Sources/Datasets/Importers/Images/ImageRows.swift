import Foundation
import Foundations
import HDF5
import Synchronization

/// Rows of a dataset that are decoded from image files, some at a time, so that memory does not grow with their number.
struct ImageRows: Sendable {
  /// The extents of a row.
  let size: ImageSize
  let channels: Int
  /// Whether images of another size are resized; otherwise they are an error.
  let resizes: Bool
  /// How many images are decoded at once.
  private let threads: Int

  /// Creates the value.
  ///
  /// - Parameters:
  ///   - largest: The largest image and its path; `nil` where all have the size of a row.
  /// - Throws: `TrainerError` with exit code `data` for an image that is too large to decode in the memory that there is.
  init(
    _ size: ImageSize, channels: Int, resizes: Bool, largest: (path: String, header: ImageHeader)? = nil,
    threads: Int? = nil
  ) throws {
    (self.size, self.channels, self.resizes) = (size, channels, resizes)
    let wanted =
      threads ?? (ThreadSupply.current.isScarce ? 1 : ProcessInfo.processInfo.activeProcessorCount)
    // The file, its pixels as they are, in another color and half way to another size.
    let pixels = Double(largest?.header.byteCount ?? size.height * size.width * channels)
    let need = 2 * pixels + Double(max(largest?.header.height ?? 0, size.height) * size.width * channels) * 2
    try MemoryLimit.require(
      need, for: "decoding " + (largest.map { "'\($0.path)'" } ?? "an image"), code: .data,
      advice: "make the image smaller")
    self.threads = max(1, min(wanted, Int(Self.mostBytesAtOnce / max(1, need))))
  }

  /// What images take that are decoded at once, if it is more than one.
  private static let mostBytesAtOnce = Double(1 << 28)

  /// The bytes of one row.
  var rowByteCount: Int { size.height * size.width * channels }

  /// How many rows are decoded before they are handed on: whole chunks, where there are some.
  func blockRows(chunk: Int = 1) -> Int { max(chunk, (4 << 20) / rowByteCount / chunk * chunk) }

  /// Decodes some images.
  ///
  /// - Parameter image: Gives the image of a row; called on several threads.
  /// - Returns: The rows, one behind the other.
  /// - Throws: `TrainerError` for the first image that is not right.
  func decoded(_ count: Int, image: @Sendable (Int) throws -> (image: PixelImage, name: String)) throws -> [UInt8] {
    let rows = Mutex([Result<[UInt8], any Error>?](repeating: nil, count: count))
    @Sendable func work(_ row: Int) {
      let result = Result {
        let (image, name) = try image(row)
        return try fitted(image, name)
      }
      rows.withLock { $0[row] = result }
    }
    let threads = min(threads, count)
    if threads > 1 {
      // So many at once, each the next one that nobody has begun.
      let next = Atomic<Int>(0)
      DispatchQueue.concurrentPerform(iterations: threads) { _ in
        while case let row = next.add(1, ordering: .relaxed).oldValue, row < count { work(row) }
      }
    } else {
      for row in 0..<count { work(row) }
    }
    var bytes: [UInt8] = []
    bytes.reserveCapacity(count * rowByteCount)
    try rows.withLock { rows in for row in rows { if let row { bytes += try row.get() } } }
    return bytes
  }

  /// The pixels of an image in the colors and the size of the rows.
  private func fitted(_ image: PixelImage, _ name: String) throws -> [UInt8] {
    let found = ImageSize(height: image.height, width: image.width)
    guard found == size || resizes else {
      throw TrainerError(
        .data, "\(name) has \(found) pixels, expected \(size)",
        remedy: .init("resize", "have images of another size resized"))
    }
    return ImageResampling.resized(image.converted(toChannels: channels), to: size).bytes
  }
}
