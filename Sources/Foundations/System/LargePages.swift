import Glibc

extension UnsafeMutableRawBufferPointer {
  /// Asks the system for large pages behind this memory, which must not have been written yet. Only speed depends on it.
  ///
  /// Rows of a dataset and blocks of large weights are read in no order, so that with small pages nearly each of them
  /// begins with a walk through the page table. Where the system gives large pages to whoever asks (`madvise` in
  /// `/sys/kernel/mm/transparent_hugepage/enabled`, the usual setting), a few entries of the processor's cache of that
  /// table cover all of it. Memory of less than two such pages is left alone.
  package func preferLargePages() {
    guard mayHaveLargePages, let baseAddress else { return }
    let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
    guard pageSize > 0 else { return }
    // Whole pages within: what lies around belongs to others.
    let skipped = -Int(bitPattern: baseAddress) & (pageSize - 1)
    // Refused where the system has no such pages: then it has not been worth asking.
    _ = madvise(baseAddress + skipped, (count - skipped) / pageSize * pageSize, MADV_HUGEPAGE)
  }

  /// Whether ``preferLargePages()`` asks for memory of this size.
  package var mayHaveLargePages: Bool { count >= 2 * Self.largePage }

  /// Bytes of a large page on x86-64 and, with pages of 4 kB, on 64-bit ARM.
  package static var largePage: Int { 1 << 21 }
}
