import CKernels

/// Tells the processor that this thread spins, so that its sibling runs faster.
@inlinable
public func pauseProcessor() { ck_pause() }

/// The cores that this process may run on by its affinity mask; `nil` where that cannot be told.
public func processorAffinity() -> Int? {
  let cores = Int(ck_affinity_cores())
  return cores > 0 ? cores : nil
}
