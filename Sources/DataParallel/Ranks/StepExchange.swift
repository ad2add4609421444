import Foundations
import Kernels
import Synchronization

/// What the ranks send each other in a training step, and the memory that it arrives in.
///
/// Note [Exchange]. A step has three moments in which bytes travel. As soon as a piece of the vector is reduced, this rank's
/// partial sums of it go to its owner; where fewer bytes are the operands of a product, these go as soon as a shard has
/// left them. The sums over blocks that a global transformation needs go to all before each join. As soon as a piece is
/// updated, its parameters go to all. A unit that needs what others send waits for that alone, and while it waits it
/// brings all messages forward, as does every worker between two units and while it waits for others; so no thread is
/// kept for messages, and none is needed: a worker alone can finish a step. Messages of a step are posted after the phase
/// that last touched their memory, and all are done at the end of the step.
///
/// A step that lost a rank goes on without computing, so that the region ends at once; then `failure` says why.
package final class StepExchange<Scalar: KernelElement>: Sendable {
  /// The ranks.
  package let communicator: any Communicator
  /// Who sends what to whom.
  package let plan: ExchangePlan
  /// The numbers of this rank's partial sums among `RankPartition.partials`.
  package let ownPartials: Range<Int>
  private let rank: Int
  private let messages: StepMessages
  /// This rank's sums and those that arrive, by their number among `RankPartition.partials`: where the first element of the
  /// flat vector lies, or would lie.
  private let partials: SharedBuffer<UnsafeMutablePointer<Scalar>>
  private let memory: [SharedBuffer<Scalar>]
  private let merge: PartialSums<Scalar>
  /// The piece of each block; −1 for an empty block.
  private let pieces: SharedBuffer<Int>
  /// How many blocks of each piece are still to be reduced, by a rank that sends their sums, or updated, by their owner.
  private let remaining: Countdown
  private let areStatisticsThere = Atomic<Bool>(false)
  // Of each piece what has arrived, so that its first block alone looks at messages.
  private let arrivedSums: Marks
  private let arrivedParameters: Marks
  private let hasFailed = Atomic<Bool>(false)
  private let error = Mutex<(any Error)?>(nil)

  /// Creates the messages of all steps.
  ///
  /// - Parameters:
  ///   - blocks: The blocks of the flat vector, in its order.
  ///   - places: Where what travels lies.
  ///   - operands: The operands that travel, of each size of batch.
  package init(
    _ communicator: any Communicator, plan: ExchangePlan, blocks: [Range<Int>], places: StepMessages.Places<Scalar>,
    operands: [[TravellingOperand]], kernels: Kernels<Scalar>
  ) {
    self.communicator = communicator
    self.plan = plan
    rank = communicator.rank
    ownPartials = plan.partition.partials(of: communicator.rank)
    let own = plan.elements(of: rank)
    let count = blocks.last?.upperBound ?? 0
    let vectors = plan.partition.partials.map { partial in
      SharedBuffer<Scalar>(repeating: .unwritten, count: partial.rank == communicator.rank ? count : own.count)
    }
    memory = vectors
    partials = SharedBuffer(count: vectors.count) {
      plan.partition.partials[$0].rank == communicator.rank
        ? vectors[$0].pointer : vectors[$0].pointer - own.lowerBound
    }
    merge = PartialSums(plan.partition, kernels: kernels)
    var pieceOfBlock = [Int](repeating: -1, count: blocks.count)
    for (number, piece) in plan.pieces.enumerated() { for block in piece.blocks { pieceOfBlock[block] = number } }
    pieces = SharedBuffer(pieceOfBlock)
    remaining = Countdown(plan.pieces.map { piece in piece.blocks.count { !blocks[$0].isEmpty } })
    arrivedSums = Marks(count: plan.pieces.count)
    arrivedParameters = Marks(count: plan.pieces.count)
    messages = StepMessages(
      communicator, plan, places, partials: partials, operands: operands, memory: vectors)
  }

  /// Bytes of the partial sums.
  package var byteCount: Int { memory.reduce(0) { $0 + $1.count } * MemoryLayout<Scalar>.stride }

  /// This rank's partial sums, each of the whole flat vector, and those that arrive, of what this rank updates.
  package var partialSums: (own: [SharedBuffer<Scalar>], others: [SharedBuffer<Scalar>]) {
    (Array(memory[ownPartials]), Array(memory[..<ownPartials.lowerBound] + memory[ownPartials.upperBound...]))
  }

  /// Why the ranks cannot go on; `nil` if they can.
  package var failure: (any Error)? { error.withLock { $0 } }

  /// Whether a rank was lost, so that nothing is to be computed any more.
  package var isOver: Bool { hasFailed.load(ordering: .relaxed) }

  // MARK: Bringing messages forward

  /// Brings the step's messages forward without waiting.
  ///
  /// - Returns: Whether anything has moved.
  @discardableResult
  package func advance() -> Bool {
    guard !isOver else { return false }
    do { return try messages.advance(communicator) } catch {
      self.error.withLock { $0 = $0 ?? error }
      hasFailed.store(true, ordering: .relaxed)
      return false
    }
  }

  /// Waits a little for other workers, and brings messages forward meanwhile.
  package func pause(turn: Int) { if !advance() { Patience.pause(turn: turn) } }

  /// Waits until something is there.
  ///
  /// - Returns: Whether it is; not if a rank was lost.
  private func wait(until isThere: () -> Bool) -> Bool {
    var patience = Patience()
    while !isThere() {
      guard !isOver else { return false }
      if advance() { patience = Patience() } else { patience.pause() }
    }
    return !isOver
  }

  /// Waits until messages of a piece have arrived.
  ///
  /// - Returns: Whether they have; not if a rank was lost.
  private func wait(for piece: Int, in arrived: Marks, _ due: (StepMessages.OfPiece) -> Range<Int>) -> Bool {
    if arrived.isSet(piece) { return !isOver }
    guard wait(until: { messages.areDone(due(messages.ofPiece(piece))) }) else { return false }
    arrived.set(piece)
    return true
  }

  // MARK: A step

  /// A shard of this rank has left its operands.
  package func noteGradient(of shard: Int, batch: Int) { messages.postOperands(of: shard, batch: batch) }

  /// All shards of this rank are done: their statistics go out, and everything may come in.
  package func noteGradients(batch: Int) { messages.begin(batch: batch) }

  /// Where this rank's partial sum of that number lies: its first element is that of the flat vector.
  package func partial(_ number: Int) -> UnsafeMutablePointer<Scalar> { partials.pointer[number] }

  /// This rank's partial sums of a block are there.
  package func noteReduced(_ block: Int) { note(block) { messages.ofPiece($0).sumSends } }

  /// Waits for all shards' statistics.
  ///
  /// - Returns: Whether they are there.
  package func waitForStatistics() -> Bool {
    if areStatisticsThere.load(ordering: .acquiring) { return true }
    guard wait(until: { messages.areDone(messages.statistics) }) else { return false }
    areStatisticsThere.store(true, ordering: .releasing)
    return true
  }

  /// Waits for the others' partial sums of a block, and adds all.
  ///
  /// - Returns: Whether it could.
  package func sum(
    _ block: Int, of elements: Range<Int>, scaledBy factor: Double, into out: UnsafeMutablePointer<Scalar>
  ) -> Bool {
    let piece = pieces.pointer[block]
    guard piece >= 0 else { return !isOver }
    guard wait(for: piece, in: arrivedSums, { $0.sumReceives }) else { return false }
    merge.add(partials.pointer, from: elements.lowerBound, count: elements.count, scaledBy: factor, into: out)
    return true
  }

  /// Waits for the other ranks' operands of a product.
  ///
  /// - Returns: Whether they are there.
  package func waitForOperands(of product: Int, batch: Int) -> Bool {
    wait { messages.areOperandsThere(of: product, batch: batch) }
  }

  /// Gives all ranks the sums over this rank's blocks, and waits for those of theirs: one unit.
  package func shareSums() {
    messages.blockSums.postAll()
    if wait(until: { messages.blockSums.isComplete }) { messages.blockSums.prepareAgain() }
  }

  /// A block of this rank is updated.
  package func noteUpdated(_ block: Int) { note(block) { messages.ofPiece($0).parameterSends } }

  /// Waits for the parameters of a block of another rank.
  ///
  /// - Returns: Whether they are there.
  package func waitForParameters(of block: Int) -> Bool {
    let piece = pieces.pointer[block]
    return piece < 0 ? !isOver : wait(for: piece, in: arrivedParameters) { $0.parameterReceives }
  }

  /// Waits for what is left of the step's messages, and makes them ready for the next step: one unit, the last.
  ///
  /// - Returns: Whether the step is complete.
  package func end(batch: Int) -> Bool {
    guard wait(until: { messages.isComplete(batch: batch) }) else { return false }
    messages.prepareAgain(batch: batch)
    remaining.restart()
    areStatisticsThere.store(false, ordering: .relaxed)
    arrivedSums.restart()
    arrivedParameters.restart()
    return true
  }

  private func note(_ block: Int, _ due: (Int) -> Range<Int>) {
    let piece = pieces.pointer[block]
    if piece >= 0, remaining.countDown(piece) { for message in due(piece) { messages.step.post(message) } }
  }

  // MARK: Between regions

  /// Brings what the owners have of some vectors to rank 0, or to all. All ranks call it.
  ///
  /// - Throws: `RankFailure`.
  package func gather(_ vectors: [SharedBuffer<Scalar>], toAll: Bool) throws {
    // Messages of less than 2 GiB.
    let most = (1 << 30) / MemoryLayout<Scalar>.stride
    let ranks = 0..<communicator.rankCount
    var list: [MessageSet.Message] = []
    for vector in vectors {
      for sender in ranks {
        let elements = plan.elements(of: sender)
        for receiver in ranks where receiver != sender && (toAll || receiver == 0) {
          guard sender == rank || receiver == rank else { continue }
          for start in stride(from: elements.lowerBound, to: elements.upperBound, by: most) {
            let part = vector.elements[start..<min(start + most, elements.upperBound)]
            list.append(
              .init(
                sender == rank ? .send : .receive, peer: sender == rank ? receiver : sender, tag: MessageTag.firstFree,
                bytes: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: part))))
          }
        }
      }
    }
    let set = MessageSet(list, memory: vectors)
    set.postAll()
    try communicator.wait(for: set)
  }
}
