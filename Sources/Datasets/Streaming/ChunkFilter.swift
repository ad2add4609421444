import HDF5

/// A filter of chunks that workers undo themselves, by the number that it is registered with at the HDF Group.
package enum ChunkFilter: Sendable, Equatable {
  /// 1: a zlib stream (RFC 1950).
  case deflate
  /// 2: the first bytes of all elements, then the second ones, and so on.
  case shuffle(width: Int)
  /// 3: Fletcher's checksum of 16-bit words behind the bytes (Fletcher, 1982).
  case fletcher32
  /// 32000: LZF (Lehmann), as h5py and PyTables write it.
  case lzf
  /// 32004: LZ4 in blocks, with sizes of the HDF5 filter's own.
  case lz4
  /// 32015: Zstandard (RFC 8878).
  case zstandard

  /// - Returns: `nil` for another filter, one with settings that are not known, or one whose library is not installed.
  init?(_ filter: HDF5.Dataset.Filter) {
    switch filter.identifier {
    case 1: self = .deflate
    case 2:
      guard let width = filter.parameters.first, width > 0 else { return nil }
      self = .shuffle(width: width)
    case 3: self = .fletcher32
    case 32000: self = .lzf
    case 32004:
      guard LZ4Library.shared != nil else { return nil }
      self = .lz4
    case 32015:
      guard ZstandardLibrary.shared != nil else { return nil }
      self = .zstandard
    default: return nil
    }
  }

  /// Whether it makes of bytes a number of others that is not known before.
  var packs: Bool {
    switch self {
    case .shuffle, .fletcher32: false
    case .deflate, .lzf, .lz4, .zstandard: true
    }
  }

  /// The name in messages.
  var name: String {
    switch self {
    case .deflate: "deflate"
    case .shuffle: "shuffle"
    case .fletcher32: "fletcher32"
    case .lzf: "lzf"
    case .lz4: "lz4"
    case .zstandard: "zstd"
    }
  }
}

/// The filters of a dataset's chunks, in the order in which writing applies them; reading undoes them from the last.
struct ChunkFilters: Sendable {
  let filters: [ChunkFilter]
  /// Bytes of a chunk before all filters.
  let plainByteCount: Int

  /// - Returns: `nil` if one of the filters is not known here.
  init?(_ filters: [HDF5.Dataset.Filter], plainByteCount: Int) {
    let known = filters.compactMap { ChunkFilter($0) }
    // A filter mask has 32 bits.
    guard known.count == filters.count, known.count <= 32 else { return nil }
    self.filters = known
    self.plainByteCount = plainByteCount
    let checksums = known.count { $0 == .fletcher32 }
    let packings = known.count { $0.packs }
    // What was packed twice had, between the two, at most the size that ``ChunkPlaces`` takes chunks of.
    let most = packings > 1 ? 2 * plainByteCount + 4096 : plainByteCount + 4 * checksums
    bufferByteCount = known.isEmpty ? 0 : (most + 63) / 64 * 64
  }

  var codecs: ChunkCodecs {
    var codecs: ChunkCodecs = []
    if filters.contains(.deflate) { codecs.insert(.deflate) }
    if filters.contains(.zstandard) { codecs.insert(.zstandard) }
    return codecs
  }

  /// Bytes of each of the two buffers of scratch that ``undo(_:mask:chunk:scratch:buffers:into:)`` uses.
  let bufferByteCount: Int

  /// Whether nothing was done to a chunk.
  func leaves(_ mask: UInt32) -> Bool {
    filters.indices.allSatisfy { mask & (1 << UInt32($0)) != 0 }
  }

  /// Undoes the filters of a chunk.
  ///
  /// - Parameters:
  ///   - stored: The chunk as it is stored.
  ///   - mask: Bit i is set if filter i was left out.
  ///   - chunk: Its number, for faults.
  ///   - scratch: The libraries' state.
  ///   - buffers: Twice ``bufferByteCount`` bytes.
  ///   - wanted: Where the result should be, with room for all of it; `nil` for anywhere.
  /// - Returns: Where the ``plainByteCount`` bytes are: at `wanted` if the last step could write there.
  func undo(
    _ stored: UnsafeRawBufferPointer, mask: UInt32, chunk: Int, scratch: DecodingScratch,
    buffers: UnsafeMutableRawPointer, into wanted: UnsafeMutableRawPointer?
  ) -> Result<UnsafeRawPointer, DecodingFault> {
    var current = stored
    var usesSecond = false
    var first = 0
    while first < filters.count, mask & (1 << UInt32(first)) != 0 { first += 1 }
    var index = filters.count - 1
    while index >= first {
      defer { index -= 1 }
      guard mask & (1 << UInt32(index)) == 0 else { continue }
      let filter = filters[index]
      let expected = byteCount(before: index, mask: mask)
      if filter == .fletcher32 {
        let count = current.count - 4
        guard count >= 0, count == expected ?? count else {
          return .failure(.size(chunk: chunk, expected: plainByteCount))
        }
        guard Fletcher32.isRight(current) else { return .failure(.checksum(chunk: chunk)) }
        current = UnsafeRawBufferPointer(rebasing: current[..<count])
        continue
      }
      let own = usesSecond ? buffers + bufferByteCount : buffers
      usesSecond.toggle()
      let out = UnsafeMutableRawBufferPointer(
        start: index == first ? wanted ?? own : own, count: expected ?? bufferByteCount)
      let count = Self.undo(filter, current, into: out, scratch)
      guard count >= 0 else { return .failure(.filter(chunk: chunk, filter: filter)) }
      guard count == expected ?? count else { return .failure(.size(chunk: chunk, expected: plainByteCount)) }
      current = UnsafeRawBufferPointer(start: out.baseAddress, count: count)
    }
    guard current.count == plainByteCount, let base = current.baseAddress else {
      return .failure(.size(chunk: chunk, expected: plainByteCount))
    }
    return .success(base)
  }

  /// The bytes that a filter was given on writing; `nil` where one before it has packed them to no size that is known.
  private func byteCount(before index: Int, mask: UInt32) -> Int? {
    var count = plainByteCount
    for (number, filter) in filters[..<index].enumerated() where mask & (1 << UInt32(number)) == 0 {
      if filter.packs { return nil }
      if filter == .fletcher32 { count += 4 }
    }
    return count
  }

  /// Undoes one filter; returns the number of bytes, negative for a damaged chunk.
  private static func undo(
    _ filter: ChunkFilter, _ from: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer,
    _ scratch: DecodingScratch
  ) -> Int {
    switch filter {
    case .deflate:
      if let state = scratch.deflate, let library = DeflateLibrary.shared {
        return library.unpack(from, into: out, state)
      }
      return scratch.zlib.map { ZlibStream.unpack(from, into: out, $0) } ?? -1
    case .shuffle(let width): return ByteShuffle.undo(from, width: width, into: out)
    case .fletcher32: return -1
    case .lzf: return LZF.unpack(from, into: out)
    case .lz4: return LZ4Blocks.unpack(from, into: out)
    case .zstandard:
      guard let state = scratch.zstandard, let library = ZstandardLibrary.shared else { return -1 }
      return library.unpack(from, into: out, state)
    }
  }
}
