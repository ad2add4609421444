import Kernels
import Synchronization

/// The messages of a step, made once: which are of what, and where their memory is.
package struct StepMessages: Sendable {
  /// Where what travels lies.
  package struct Places<Scalar: KernelElement>: Sendable {
    let statistics: ShardStatistics
    let parameters: SharedBuffer<Scalar>
    let blockSums: SharedBuffer<Double>
    /// The sums of each rank's blocks among `blockSums`.
    let blockSumRanges: [Range<Int>]
    /// What keeps the operands alive.
    let kept: ShardMemory<Scalar>

    /// Creates the value.
    package init(
      statistics: ShardStatistics, parameters: SharedBuffer<Scalar>, blockSums: SharedBuffer<Double>,
      blockSumRanges: [Range<Int>], kept: ShardMemory<Scalar>
    ) {
      self.kept = kept
      self.statistics = statistics
      self.parameters = parameters
      self.blockSums = blockSums
      self.blockSumRanges = blockSumRanges
    }
  }

  /// The messages of one piece of the vector, by their numbers in `step`.
  struct OfPiece: Sendable {
    var sumReceives = 0..<0
    var sumSends = 0..<0
    var parameterReceives = 0..<0
    var parameterSends = 0..<0
  }

  /// The operands of one size of batch.
  private struct OperandMessages: Sendable {
    let set: MessageSet
    /// The messages of each product that come in, and of each shard that go out.
    let receives: [Int: Range<Int>]
    let sends: [Int: Range<Int>]
    let allReceives: Range<Int>
  }

  /// Statistics, partial sums and parameters.
  let step: MessageSet
  /// The statistics that come in.
  let statistics: Range<Int>
  /// The sums between the passes of an update.
  let blockSums: MessageSet
  private let statisticsSends: Range<Int>
  /// What comes in but for statistics.
  private let receives: Range<Int>
  private let pieces: SharedBuffer<OfPiece>
  private let operands: [OperandMessages]
  /// Which of `operands` the step's are.
  private let batch: SharedAtomic

  init<Scalar: KernelElement>(
    _ communicator: any Communicator, _ plan: ExchangePlan, _ places: Places<Scalar>,
    partials: SharedBuffer<UnsafeMutablePointer<Scalar>>, operands: [[TravellingOperand]],
    memory: [SharedBuffer<Scalar>]
  ) {
    let rank = communicator.rank
    let others = (0..<communicator.rankCount).filter { $0 != rank }
    var list: [MessageSet.Message] = []
    func append(_ messages: [MessageSet.Message]) -> Range<Int> {
      list += messages
      return list.count - messages.count..<list.count
    }
    func statisticsBytes(_ rank: Int) -> UnsafeMutableRawBufferPointer {
      places.statistics.bytes(of: plan.partition.shards(of: rank))
    }
    // Tags of one pair of ranks: statistics have the first.
    statistics = append(
      others.map { .init(.receive, peer: $0, tag: StepTag.statistics, bytes: statisticsBytes($0)) })
    statisticsSends = append(
      others.map { .init(.send, peer: $0, tag: StepTag.statistics, bytes: statisticsBytes(rank)) })

    var ofPieces = [OfPiece](repeating: OfPiece(), count: plan.pieces.count)
    func append(
      _ transfers: [ExchangePlan.Transfer], _ direction: MessageSet.Message.Direction,
      _ ranges: WritableKeyPath<OfPiece, Range<Int>>
    ) {
      for transfer in transfers {
        let elements = plan.pieces[transfer.piece].elements
        let base = transfer.partial.map { partials.pointer[$0] } ?? places.parameters.pointer
        let part = UnsafeMutableBufferPointer(start: base + elements.lowerBound, count: elements.count)
        let number = append([
          .init(
            direction, peer: direction == .send ? transfer.receiver : transfer.sender, tag: transfer.tag,
            bytes: UnsafeMutableRawBufferPointer(part))
        ])
        let before = ofPieces[transfer.piece][keyPath: ranges]
        ofPieces[transfer.piece][keyPath: ranges] =
          (before.isEmpty ? number.lowerBound : before.lowerBound)..<number.upperBound
      }
    }
    let firstReceive = list.count
    append(plan.partialSums(receivedBy: rank), .receive, \.sumReceives)
    append(plan.parameters(receivedBy: rank), .receive, \.parameterReceives)
    receives = firstReceive..<list.count
    append(plan.partialSums(sentBy: rank), .send, \.sumSends)
    append(plan.parameters(sentBy: rank), .send, \.parameterSends)
    pieces = SharedBuffer(ofPieces)
    // They keep alive what their memory is.
    step = MessageSet(list, memory: StepMemory(vectors: memory, partials: partials, places: places))

    func sumBytes(_ rank: Int) -> UnsafeMutableRawBufferPointer {
      UnsafeMutableRawBufferPointer(
        UnsafeMutableBufferPointer(rebasing: places.blockSums.elements[places.blockSumRanges[rank]]))
    }
    blockSums = MessageSet(
      others.map { .init(.receive, peer: $0, tag: StepTag.blockSums, bytes: sumBytes($0)) }
        + others.map { .init(.send, peer: $0, tag: StepTag.blockSums, bytes: sumBytes(rank)) },
      memory: places.blockSums)

    self.operands = operands.map { Self.messages(of: $0, rank, memory: places.kept) }
    batch = SharedAtomic()
  }

  private static func messages(
    of operands: [TravellingOperand], _ rank: Int, memory: any Sendable
  ) -> OperandMessages {
    var list: [MessageSet.Message] = []
    func append(
      _ operands: [TravellingOperand], by key: (TravellingOperand) -> Int,
      _ messages: (TravellingOperand) -> [MessageSet.Message]
    ) -> [Int: Range<Int>] {
      var ranges: [Int: Range<Int>] = [:]
      for (group, members) in Dictionary(grouping: operands, by: key).sorted(by: { $0.key < $1.key }) {
        let first = list.count
        list += members.flatMap(messages)
        ranges[group] = first..<list.count
      }
      return ranges
    }
    func tag(_ operand: TravellingOperand) -> Int { StepTag.firstOperand + operand.number }
    let receives = append(
      operands.filter { $0.sender != rank && $0.receivers.contains(rank) }, by: \.product
    ) { [.init(.receive, peer: $0.sender, tag: tag($0), bytes: $0.bytes)] }
    let all = 0..<list.count
    let sends = append(operands.filter { $0.sender == rank }, by: \.shard) { operand in
      operand.receivers.filter { $0 != rank }.map {
        .init(.send, peer: $0, tag: tag(operand), bytes: operand.bytes)
      }
    }
    return OperandMessages(
      set: MessageSet(list, memory: memory), receives: receives, sends: sends, allReceives: all)
  }

  /// Brings all messages of the step forward.
  func advance(_ communicator: any Communicator) throws -> Bool {
    var hasMoved = try communicator.advance(step)
    if !operands.isEmpty, operands[batch.value].set.count > 0 {
      hasMoved = try communicator.advance(operands[batch.value].set) || hasMoved
    }
    return try blockSums.isIdle ? hasMoved : communicator.advance(blockSums) || hasMoved
  }

  func ofPiece(_ number: Int) -> OfPiece { pieces.pointer[number] }

  func areDone(_ messages: Range<Int>) -> Bool { messages.allSatisfy { step.isDone($0) } }

  func areOperandsThere(of product: Int, batch: Int) -> Bool {
    guard !operands.isEmpty else { return true }
    return (operands[batch].receives[product] ?? 0..<0).allSatisfy { operands[batch].set.isDone($0) }
  }

  /// Lets the operands of a shard of this rank go out.
  func postOperands(of shard: Int, batch: Int) {
    guard !operands.isEmpty else { return }
    self.batch.value = batch
    for message in operands[batch].sends[shard] ?? 0..<0 { operands[batch].set.post(message) }
  }

  /// Lets the statistics go out, and all come in.
  func begin(batch: Int) {
    self.batch.value = batch
    for message in statistics { step.post(message) }
    for message in statisticsSends { step.post(message) }
    for message in receives { step.post(message) }
    if !operands.isEmpty { for message in operands[batch].allReceives { operands[batch].set.post(message) } }
  }

  func isComplete(batch: Int) -> Bool {
    step.isComplete && (operands.isEmpty || operands[batch].set.isComplete)
  }

  func prepareAgain(batch: Int) {
    step.prepareAgain()
    if !operands.isEmpty { operands[batch].set.prepareAgain() }
  }
}

/// Tags of a step's messages.
package enum StepTag {
  static let statistics = MessageTag.firstFree
  static let blockSums = MessageTag.firstFree + 1
  static let firstOperand = MessageTag.firstFree + 2

  /// How many tags come before those of the plan.
  ///
  /// - Parameter operands: The operands of a batch.
  package static func reserved(operands: Int) -> Int { 2 + operands }
}

/// What the memory of a step's messages lies in.
private struct StepMemory<Scalar: KernelElement>: Sendable {
  let vectors: [SharedBuffer<Scalar>]
  let partials: SharedBuffer<UnsafeMutablePointer<Scalar>>
  let places: StepMessages.Places<Scalar>
}

/// A number that all workers read and write.
private final class SharedAtomic: Sendable {
  private let number = Atomic<Int>(0)
  var value: Int {
    get { number.load(ordering: .relaxed) }
    set { number.store(newValue, ordering: .relaxed) }
  }
}
