import DataParallel

/// What a step of training takes on one rank, without any other, and what its network is like.
package struct RankCosts: Sendable {
  /// Seconds of the gradient phase.
  package var gradient = 0.0
  /// Seconds in which a rank makes its partial sums, block by block, products included.
  package var reduce = 0.0
  /// Seconds after the exchange: parameters are written in the kernels' order.
  package var copies = 0.0
  /// Partial sums of others that an owner adds, in bytes a second.
  package var addedBytesPerSecond = 10e9
  /// The processor's time for one message, on each side.
  package var overhead = 3e-6
  /// From the first byte's leaving to its arrival.
  package var latency = 5e-6
  /// Bytes a second of each rank's link, in each direction.
  package var bytesPerSecond = 1.25e9
  /// Whether a block's sum goes out when it is made; otherwise when all are.
  package var overlaps = true
  /// Whether each rank begins with the blocks of the rank after it, and sends parameters to it first; otherwise all
  /// begin with rank 0.
  package var isRotated = true

  /// Creates costs of nothing on a network.
  package init() {}

  /// All computing of a step.
  package var computing: Double { gradient + reduce + copies }
}

/// One step of all ranks, simulated event by event with the messages of an ``ExchangePlan``.
///
/// The model is LogGP (Alexandrov, Ionescu, Schauser and Scheiman, 1995): a message takes the sender's processor `overhead`,
/// then its link for as long as its bytes need, arrives `latency` later, takes the receiver's link, and then the receiver's
/// processor `overhead`. A processor handles one message at a time, and so does a link in each direction. Switches have
/// room for everything: nothing but the ranks' own links and processors is shared.
package struct SimulatedStep {
  /// What may happen.
  private enum Kind: Int {
    /// The processor is to begin to send.
    case post
    /// The first byte is at the receiver.
    case arrive
    /// The last byte is.
    case received
  }

  private let plan: ExchangePlan
  private let costs: RankCosts
  private let rankCount: Int
  private let parameters: [[ExchangePlan.Transfer]]
  private var messages: [ExchangePlan.Transfer] = []
  private var events = EventQueue()
  private var processorFree: [Double]
  private var sendFree: [Double]
  private var receiveFree: [Double]
  /// Partial sums of a piece that its owner still waits for.
  private var missing: [Int]
  private var adderFree: [Double]
  /// When each rank has all it waited for.
  private var ends: [Double]

  /// The seconds of the step, to the end of the slowest rank.
  package private(set) var seconds = 0.0
  /// The bytes that the rank which sends most has sent.
  package private(set) var mostBytes = 0
  /// The messages that the rank which sends most of them has sent.
  package private(set) var mostMessages = 0

  /// Simulates a step.
  package init(_ plan: ExchangePlan, _ costs: RankCosts) {
    self.plan = plan
    self.costs = costs
    let ranks = plan.partition.ranks
    rankCount = ranks
    parameters = (0..<ranks).map(plan.parameters(sentBy:))
    (processorFree, sendFree, receiveFree) = (
      .init(repeating: 0, count: ranks), .init(repeating: 0, count: ranks), .init(repeating: 0, count: ranks)
    )
    adderFree = .init(repeating: 0, count: ranks)
    let start = costs.gradient + costs.reduce
    ends = .init(repeating: start, count: ranks)
    missing = plan.pieces.map { _ in plan.partition.partials.count }
    for piece in plan.pieces.indices { missing[piece] -= plan.partition.partials(of: plan.pieces[piece].owner).count }
    for rank in 0..<ranks { postSums(of: rank) }
    for piece in plan.pieces.indices where missing[piece] == 0 { complete(piece, at: start) }
    while let (time, code) = events.popFirst() {
      guard let kind = Kind(rawValue: code % 3) else { continue }
      handle(kind, code / 3, at: time)
    }
    seconds = (ends.max() ?? 0) + costs.copies
    var (bytes, counts) = ([Int](repeating: 0, count: ranks), [Int](repeating: 0, count: ranks))
    for message in messages {
      bytes[message.sender] += message.byteCount
      counts[message.sender] += 1
    }
    (mostBytes, mostMessages) = (bytes.max() ?? 0, counts.max() ?? 0)
  }

  /// The order in which a rank deals with others: from the one after it on, or from 0.
  private func turn(of peer: Int, at rank: Int) -> Int {
    costs.isRotated ? (peer - rank - 1 + rankCount) % rankCount : peer
  }

  private mutating func post(_ transfer: ExchangePlan.Transfer, at time: Double) {
    messages.append(transfer)
    schedule(.post, messages.count - 1, at: time)
  }

  private mutating func schedule(_ kind: Kind, _ message: Int, at time: Double) {
    events.insert(message * 3 + kind.rawValue, at: time)
  }

  private mutating func postSums(of rank: Int) {
    let elements = Double(plan.pieces.reduce(0) { $0 + $1.elements.count })
    // A rank reduces its own blocks too, last if it begins with those of the next.
    let order = plan.pieces.indices.sorted { one, other in
      let turns = (turn(of: plan.pieces[one].owner, at: rank), turn(of: plan.pieces[other].owner, at: rank))
      return turns == (turns.1, turns.0) ? one < other : turns.0 < turns.1
    }
    let ofPiece = Dictionary(grouping: plan.partialSums(sentBy: rank), by: \.piece)
    var done = 0
    for piece in order {
      done += plan.pieces[piece].elements.count
      let share = costs.overlaps ? Double(done) / max(1, elements) : 1
      for transfer in ofPiece[piece] ?? [] { post(transfer, at: costs.gradient + share * costs.reduce) }
    }
  }

  private mutating func handle(_ kind: Kind, _ number: Int, at time: Double) {
    let message = messages[number]
    let wire = Double(message.byteCount) / costs.bytesPerSecond
    switch kind {
    case .post:
      let ready = max(time, processorFree[message.sender]) + costs.overhead
      processorFree[message.sender] = ready
      let start = max(ready, sendFree[message.sender])
      sendFree[message.sender] = start + wire
      schedule(.arrive, number, at: start + costs.latency)
    case .arrive:
      let end = max(time, receiveFree[message.receiver]) + wire
      receiveFree[message.receiver] = end
      schedule(.received, number, at: end)
    case .received:
      let end = max(time, processorFree[message.receiver]) + costs.overhead
      processorFree[message.receiver] = end
      guard message.partial != nil else {
        ends[message.receiver] = max(ends[message.receiver], end)
        return
      }
      missing[message.piece] -= 1
      if missing[message.piece] == 0 { complete(message.piece, at: end) }
    }
  }

  /// The owner has all partial sums of a piece: it adds them, updates the parameters, and sends them to all.
  private mutating func complete(_ piece: Int, at time: Double) {
    let (owner, size) = (plan.pieces[piece].owner, plan.pieces[piece].elements.count)
    // Before its own gradient is there, there is nothing to add to.
    let start = max(time, costs.gradient + costs.reduce, adderFree[owner])
    let others = plan.partition.partials.count - 1
    let end = start + Double(others * size * MemoryLayout<Float>.size) / costs.addedBytesPerSecond
    adderFree[owner] = end
    ends[owner] = max(ends[owner], end)
    let transfers = parameters[owner].filter { $0.piece == piece }
    for transfer in transfers.sorted(by: { turn(of: $0.receiver, at: owner) < turn(of: $1.receiver, at: owner) }) {
      post(transfer, at: end)
    }
  }
}
