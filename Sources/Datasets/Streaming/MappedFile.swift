import Foundation
import Foundations
import HDF5

/// A part of a file in memory, for reading.
final class MappedFile: Sendable {
  /// Where the part's first page is.
  let address: Int
  private let byteCount: Int
  /// What must be there, in bytes from the begin of the file.
  private let end: Int
  private let file: ReadableFile
  private let stamp: FileStamp
  private let source: StoredPlace
  /// What is said where a page cannot be had.
  private let loss: LostMapping

  private init(
    address: Int, byteCount: Int, end: Int, file: consuming ReadableFile, stamp: FileStamp, source: StoredPlace,
    loss: LostMapping
  ) {
    (self.address, self.byteCount, self.end, self.stamp, self.source) = (address, byteCount, end, stamp, source)
    self.file = file
    self.loss = loss
  }

  /// Maps bytes of a file that hold rows, one behind the other.
  ///
  /// - Returns: The mapping, and where in it the bytes begin.
  /// - Throws: `TrainerError` if the file is shorter, or the system refuses.
  static func map(
    _ file: consuming ReadableFile, _ bytes: Range<Int>, rowByteCount: Int, source: StoredPlace
  ) throws -> (MappedFile, offset: Int) {
    guard let stamp = file.stamp, stamp.byteCount >= bytes.upperBound else {
      throw source.cutError("the part with the rows", end: bytes.upperBound, byteCount: file.byteCount)
    }
    let page = max(1, Int(sysconf(Int32(_SC_PAGESIZE))))
    let start = bytes.lowerBound / page * page
    let count = bytes.upperBound - start
    guard let base = mmap(nil, max(1, count), PROT_READ, MAP_SHARED, file.number, off_t(start)), base != MAP_FAILED
    else {
      throw source.mapError(number: errno)
    }
    let (address, offset) = (Int(bitPattern: base), bytes.lowerBound - start)
    let (before, after) = source.lossTexts
    let loss = LostMapping(
      start: address, byteCount: count, rows: address + offset, rowByteCount: rowByteCount, before: before,
      after: after,
      exitCode: .data)
    return (
      MappedFile(
        address: address, byteCount: max(1, count), end: bytes.upperBound, file: file, stamp: stamp, source: source,
        loss: loss), offset
    )
  }

  deinit { munmap(UnsafeMutableRawPointer(bitPattern: address), byteCount) }

  func check() throws {
    let now = file.stamp
    guard let now, now.byteCount >= end else {
      throw source.cutError("the part with the rows", end: end, byteCount: now?.byteCount ?? 0)
    }
    guard now == stamp else { throw source.changedError("the next of its rows") }
  }
}
