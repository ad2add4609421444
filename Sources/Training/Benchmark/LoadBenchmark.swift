import DataParallel
import Datasets
import Dispatch
import Foundation
import Foundations
import Synchronization

/// What streaming a dataset costs alone, without training: rows a second, and the time that decoding takes.
package struct LoadBenchmark: Sendable {
  /// The file, and the dataset in it.
  package let path: String
  package let dataset: String
  /// How its rows are read.
  package let way: String
  /// Rows that a pass loads, and bytes of one as it is decoded.
  package let rows: Int
  package let rowByteCount: Int
  /// Bytes that a pass fetches.
  package let fetchedByteCount: Int
  /// One for each number of workers.
  package let turns: [Turn]
  /// Bytes a second of one core that libdeflate alone unpacks, and that decoding makes, of the same chunks by turns; `nil`
  /// where nothing or more than deflate packs them.
  package let deflate: Deflate?

  /// Passes with one number of workers.
  package struct Turn: Sendable {
    /// Threads that decode; another fetches.
    package let workers: Int
    /// Rows a second of each pass.
    package let rowsPerSecond: Spread
    /// Core-seconds that decoding takes in a pass, by the threads' own clocks.
    package let decodingSeconds: Spread
  }

  /// Decoding beside libdeflate.
  package struct Deflate: Sendable {
    /// Bytes a second by libdeflate alone.
    package let alone: Spread
    /// Bytes a second of decoding.
    package let decoding: Spread
  }

  /// Rows that are fetched before they are decoded: the bytes of a group of units.
  private static let groupByteCount = 16 << 20

  /// Loads a group's rows again and again, with each number of workers by turns.
  ///
  /// - Parameters:
  ///   - path: A dataset file.
  ///   - name: The dataset.
  ///   - group: The group of samples.
  ///   - workers: Numbers of workers.
  ///   - seconds: About how long to measure.
  /// - Throws: `TrainerError` for every fault of the file.
  package init(path: String, dataset name: String, group: String, workers: [Int], seconds: Double) throws {
    let reader = try DatasetReader(path: path, inputs: name, targets: nil)
    let streamed: StreamedRows<Float> = try reader.streamedRows(of: name, in: group)
    let source = streamed.rows
    var units: [Range<Int>] = []
    var first = 0
    while first < source.rowCount {
      let end = source.endOfBand(first)
      units.append(first..<end)
      first = end
    }
    (self.path, dataset, way) = (path, "/\(group)/\(name)", streamed.text)
    (rows, rowByteCount) = (source.rowCount, source.rowByteCount)
    fetchedByteCount = units.reduce(0) { $0 + source.fetchedByteCount($1) }
    let loader = Loader(source, units, groupByteCount: Self.groupByteCount, workers: workers.max() ?? 1)
    // The first pass warms up what keeps the file's pages, and is not counted.
    _ = try loader.pass(workers: workers.max() ?? 1)
    var results = workers.map { _ in (rates: [Double](), decoding: [Double]()) }
    let end = DispatchTime.now().uptimeNanoseconds + UInt64(seconds * 1e9)
    repeat {
      for (index, count) in workers.enumerated() {
        let pass = try loader.pass(workers: count)
        results[index].rates.append(Double(source.rowCount) / pass.seconds)
        results[index].decoding.append(pass.decodingSeconds)
      }
    } while DispatchTime.now().uptimeNanoseconds < end
    turns = zip(workers, results).map {
      Turn(workers: $0, rowsPerSecond: Spread($1.rates), decodingSeconds: Spread($1.decoding))
    }
    deflate = try loader.compareWithDeflate(seconds: seconds / 2)
  }
}

/// Fetches groups of units while others are decoded.
private final class Loader: Sendable {
  private let source: any FetchedRows<Float>
  private let groups: [Group]
  /// Two buffers of what is fetched, of which one is filled while the other is decoded.
  private let fetched: [SharedBuffer<UInt8>]
  /// For each worker what is decoded of one unit.
  private let decoded: [SharedBuffer<UInt8>]

  private struct Group {
    var units: [Range<Int>] = []
    var places: [Int] = []
    var byteCount = 0
  }

