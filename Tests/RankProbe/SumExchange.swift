import DataParallel
import Kernels

/// The exchange of a step as the plan says, without a model: partial sums, the owners' sums, and those to all.
struct SumExchange {
  let plan: ExchangePlan
  let ranks: any Communicator
  /// The sums over all shards, scaled.
  let sums: SharedBuffer<Float>
  private let partials: [SharedBuffer<Float>]
  private let merge: PartialSums<Float>
  private let first: MessageSet
  private let second: MessageSet

  init(_ plan: ExchangePlan, ranks: any Communicator, count: Int) {
    self.plan = plan
    self.ranks = ranks
    let partials = plan.partition.partials.map { _ in SharedBuffer<Float>(repeating: .nan, count: count) }
    let sums = SharedBuffer<Float>(repeating: .nan, count: count)
    self.partials = partials
    self.sums = sums
    merge = PartialSums(plan.partition, kernels: .best)
    func messages(_ transfers: [ExchangePlan.Transfer], _ direction: MessageSet.Message.Direction) -> [MessageSet
      .Message]
    {
      transfers.map { transfer in
        let elements = plan.pieces[transfer.piece].elements
        let memory = (transfer.partial.map { partials[$0] } ?? sums).elements[elements]
        return MessageSet.Message(
          direction, peer: direction == .send ? transfer.receiver : transfer.sender, tag: transfer.tag,
          bytes: UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(rebasing: memory)))
      }
    }
    let rank = ranks.rank
    first = MessageSet(
      messages(plan.partialSums(receivedBy: rank), .receive) + messages(plan.partialSums(sentBy: rank), .send),
      memory: partials)
    second = MessageSet(
      messages(plan.parameters(receivedBy: rank), .receive) + messages(plan.parameters(sentBy: rank), .send),
      memory: sums)
  }

  /// Adds the slots of this rank's shards to those of the others, and divides by 3.
  func run(_ slots: GradientSlots<Float>) throws {
    for number in plan.partition.partials(of: ranks.rank) {
      let shards = plan.partition.partials[number].shards
      Kernels<Float>.best.treeSum(
        slots[shards.lowerBound], slots: shards.count, stride: slots.stride, count: slots.count, scaledBy: 1,
        into: partials[number].pointer)
    }
    first.postAll()
    try ranks.wait(for: first)
    for piece in plan.pieces where piece.owner == ranks.rank {
      let start = piece.elements.lowerBound
      let pointers = partials.map { $0.pointer + start }
      merge.add(pointers, count: piece.elements.count, scaledBy: 1.0 / 3, into: sums.pointer + start)
    }
    second.postAll()
    try ranks.wait(for: second)
    first.prepareAgain()
    second.prepareAgain()
  }
}
