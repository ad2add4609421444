import Kernels

// Note [Lanes]
//
// An epoch's row blocks (`block` consecutive rows each; the last of the dataset may be shorter) are permuted. One after
// another they are the epoch's stream, whose positions are cut into lanes: lane s is as long as shard s's samples over
// all batches of the epoch together, so batch b's samples of shard s stand at b × (its size in a full batch) of that
// lane. A block may be cut between two lanes. Windows are `window` blocks of a lane, cut ones counting as one, and the
// rows of each window are permuted. So a shard's samples are known from a few blocks, and each sample comes once.
//
// All blocks but the short one are permuted among themselves, and the place of the short one is drawn: any order can
// come about, and the place of a block in the stream is found without a search.

/// Permuted row blocks dealt to lanes, one for each shard: a pure function of seed, epoch and settings, nothing of which
/// is stored (Note [Lanes]).
package struct BlockOrder: Sendable {
  /// Some blocks of a lane, within which rows are permuted.
  package struct Window: Sendable, Equatable {
    package let lane: Int
    /// Which of its lane's windows it is, counted from 0.
    package let number: Int
    /// The lane's positions that it takes.
    package let positions: Range<Int>
  }

  /// The rows of a block; at most those of the dataset.
  package let block: Int
  /// The blocks of a window; at most those of the dataset.
  package let window: Int
  private let samples: Int
  private let batchSize: Int
  private let shards: Int
  private let seed: UInt64
  // All blocks but the short one: at least one.
  private let blocks: Permutation
  // The rows of the short block; 0 if there is none.
  private let rest: Int
  private let kernels = Kernels<Float>.best

  /// The order of at least one sample.
  ///
  /// - Parameters:
  ///   - block: The rows of a block, at least one; more than there are samples are as many as there are.
  ///   - window: The blocks of a window, at least one.
  package init(samples: Int, batchSize: Int, shards: Int, block: Int, window: Int, seed: UInt64) {
    precondition(
      samples >= 1 && batchSize >= 1 && shards >= 1 && block >= 1 && window >= 1, "there is nothing to order")
    self.samples = samples
    self.batchSize = min(batchSize, samples)
    self.shards = shards
    self.block = min(block, samples)
    self.seed = seed
    blocks = Permutation(count: samples / self.block)
    rest = samples % self.block
    self.window = min(window, blocks.count + (rest == 0 ? 0 : 1))
  }

  // MARK: Lanes

  /// The stretches of an epoch's stream that are the shards' lanes, in order; they may be empty.
  package var lanes: [Range<Int>] { (0..<shards).map(lane) }

  /// The stretch of an epoch's stream that is a shard's lane.
  package func lane(_ shard: Int) -> Range<Int> { start(ofLane: shard)..<start(ofLane: shard + 1) }

  // The samples that all batches together have in front of a shard's.
  private func start(ofLane shard: Int) -> Int {
    let (batches, last) = samples.quotientAndRemainder(dividingBy: batchSize)
    return batches * (batchSize * shard / shards) + last * shard / shards
  }

  /// Where in a shard's lane its samples at some positions of an epoch stand: positions of one batch, as those of
  /// `Sampler.fill`.
  package func positions(inLane shard: Int, of positions: Range<Int>) -> Range<Int> {
    let batch = positions.lowerBound / batchSize
    let start = batch * batchSize
    let count = min(batchSize, samples - start)
    let full = batchSize * (shard + 1) / shards - batchSize * shard / shards
    let first = batch * full + positions.lowerBound - start - count * shard / shards
    return first..<first + positions.count
  }

  // MARK: Windows

  /// The most rows that a window can have.
  package var mostRowsOfWindow: Int { min(window * block, lanes.map(\.count).max() ?? 0) }

  /// The number of windows that a lane has in an epoch: it may differ by one between epochs, because the short block
  /// stands elsewhere.
  package func windowCount(ofLane lane: Int, epoch: Int) -> Int {
    let range = self.lane(lane)
    guard !range.isEmpty else { return 0 }
    return self.window(at: range.count - 1, ofLane: lane, epoch: epoch).number + 1
  }

  /// A window of a lane, counted from 0.
  package func window(_ number: Int, ofLane lane: Int, epoch: Int) -> Window {
    stream(ofEpoch: epoch).window(number, of: self.lane(lane), lane: lane)
  }

  /// The window with a position of a lane.
  package func window(at position: Int, ofLane lane: Int, epoch: Int) -> Window {
    stream(ofEpoch: epoch).window(at: position, of: self.lane(lane), lane: lane)
  }

  /// The rows of the dataset that a window has, in the order of the stream: a range for each block or cut block.
  package func pieces(of window: Window, epoch: Int) -> [Range<Int>] {
    let stream = stream(ofEpoch: epoch)
    let lane = lane(window.lane)
    let positions = lane.lowerBound + window.positions.lowerBound..<lane.lowerBound + window.positions.upperBound
    guard !positions.isEmpty else { return [] }
    return (stream.place(of: positions.lowerBound)...stream.place(of: positions.upperBound - 1)).map { place in
      let whole = stream.start(of: place)..<stream.start(of: place + 1)
      let piece = whole.clamped(to: positions)
      var first = Int64(piece.lowerBound)
      withUnsafeMutablePointer(to: &first) { fillRows(UnsafeMutableBufferPointer(start: $0, count: 1), stream) }
      return Int(first)..<Int(first) + piece.count
    }
  }

  // MARK: Rows

  /// Writes the dataset's rows at some positions of a lane, its own counting from 0, into `out`.
  package func fill(_ out: UnsafeMutablePointer<Int64>, lane: Int, epoch: Int, positions: Range<Int>) {
    let stream = stream(ofEpoch: epoch)
    let range = self.lane(lane)
    forEachWindow(of: positions, range, lane, stream, out) { numbers, window in
      let first = Int64(range.lowerBound + window.lowerBound)
      for index in numbers.indices { numbers[index] += first }
    }
    fillRows(UnsafeMutableBufferPointer(start: out, count: positions.count), stream)
  }

  /// Writes where in a ring of rows those at some positions of a lane lie, into `out`: a ring that lanes' rows go
  /// through in the order of the stream, epoch after epoch.
  ///
  /// - Parameters:
  ///   - capacity: The rows of the ring: at least those of a window.
  ///   - base: The number of its first row.
  package func fillSlots(
    _ out: UnsafeMutablePointer<Int64>, lane: Int, epoch: Int, positions: Range<Int>, capacity: Int, base: Int
  ) {
    let range = self.lane(lane)
    forEachWindow(of: positions, range, lane, stream(ofEpoch: epoch), out) { numbers, window in
      let first = Int64((epoch * range.count + window.lowerBound) % capacity)
      for index in numbers.indices {
        let slot = first + numbers[index]
        numbers[index] = Int64(base) + (slot < capacity ? slot : slot - Int64(capacity))
      }
    }
  }

  /// Calls `body` for each window that some positions of a lane lie in, with their part of `out`, in which the rows'
  /// places in the window are, before it is shuffled.
  @inline(__always)
  private func forEachWindow(
    of positions: Range<Int>, _ range: Range<Int>, _ lane: Int, _ stream: Stream,
    _ out: UnsafeMutablePointer<Int64>, _ body: (UnsafeMutableBufferPointer<Int64>, _ window: Range<Int>) -> Void
  ) {
    var position = positions.lowerBound
    while position < positions.upperBound {
      let window = stream.window(at: position, of: range, lane: lane).positions
      let numbers = UnsafeMutableBufferPointer(
        start: out + (position - positions.lowerBound), count: min(window.upperBound, positions.upperBound) - position)
      let place = Int64(position - window.lowerBound)
      for index in numbers.indices { numbers[index] = place + Int64(index) }
      // Where a window begins in the stream is its own, so its key is too.
      Permutation(count: window.count).apply(
        to: numbers, stream.random, at: UInt64(range.lowerBound + window.lowerBound) * 4, kernels: kernels)
      body(numbers, window)
      position += numbers.count
    }
  }

  /// Replaces positions of the stream by the dataset's rows there.
  private func fillRows(_ numbers: UnsafeMutableBufferPointer<Int64>, _ stream: Stream) {
    // As many as lie on the stack and have a bit in a word.
    let most = 64
    withUnsafeTemporaryAllocation(of: Int64.self, capacity: most) { places in
      for first in stride(from: 0, to: numbers.count, by: most) {
        let some = UnsafeMutableBufferPointer(rebasing: numbers[first..<min(first + most, numbers.count)])
        // The short block is not permuted with the others; a bit for each of its rows.
        var isShort: UInt64 = 0
        for index in some.indices {
          let position = Int(some[index])
          let place = stream.place(of: position)
          some[index] = Int64(position - stream.start(of: place))
          if place == stream.short { isShort |= 1 << UInt64(index) }
          places[index] = place < stream.short ? Int64(place) : Int64(max(0, place - 1))
        }
        blocks.apply(
          to: UnsafeMutableBufferPointer(rebasing: places[..<some.count]), stream.random, at: 1 << 63,
          kernels: kernels)
        for index in some.indices {
          let number = isShort >> UInt64(index) & 1 == 1 ? Int64(blocks.count) : places[index]
          some[index] += number * Int64(block)
        }
      }
    }
  }

  // MARK: The stream of an epoch

  /// How an epoch's blocks follow one another.
  private struct Stream {
    let random: Philox
    /// The place of the short block among the blocks; behind all others if there is none.
    let short: Int
    let rest: Int
    let block: Int
    let window: Int

    /// Which block, in the order of the stream, has a position.
    func place(of position: Int) -> Int {
      let first = short * block
      let isBehind = position >= first + rest
      // Exact below 2^52, and faster than division of integers.
      let place = Int(Double(isBehind ? position - rest : position) / Double(block))
      return isBehind ? place + 1 : min(place, short)
    }

    /// Where in the stream a block begins, counted in the stream's order.
    func start(of place: Int) -> Int { place <= short ? place * block : (place - 1) * block + rest }

    func window(at position: Int, of range: Range<Int>, lane: Int) -> Window {
      let first = place(of: range.lowerBound)
      return window((place(of: range.lowerBound + position) - first) / window, of: range, lane: lane)
    }

    func window(_ number: Int, of range: Range<Int>, lane: Int) -> Window {
      let first = place(of: range.lowerBound) + number * window
      let positions = (start(of: first)..<start(of: first + window)).clamped(to: range)
      return Window(
        lane: lane, number: number,
        positions: positions.lowerBound - range.lowerBound..<positions.upperBound - range.lowerBound)
    }
  }

  private func stream(ofEpoch epoch: Int) -> Stream {
    let random = Philox(seed: seed, stream: Sampler.blockStream | UInt64(epoch))
    let places = blocks.count + 1
    let drawn = rest == 0 ? blocks.count : Int(random.uniform(at: 1 << 62) * Double(places))
    return Stream(random: random, short: min(drawn, blocks.count), rest: rest, block: block, window: window)
  }
}
