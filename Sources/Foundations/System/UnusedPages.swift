import Glibc

extension UnsafeMutableRawBufferPointer {
  /// Gives the whole pages of this memory back to the system until they are written again. What they held is lost: it
  /// reads as zeros where they are given back, and stays as it is at the ends.
  package func discardPages() {
    let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
    guard pageSize > 0, let baseAddress else { return }
    let skipped = -Int(bitPattern: baseAddress) & (pageSize - 1)
    guard count - skipped >= pageSize else { return }
    // Refused for memory of a kind that cannot be given back: then it stays.
    _ = madvise(baseAddress + skipped, (count - skipped) / pageSize * pageSize, MADV_DONTNEED)
  }
}
