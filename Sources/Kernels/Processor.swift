import CKernels

/// Tells the processor that this thread spins, so that its sibling runs faster.
@inlinable
package func pauseProcessor() { ck_pause() }

/// Runs `body` with arithmetic that takes subnormal numbers for zero.
///
/// A momentum whose gradient is always zero, as that of a pixel at the border, decays into the subnormal numbers and stays
/// there for ever, since rounding keeps nine tenths of the smallest one what it is; and arithmetic on them is a hundred
/// times slower. None of them matters to a result.
package func withoutSubnormals(_ body: () -> Void) {
  let flushed = ck_flush_subnormals(1)
  body()
  _ = ck_flush_subnormals(flushed)
}

/// Runs `body` with arithmetic as IEEE 754 has it, subnormal numbers included, also inside ``withoutSubnormals(_:)``: what
/// is converted there once must have the bits that it has elsewhere.
package func withSubnormals<Result>(_ body: () -> Result) -> Result {
  let flushed = ck_flush_subnormals(0)
  defer { _ = ck_flush_subnormals(flushed) }
  return body()
}

/// The cores that this process may run on by its affinity mask; `nil` where that cannot be told.
package func processorAffinity() -> Int? {
  let cores = Int(ck_affinity_cores())
  return cores > 0 ? cores : nil
}

/// The cores that a thread may run on.
package struct ThreadCores: Sendable {
  private var cores = ck_cores()

  private init() {}

  /// Those of the calling thread; `nil` where that cannot be told.
  package static var current: ThreadCores? {
    var current = ThreadCores()
    return ck_thread_cores(&current.cores) != 0 ? current : nil
  }

  /// Their numbers, ascending.
  package var numbers: [Int] {
    withUnsafePointer(to: cores) { cores in
      var numbers: [Int] = []
      while case let core = Int(ck_core(cores, Int32(numbers.count))), core >= 0 { numbers.append(core) }
      return numbers
    }
  }

  /// One core alone.
  package static func only(_ number: Int) -> ThreadCores {
    var one = ThreadCores()
    ck_only_core(&one.cores, Int32(number))
    return one
  }

  /// Lets the calling thread run on these alone.
  ///
  /// - Returns: Whether the system allows it.
  @discardableResult
  package func apply() -> Bool { withUnsafePointer(to: cores) { ck_set_thread_cores($0) != 0 } }
}
