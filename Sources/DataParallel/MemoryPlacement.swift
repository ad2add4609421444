import Foundations
import Glibc
import Kernels

/// Which worker should have which memory near it.
///
/// Note [Placement]. A machine may have several memory nodes, and a page lies on the node of the core that wrote it first.
/// The coordinator makes and fills all memory before there is a worker, so all of it lies on the coordinator's node. Then
/// each worker moves the pages of its homes: it copies a stretch, gives its pages back to the system, and writes the copy
/// into the new ones, which lie near the core on which it does so. Workers are started for that as for every region, so
/// pinned ones do it on their own cores. Nothing depends on it: memory has the same contents before and after, and what a
/// worker that never comes would have moved stays where it is.
///
/// A page moves as a whole, with the worker in whose stretch it begins. Pages that lie in part outside the memory stay;
/// large pages stay large, though one may hold the blocks of several homes: neighbouring workers have neighbouring cores, and
/// most of them share a node.
package struct MemoryPlacement: Sendable {
  /// The addresses that each worker moves: whole pages.
  package private(set) var stretches: [[Range<UInt>]]

  /// Nothing to be moved by that many workers.
  package init(workers: Int) { stretches = Array(repeating: [], count: workers) }

  /// Memory that is one worker's.
  package mutating func add(_ memory: UnsafeMutableRawBufferPointer, of worker: Int) {
    add(memory, [(0..<memory.count, worker)])
  }

  /// Memory of which each piece, given by its bytes, is a worker's.
  package mutating func add(_ memory: UnsafeMutableRawBufferPointer, _ pieces: [(bytes: Range<Int>, worker: Int)]) {
    for section in PageSection.all(of: memory) {
      for piece in pieces {
        add(section.pages(beginningIn: piece.bytes, of: memory), of: piece.worker)
      }
    }
  }

  /// Memory that all workers read alike: its pages go to them by turns, so that they read from all nodes at once.
  package mutating func addByTurns(_ memory: UnsafeMutableRawBufferPointer) {
    for section in PageSection.all(of: memory) {
      for (turn, start) in stride(from: section.range.lowerBound, to: section.range.upperBound, by: section.pageSize)
        .enumerated()
      {
        add(UInt(start)..<UInt(start + section.pageSize), of: turn % stretches.count)
      }
    }
  }

  private mutating func add(_ pages: Range<UInt>, of worker: Int) {
    guard !pages.isEmpty else { return }
    if let last = stretches[worker].last, last.upperBound == pages.lowerBound {
      stretches[worker][stretches[worker].count - 1] = last.lowerBound..<pages.upperBound
    } else {
      stretches[worker].append(pages)
    }
  }

  /// Moves what is one worker's, on the thread of that worker.
  fileprivate func move(by worker: Int) {
    // A large page goes whole, or the system would make small ones of it.
    let most = min(
      UnsafeMutableRawBufferPointer.largePage, stretches[worker].reduce(0) { max($0, $1.count) })
    guard most > 0 else { return }
    let copy = UnsafeMutableRawBufferPointer.allocate(byteCount: most, alignment: 64)
    defer { copy.deallocate() }
    for stretch in stretches[worker] {
      for start in Swift.stride(from: stretch.lowerBound, to: stretch.upperBound, by: most) {
        let pages = UnsafeMutableRawBufferPointer(
          start: UnsafeMutableRawPointer(bitPattern: start), count: min(most, Int(stretch.upperBound - start)))
        copy.copyMemory(from: UnsafeRawBufferPointer(pages))
        pages.discardPages()
        pages.copyMemory(from: UnsafeRawBufferPointer(rebasing: copy[..<pages.count]))
      }
    }
  }
}

/// Pages of one size, one behind the other.
private struct PageSection {
  /// Their addresses.
  let range: Range<Int>
  let pageSize: Int

  /// The whole pages of some memory, in order. Where it is long enough for large pages they are taken for such, whether the
  /// system gives them or not.
  static func all(of memory: UnsafeMutableRawBufferPointer) -> [PageSection] {
    let small = Int(sysconf(Int32(_SC_PAGESIZE)))
    guard small > 0, let address = memory.baseAddress else { return [] }
    let bytes = Int(bitPattern: address)..<Int(bitPattern: address) + memory.count
    func whole(_ size: Int) -> Range<Int> {
      let (first, end) = (roundedUp(bytes.lowerBound, size), bytes.upperBound / size * size)
      return first..<max(first, end)
    }
    let (all, large) = (whole(small), whole(UnsafeMutableRawBufferPointer.largePage))
    guard memory.mayHaveLargePages, !large.isEmpty else { return [PageSection(range: all, pageSize: small)] }
    return [
      PageSection(range: all.lowerBound..<large.lowerBound, pageSize: small),
      PageSection(range: large, pageSize: UnsafeMutableRawBufferPointer.largePage),
      PageSection(range: large.upperBound..<all.upperBound, pageSize: small),
    ]
  }

  private static func roundedUp(_ address: Int, _ size: Int) -> Int { (address + size - 1) / size * size }

  /// The addresses of the pages that begin in a piece of the memory.
  func pages(beginningIn bytes: Range<Int>, of memory: UnsafeMutableRawBufferPointer) -> Range<UInt> {
    let base = Int(bitPattern: memory.baseAddress)
    let first = max(range.lowerBound, Self.roundedUp(base + bytes.lowerBound, pageSize))
    let end = min(range.upperBound, Self.roundedUp(base + bytes.upperBound, pageSize))
    return UInt(first)..<UInt(max(first, end))
  }
}

extension MemoryPlacement {
  /// The environment variable that decides whether memory is placed: `always`, `never`, or else where it is of use.
  private static let variable = "TRAINER_PLACE_MEMORY"

  private static var setting: String? {
    getenv(variable).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
  }

  /// Whether memory is placed where nobody says: whether the cores that this process may use lie at several nodes. Found
  /// once.
  static let isOfUse: Bool =
    switch setting {
    case "always": true
    case "never": false
    default: ThreadCores.current.map { MemoryNodes().count(near: $0.numbers) > 1 } ?? false
    }

  /// Checks what `TRAINER_PLACE_MEMORY` says, if the environment has it.
  ///
  /// - Throws: `TrainerError` with code `.usage` if it is neither word.
  package static func requireKnownSetting() throws {
    guard let setting, setting != "always", setting != "never" else { return }
    throw TrainerError(
      .usage, "the environment's \(variable): found '\(setting.onOneLine)', expected \"always\" or \"never\"")
  }
}

extension Region {
  /// Has each worker move its memory near it, as Note [Placement] says. No other worker uses that memory meanwhile.
  package func place(_ placement: MemoryPlacement) {
    precondition(placement.stretches.count == workers, "a placement for the region's workers")
    start(workers) { placement.move(by: $0) }
  }
}
