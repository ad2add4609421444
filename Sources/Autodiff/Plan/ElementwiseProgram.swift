import Kernels

/// A chain of element-wise operations that runs in one pass: for each tile of the result, all operations, with the
/// values between them in scratch space that stays in the first-level cache.
struct ElementwiseProgram<Scalar: KernelElement>: Sendable {
  /// Elements of one tile: large enough to hide the call of a loop, small enough for a dozen tiles in 48 KiB.
  static var tileCount: Int { 4096 / MemoryLayout<Scalar>.stride }

  /// Where an operand of a step comes from.
  enum Argument: Sendable {
    /// An array of the result's shape.
    case whole(Operand)
    /// A tile in scratch space.
    case register(Int)
  }

  struct Step: Sendable {
    let loop: ElementwiseLoop
    let x: Argument
    var y: Argument = .register(0)
    var z: Argument = .register(0)
    let out: Argument
  }

  /// An operand that is broadcast: its elements for a tile are copied to a register first.
  struct Load: Sendable {
    let source: Operand
    let strides: [Int]
    let register: Int

    /// A single element everywhere: the register is filled once and stays.
    var isUniform: Bool { strides.allSatisfy { $0 == 0 } }
  }

  var loads: [Load] = []
  var steps: [Step] = []
  let shape: Shape
  var registerCount = 0
  let kernels: Kernels<Scalar>

  init(shape: Shape, kernels: Kernels<Scalar>) {
    self.shape = shape
    self.kernels = kernels
  }

  var scratchCount: Int { registerCount * Self.tileCount }

  @_specialize(where Scalar == Float)
  @_specialize(where Scalar == Double)
  func run(_ frame: Frame<Scalar>) {
    let total = shape.elementCount
    let tile = Self.tileCount
    for load in loads where load.isUniform {
      kernels.fill(
        frame.scratch + load.register * tile, count: min(tile, total), with: frame.pointer(load.source).pointee)
    }
    var start = 0
    while start < total {
      let count = min(tile, total - start)
      for load in loads where !load.isUniform { copy(load, frame, start: start, count: count) }
      for step in steps {
        let x = pointer(step.x, frame, start)
        let out = pointer(step.out, frame, start)
        switch step.loop {
        case .unary(let loop): loop(count, x, out)
        case .binary(let loop): loop(count, x, pointer(step.y, frame, start), out)
        case .select(let loop): loop(count, x, pointer(step.y, frame, start), pointer(step.z, frame, start), out)
        }
      }
      start += count
    }
  }

  private func copy(_ load: Load, _ frame: Frame<Scalar>, start: Int, count: Int) {
    shape.withUnsafeBufferPointer { shape in
      load.strides.withUnsafeBufferPointer { strides in
        guard let extents = shape.baseAddress, let steps = strides.baseAddress else { return }
        kernels.stridedCopy(
          frame.pointer(load.source), shape: extents, strides: steps, rank: shape.count, start: start, count: count,
          into: frame.scratch + load.register * Self.tileCount)
      }
    }
  }

  private func pointer(_ argument: Argument, _ frame: Frame<Scalar>, _ start: Int) -> UnsafeMutablePointer<Scalar> {
    switch argument {
    case .whole(let operand): frame.pointer(operand) + start
    case .register(let index): frame.scratch + index * Self.tileCount
    }
  }
}