  init(_ source: any FetchedRows<Float>, _ units: [Range<Int>], groupByteCount: Int, workers: Int) {
    self.source = source
    var groups: [Group] = []
    for unit in units {
      let count = source.fetchedByteCount(unit)
      if groups.isEmpty || groups[groups.count - 1].byteCount + count > groupByteCount { groups.append(Group()) }
      groups[groups.count - 1].units.append(unit)
      groups[groups.count - 1].places.append(groups[groups.count - 1].byteCount)
      groups[groups.count - 1].byteCount += count
    }
    self.groups = groups
    let most = groups.map(\.byteCount).max() ?? 0
    fetched = (0..<2).map { _ in SharedBuffer(repeating: 0, count: max(1, most)) }
    decoded = (0..<workers).map { _ in
      SharedBuffer(repeating: 0, count: max(1, source.mostRowsOfBand * source.rowByteCount))
    }
  }

  private func bytes(_ group: Int, _ unit: Int) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(
      start: fetched[group % 2].pointer + groups[group].places[unit],
      count: source.fetchedByteCount(groups[group].units[unit]))
  }

  private func fetch(_ group: Int) throws {
    for (unit, place) in zip(groups[group].units, groups[group].places) {
      try source.fetch(
        unit,
        into: UnsafeMutableRawBufferPointer(
          start: fetched[group % 2].pointer + place, count: source.fetchedByteCount(unit)))
    }
  }

  /// Loads all rows once.
  func pass(workers: Int) throws -> (seconds: Double, decodingSeconds: Double) {
    let nanoseconds = Atomic<UInt64>(0)
    let fault = Mutex<TrainerError?>(nil)
    let start = DispatchTime.now().uptimeNanoseconds
    try fetch(0)
    for group in groups.indices {
      let next = Atomic<Int>(0)
      standardStarter(count: workers + 1) { [self] index in
        // The first of them, so that what waits for a disk begins at once.
        guard index > 0 else {
          guard group + 1 < groups.count else { return }
          do {
            try fetch(group + 1)
          } catch {
            fault.withLock { $0 = error as? TrainerError ?? TrainerError(.data, "\(error)") }
          }
          return
        }
        let worker = index - 1
        let scratch = DecodingScratch(byteCount: source.scratchByteCount, codecs: source.codecs)
        let begin = threadNanoseconds()
        while true {
          let unit = next.wrappingAdd(1, ordering: .relaxed).oldValue
          guard unit < groups[group].units.count else { break }
          let rows = groups[group].units[unit]
          if let found = source.decode(bytes(group, unit), rows: rows, into: decoded[worker].pointer, scratch: scratch)
          {
            fault.withLock { $0 = source.error(found, rows: rows) }
          }
        }
        nanoseconds.wrappingAdd(threadNanoseconds() - begin, ordering: .relaxed)
      }
      if let error = fault.withLock({ $0 }) { throw error }
    }
    let seconds = Double(DispatchTime.now().uptimeNanoseconds - start) * 1e-9
    return (seconds, Double(nanoseconds.load(ordering: .relaxed)) * 1e-9)
  }

  /// Decodes the first group and has libdeflate unpack the same chunks, by turns on one core.
  func compareWithDeflate(seconds: Double) throws -> LoadBenchmark.Deflate? {
    guard let chunked = source as? ChunkedRows<Float>, chunked.isDeflateAlone, !groups.isEmpty else { return nil }
    try fetch(0)
    let scratch = DecodingScratch(byteCount: source.scratchByteCount, codecs: source.codecs)
    var (alone, decoding): ([Double], [Double]) = ([], [])
    let end = DispatchTime.now().uptimeNanoseconds + UInt64(seconds * 1e9)
    repeat {
      var (own, theirs, count) = (UInt64(0), UInt64(0), 0)
      for (unit, rows) in groups[0].units.enumerated() {
        let bytes = bytes(0, unit)
        let begin = threadNanoseconds()
        guard source.decode(bytes, rows: rows, into: decoded[0].pointer, scratch: scratch) == nil else { return nil }
        let middle = threadNanoseconds()
        count += chunked.unpackAlone(bytes, rows: rows, scratch: scratch)
        own += middle - begin
        theirs += threadNanoseconds() - middle
      }
      decoding.append(Double(count) / Double(max(1, own)) * 1e9)
      alone.append(Double(count) / Double(max(1, theirs)) * 1e9)
    } while DispatchTime.now().uptimeNanoseconds < end
    return LoadBenchmark.Deflate(alone: Spread(alone), decoding: Spread(decoding))
  }
}

/// The time that the calling thread has computed.
private func threadNanoseconds() -> UInt64 {
  var time = timespec()
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
  return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
