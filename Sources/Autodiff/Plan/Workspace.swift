import Kernels

/// Where a result of a plan lies, found by its name once.
package struct ResultPlace: Sendable {
  let operand: Operand
  /// The number of elements.
  package let count: Int
}

/// The memory that runs of plans use; for one thread at a time, but for Note [Tiles].
package final class Workspace<Scalar: KernelElement> {
  private let buffers: UnsafeMutablePointer<Scalar>
  private let scratch: UnsafeMutablePointer<Scalar>
  private let regions: UnsafeMutablePointer<UnsafeMutablePointer<Scalar>>
  private let bufferCount: Int
  private let scratchCount: Int
  private let inputCount: Int
  private var randomness = Randomness()

  static var fixedRegions: Int { 6 }

  /// Memory enough for each of these plans.
  package init(for plans: [Plan<Scalar>]) {
    bufferCount = max(1, plans.map(\.bufferCount).max() ?? 0)
    scratchCount = max(1, plans.map(\.scratchCount).max() ?? 0)
    inputCount = plans.map(\.inputs.count).max() ?? 0
    buffers = .allocate(unwritten: bufferCount)
    scratch = .allocate(unwritten: scratchCount)
    regions = .allocate(capacity: Self.fixedRegions + inputCount)
    regions.initialize(repeating: buffers, count: Self.fixedRegions + inputCount)
  }

  deinit {
    buffers.deallocate()
    scratch.deallocate()
    regions.deallocate()
  }

  /// What runs of plans write.
  package var memory: [UnsafeMutableRawBufferPointer] {
    [(buffers, bufferCount), (scratch, scratchCount)].map {
      UnsafeMutableRawBufferPointer(UnsafeMutableBufferPointer(start: $0, count: $1))
    }
  }

  func fits(_ plan: Plan<Scalar>) -> Bool {
    plan.bufferCount <= bufferCount && plan.scratchCount <= scratchCount && plan.inputs.count <= inputCount
  }

  /// What a run's code sees, from its beginning on.
  func begin(
    parameters: UnsafePointer<Scalar>?, slot: UnsafeMutablePointer<Scalar>?, kept: UnsafeMutablePointer<Scalar>?,
    packed: UnsafePointer<Scalar>?, constants: UnsafePointer<Scalar>?,
    inputs: UnsafeBufferPointer<UnsafePointer<Scalar>>, randomness: Randomness
  ) -> Frame<Scalar> {
    // Instructions write only to their outputs, which are never parameters, constants or inputs.
    regions[1] = UnsafeMutablePointer(mutating: parameters) ?? buffers
    regions[2] = slot ?? buffers
    regions[3] = UnsafeMutablePointer(mutating: constants) ?? buffers
    regions[4] = kept ?? buffers
    regions[5] = UnsafeMutablePointer(mutating: packed) ?? buffers
    for index in inputs.indices { regions[Self.fixedRegions + index] = UnsafeMutablePointer(mutating: inputs[index]) }
    self.randomness = randomness
    return frame()
  }

  /// What the code of the run that was begun last sees.
  ///
  /// - Parameter scratch: Scratch space in place of the workspace's own, where several threads are at work.
  func frame(scratch: UnsafeMutablePointer<Scalar>? = nil) -> Frame<Scalar> {
    Frame(regions: regions, scratch: scratch ?? self.scratch, randomness: randomness)
  }

  /// The elements of a result after a run of `plan`, valid until the workspace's next run; `nil` if the plan has no
  /// result of that name.
  package func result(_ name: String, of plan: Plan<Scalar>) -> UnsafeBufferPointer<Scalar>? {
    plan.place(of: name).map { self[$0] }
  }

  /// The elements of a result after a run of the plan that it belongs to, valid until the workspace's next run.
  package subscript(place: ResultPlace) -> UnsafeBufferPointer<Scalar> {
    UnsafeBufferPointer(start: regions[place.operand.region] + place.operand.offset, count: place.count)
  }
}
