import CHDF5
import Foundation

/// What a dataset was created with, which never changes.
struct CreationFacts: Sendable {
  let layout: Dataset.Layout
  /// The shape of a chunk; `nil` unless the layout is chunked.
  let chunkShape: [Int]?
  /// In the order in which they apply on writing.
  let filters: [Dataset.Filter]
  /// The files that the elements lie in by themselves.
  let externalFileNames: [String]

  /// Takes them from a list of properties; part of a locked call.
  init(_ id: hid_t) {
    layout =
      switch H5Pget_layout(id) {
      case H5D_COMPACT: .compact
      case H5D_CONTIGUOUS: .contiguous
      case H5D_CHUNKED: .chunked
      default: .virtual
      }
    if layout == .chunked {
      var extents = [hsize_t](repeating: 0, count: Int(H5S_MAX_RANK))
      let rank = H5Pget_chunk(id, Int32(extents.count), &extents)
      chunkShape = extents.prefix(max(0, Int(rank))).map(Int.init(clamping:))
    } else {
      chunkShape = nil
    }
    filters = (0..<max(0, H5Pget_nfilters(id))).map { Self.filter(id, $0) }
    externalFileNames = (0..<max(0, H5Pget_external_count(id))).map { Self.externalFileName(id, $0) }
  }

  private static func filter(_ id: hid_t, _ index: Int32) -> Dataset.Filter {
    var flags: UInt32 = 0
    var configuration: UInt32 = 0
    var count = 16
    var parameters = [UInt32](repeating: 0, count: count)
    var identifier: Int32 = 0
    let name = readingText(length: 63) { buffer, size in
      identifier = H5Pget_filter2(id, UInt32(index), &flags, &count, &parameters, size, buffer, &configuration)
      return identifier < 0 ? 0 : strnlen(buffer, size)
    }
    return Dataset.Filter(
      identifier: identifier, name: String(decoding: name, as: UTF8.self),
      parameters: parameters.prefix(count).map { Int($0) })
  }

  private static func externalFileName(_ id: hid_t, _ index: Int32) -> String {
    let name = readingText(length: Int(PATH_MAX)) { buffer, size in
      var (offset, length) = (off_t(), hsize_t())
      return H5Pget_external(id, UInt32(index), size, buffer, &offset, &length) < 0 ? 0 : strnlen(buffer, size)
    }
    return String(decoding: name, as: UTF8.self)
  }
}
