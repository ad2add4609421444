import CAllocations

/// Whether allocations are counted: not under a sanitizer.
public var allocationsAreCounted: Bool { allocations_are_counted() }

/// How often this thread has asked for memory.
public var allocationsOfThisThread: Int { allocation_count() }

/// How often the body asks for memory on this thread.
public func allocations(_ body: () throws -> Void) rethrows -> Int {
  let before = allocation_count()
  try body()
  return allocation_count() - before
}
