import Foundations
import Kernels

/// How an optimizer updates the parameters of one layout, block by block.
///
/// Note [Passes]. A transformation that needs sums over all parameters cannot act on a block before every other block
/// has gone through the transformations in front of it. The chain is cut there: a pass over the blocks ends with the
/// sums over each block, one unit joins them, and the next pass begins with the transformation. The update of a block
/// waits in the gradient's place. The sums run over the pieces of fixed blocks in a fixed tree, so they depend on no
/// number of workers. A chain without such a transformation is a single pass.
package struct UpdatePlan: Sendable {
  /// A stretch of the flat vectors that one chain acts on.
  private struct Segment: Sendable {
    var range: Range<Int>
    let group: Int
    /// The segment's pieces.
    var pieces: Range<Int> = 0..<0
  }

  /// The part of a segment that lies in one block.
  private struct Piece: Sendable {
    let range: Range<Int>
    let segment: Int
  }

  /// A transformation with the places of its state among all state vectors.
  private final class Link: Sendable {
    let transformation: any GradientTransformation
    let state: [Int]

    init(_ transformation: any GradientTransformation, state: [Int]) {
      self.transformation = transformation
      self.state = state
    }
  }

  /// A group's chain, cut before its global transformations.
  private struct Chain: Sendable {
    let links: [[Link]]
    /// What is measured at the end of each pass but the last.
    let cuts: [any GlobalTransformation]
    let learningRate: Double
  }

  /// How often a step passes over the blocks.
  package let passes: Int
  /// The numbers that the sums take.
  package let sumCount: Int
  /// The numbers that are remembered from step to step.
  package let numberCount: Int

  /// The chains, which keep their links alive.
  private let chains: [Chain]
  /// The links of all chains, one pass after the other. Their use counts no references: all workers would write the
  /// counters in every block.
  private let links: [Unmanaged<Link>]
  /// Which of them the passes of each chain have.
  private let passLinks: [Range<Int>]
  private let learningRates: [Double]
  private let segments: [Segment]
  private let pieces: [Piece]
  /// The pieces of each block.
  private let blockPieces: [Range<Int>]
  /// What each block has of the layout's state.
  private let blockStates: [Range<Int>]
  /// The sums of a piece: the most of a cut.
  private let width: Int
  private let schedule: LearningRateSchedule
  private let average: (index: Int, decay: Double)?
  private let isMaximizing: Bool

  /// Plans the updates of the parameters of `layout` in these blocks, which cover the flat vector in order.
  package init(_ optimizer: Optimizer, layout: ParameterLayout, blocks: [Range<Int>]) {
    let names = optimizer.stateNames
    let chains = optimizer.groups.map { Self.chain(of: $0, after: optimizer.shared, stateNames: names) }
    let cuts = chains.flatMap(\.cuts)
    let passes = optimizer.passes
    precondition(chains.allSatisfy { $0.links.count == passes }, "all groups cut their chains alike")
    let most = cuts.map(\.sumCount).max() ?? 0
    numberCount = cuts.map(\.numberCount).reduce(0, +)
    precondition(numberCount == 0 || cuts.count == 1, "an optimizer that remembers numbers has one group and one cut")
    // What decides by the objective needs the penalties too.
    width = numberCount > 0 ? most + 1 : most
    schedule = optimizer.schedule
    isMaximizing = optimizer.isMaximizing
    average = optimizer.averageDecay.map { (names.count - 1, $0) }

    var segments = Self.segments(
      of: layout, groups: optimizer.groups, frozen: optimizer.frozen,
      mayJoin: cuts.allSatisfy { $0.extent == .allParameters })
    var pieces: [Piece] = []
    var segment = 0
    blockPieces = blocks.map { block in
      let first = pieces.count
      while segment < segments.count, segments[segment].range.lowerBound < block.upperBound {
        let range = segments[segment].range.clamped(to: block)
        if range.lowerBound == segments[segment].range.lowerBound {
          segments[segment].pieces = pieces.count..<pieces.count
        }
        if !range.isEmpty {
          pieces.append(Piece(range: range, segment: segment))
          segments[segment].pieces = segments[segment].pieces.lowerBound..<pieces.count
        }
        guard segments[segment].range.upperBound <= block.upperBound else { break }
        segment += 1
      }
      return first..<pieces.count
    }
    blockStates = blocks.map { layout.state.clamped(to: $0) }
    self.chains = chains
    var links: [Unmanaged<Link>] = []
    passLinks = chains.flatMap(\.links).map { pass in
      links += pass.map { .passUnretained($0) }
      return links.count - pass.count..<links.count
    }
    self.links = links
    learningRates = chains.map(\.learningRate)
    self.passes = passes
    self.segments = segments
    self.pieces = pieces
    sumCount = (pieces.count + segments.count) * width
  }

  private static func chain(
    of group: Optimizer.Group, after shared: [any GradientTransformation], stateNames: [String]
  ) -> Chain {
    var links: [[Link]] = [[]]
    var cuts: [any GlobalTransformation] = []
    for transformation in shared + group.transformations {
      if let global = transformation as? any GlobalTransformation {
        cuts.append(global)
        links.append([])
      }
      let state = transformation.stateNames.compactMap { stateNames.firstIndex(of: $0) }
      links[links.count - 1].append(Link(transformation, state: state))
    }
    return Chain(links: links, cuts: cuts, learningRate: group.learningRate)
  }

  /// The stretches with one chain each: the tensors, or what neighbours of one group make together.
  private static func segments(
    of layout: ParameterLayout, groups: [Optimizer.Group], frozen: Set<String>, mayJoin: Bool
  ) -> [Segment] {
    var segments: [Segment] = []
    // What is frozen is in no segment, so that nothing acts on it.
    for entry in layout.trained where entry.count > 0 && !frozen.contains(entry.name) {
      let group = groups.firstIndex { $0.parameters?.contains(entry.name) ?? true } ?? groups.count - 1
      if mayJoin, let last = segments.last, last.group == group, last.range.upperBound == entry.range.lowerBound {
        segments[segments.count - 1].range = last.range.lowerBound..<entry.range.upperBound
      } else {
        segments.append(Segment(range: entry.range, group: group))
      }
    }
    return segments
  }

  /// Where the sums of some blocks lie among all: what a rank that has passed over them tells the others before a join.
  package func sumRange(of blocks: Range<Int>) -> Range<Int> {
    guard let first = blocks.first, let last = blocks.last else { return 0..<0 }
    return blockPieces[first].lowerBound * width..<blockPieces[last].upperBound * width
  }

  // MARK: A step

  /// Does one pass over one block; the last pass updates the parameters.
  ///
  /// - Parameters:
  ///   - step: The step, counted from 1.
  ///   - rateFactor: A factor of the learning rates beside the schedule's.
  ///   - scratch: Room for a block.
  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  package func run<Scalar: KernelElement>(
    pass: Int, block: Int, step: Int, rateFactor: Double = 1, vectors: UpdateVectors<Scalar>,
    scratch: UnsafeMutablePointer<Scalar>, kernels: Kernels<Scalar>
  ) {
    let isLast = pass == passes - 1
    let factor = isLast ? rateFactor * schedule.factor(at: step) : 0
    for index in blockPieces[block] {
      let piece = pieces[index]
      let (range, chain) = (piece.range, segments[piece.segment].group)
      func vector(_ pointer: UnsafeMutablePointer<Scalar>) -> BlockVector<Scalar> {
        BlockVector(pointer, count: range.count, kernels: kernels)
      }
      let totals = vectors.memory.sums + (pieces.count + piece.segment) * width
      let block = OptimizerBlock(
        update: vector(vectors.gradient + (range.lowerBound - vectors.gradientStart)),
        parameters: vector(vectors.parameters + range.lowerBound),
        scratch: vector(scratch), range: range, step: step,
        sums: UnsafeBufferPointer(start: totals, count: pass > 0 ? width : 0),
        numbers: UnsafeBufferPointer(start: vectors.memory.numbers, count: numberCount))

      if pass == 0, isMaximizing { block.update.scale(by: -1) }
      func state(_ link: Link) -> UpdateState<Scalar> {
        UpdateState(vectors.state, indices: link.state, range: range, kernels: kernels)
      }
      for link in passLinks[chain * passes + pass] {
        links[link]._withUnsafeGuaranteedRef { $0.transformation.apply(to: block, state: state($0)) }
      }
      guard isLast else {
        var sums = UnsafeMutableBufferPointer(start: vectors.memory.sums + index * width, count: width).mutableSpan
        let (links, cut) = (chains[chain].links, chains[chain].cuts[pass])
        cut.measure(block, state: state(links[pass + 1][0]), into: &sums)
        if numberCount > 0 { sums[width - 1] = links[pass].reduce(0) { $0 + $1.transformation.penalty(of: block) } }
        continue
      }
      block.parameters.add(block.update, scaledBy: -learningRates[chain] * factor)
      if let average {
        // Before the first step there is nothing to keep.
        let decay = step == 1 ? 0 : average.decay
        vector(vectors.state[average.index] + range.lowerBound)
          .combine(block.parameters, scaledBy: 1 - decay, plusSelfScaledBy: decay)
      }
    }
    if isLast, !blockStates[block].isEmpty { changeState(blockStates[block], vectors, kernels) }
  }

  /// Takes off the state what the gradient has in its place: no optimizer acts on it, and it is its own average.
  private func changeState<Scalar: KernelElement>(
    _ range: Range<Int>, _ vectors: UpdateVectors<Scalar>, _ kernels: Kernels<Scalar>
  ) {
    let state = vectors.parameters + range.lowerBound
    kernels.addScaled(
      -1, vectors.gradient + (range.lowerBound - vectors.gradientStart), to: state, count: range.count)
    if let average { kernels.copyLoop(range.count, state, vectors.state[average.index] + range.lowerBound) }
  }

  /// Joins the sums that a pass, which is not the last, has left: the one unit between it and the next.
  ///
  /// - Parameters:
  ///   - step: The step, counted from 1.
  ///   - objective: The batch's objective before the step.
  ///   - memory: As in `UpdateVectors`.
  package func join(after pass: Int, step: Int, objective: Double, memory: UpdateMemory) {
    let sums = memory.sums
    for number in 0..<width {
      var overall: Double?
      for (index, segment) in segments.enumerated() {
        let total = sums + (pieces.count + index) * width
        switch chains[segment.group].cuts[pass].extent {
        case .tensor:
          total[number] = treeSum(segment.pieces, number, sums)
        case .allParameters:
          total[number] = overall ?? treeSum(0..<pieces.count, number, sums)
          overall = total[number]
        }
      }
    }
    var isTrial = false
    for (index, segment) in segments.enumerated() {
      let totals = sums + (pieces.count + index) * width
      let penalties = numberCount > 0 ? totals[width - 1] : 0
      var totalSpan = UnsafeMutableBufferPointer(start: totals, count: width).mutableSpan
      var numbers = UnsafeMutableBufferPointer(start: memory.numbers, count: numberCount).mutableSpan
      let stands = chains[segment.group].cuts[pass].decide(
        &totalSpan, numbers: &numbers, objective: (isMaximizing ? -objective : objective) + penalties,
        isLast: step == schedule.steps)
      isTrial = isTrial || !stands
    }
    memory.isTrial.pointee = isTrial
  }

  private func treeSum(_ pieces: Range<Int>, _ number: Int, _ sums: UnsafeMutablePointer<Double>) -> Double {
    guard pieces.count > 1 else { return pieces.isEmpty ? 0 : sums[pieces.lowerBound * width + number] }
    let middle = pieces.lowerBound + pieces.count / 2
    return treeSum(pieces.lowerBound..<middle, number, sums) + treeSum(middle..<pieces.upperBound, number, sums)
  }

  /// Does a whole step on the calling thread.
  ///
  /// - Parameters:
  ///   - objective: The batch's objective before the step, for optimizers that go by it.
  ///   - scratch: Room for the largest block.
  package func runStep<Scalar: KernelElement>(
    _ step: Int, objective: Double = .nan, rateFactor: Double = 1, vectors: UpdateVectors<Scalar>,
    scratch: UnsafeMutablePointer<Scalar>, kernels: Kernels<Scalar>
  ) {
    defer { withExtendedLifetime(self) {} }
    for pass in 0..<passes {
      if pass > 0 {
        join(after: pass - 1, step: step, objective: objective, memory: vectors.memory)
      }
      for block in blockPieces.indices {
        run(
          pass: pass, block: block, step: step, rateFactor: rateFactor, vectors: vectors, scratch: scratch,
          kernels: kernels)
      }
    }
  }
}
