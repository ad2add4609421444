import Foundations

/// Bytes that are read once from start to end: a file, a member of an archive, or what another reader has begun.
package protocol ByteSource: AnyObject {
  /// What messages begin with: `'x.npy'`.
  var name: String { get }
  /// The most bytes that there can be from the start; `nil` if nobody knows. Of a packed file it is a bound.
  var largestLength: Int? { get }
  /// Fills the buffer unless the bytes end before; returns how many it read.
  ///
  /// - Throws: `TrainerError` with exit code `data`.
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
  /// Goes to a place counted from the start; returns false, and goes nowhere, where bytes come only one after the other.
  ///
  /// - Throws: `TrainerError` with exit code `data`.
  func seek(to offset: Int) throws -> Bool
}

extension ByteSource {
  package func seek(to offset: Int) throws -> Bool { false }

  /// So many bytes, fewer at the end. The buffer grows as bytes come: a damaged header can ask for any amount of memory.
  ///
  /// - Parameter part: Told how many have come.
  package func bytes(_ count: Int, telling part: WorkProgress.Part? = nil) throws -> [UInt8] {
    var bytes: [UInt8] = []
    while bytes.count < count {
      let start = bytes.count
      let step = min(count - start, 1 << 24)
      bytes.append(contentsOf: repeatElement(0, count: step))
      let got = try bytes.withUnsafeMutableBytes {
        try read(into: UnsafeMutableRawBufferPointer(rebasing: $0[start...]))
      }
      bytes.removeLast(step - got)
      part?.add(got)
      if got < step { break }
    }
    return bytes
  }
}

/// Deflate makes at most so many bytes of one.
let deflateFactor = 1032
