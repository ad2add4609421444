import Foundations
import Kernels

/// Memory that several workers use at once. The only type of the package that is `Sendable` by our word instead of the
/// compiler's.
///
/// Note [Disjointness]. A region consists of phases, and each phase of units that are claimed by exactly one worker
/// (Note [Claims] in `Region`). Whoever writes an element of a `SharedBuffer` is one of:
/// - a gradient unit, which writes only what belongs to its shard or, by Note [Subtrees], its shards (gradient slots, kept
///   operands, sample indices and statistics, and workspace and row buffers where shards have their own) or to the worker
///   that runs it (workspace, row buffers); where several units of a shard run at once, each is a product, and writes its own columns of
///   the result and the worker's scratch space;
/// - a reduce or update unit, which writes only its block of the gradient, of the partial sums, of the parameters, of
///   their copies in the kernels' order and of the optimizer's state, what belongs to the worker that runs it, and, if it
///   is block 0, the step's record;
/// - the one unit between two passes of an update, which joins the blocks' sums, and among ranks the other phases of one
///   unit;
/// - a message that arrives, which writes what no unit touches from its posting until it is done: another rank's
///   statistics, operands, partial sums, blocks' sums or parameters, as Note [Exchange] says;
/// - the coordinator, between regions, when no worker runs;
/// - a worker that moves pages near it (Note [Placement] in `MemoryPlacement`), between regions, when nobody else uses
///   them: it writes what they held, and each page is moved by one worker.
///
/// No two units of a phase thus write the same element, and none writes what another unit of its phase reads. Between
/// phases the release of `done` and its acquisition order writes before reads; the join of a region does so for the
/// coordinator.
package final class SharedBuffer<Element>: @unchecked Sendable {
  /// The first element. It does not keep the buffer alive.
  package let pointer: UnsafeMutablePointer<Element>
  /// The number of elements.
  package let count: Int

  /// Memory for `count` elements, each a copy of `value`, on cache lines of its own.
  package init(repeating value: Element, count: Int) {
    pointer = Self.allocate(count)
    pointer.initialize(copying: value, count: count)
    self.count = count
  }

  /// Memory for `count` elements, each made by `make` from its index.
  package init(count: Int, _ make: (Int) throws -> Element) rethrows {
    let pointer = Self.allocate(count)
    var made = 0
    do {
      while made < count {
        (pointer + made).initialize(to: try make(made))
        made += 1
      }
    } catch {
      pointer.deinitialize(count: made)
      pointer.deallocate()
      throw error
    }
    self.pointer = pointer
    self.count = count
  }

  /// Memory with these elements.
  package convenience init(_ elements: [Element]) { self.init(count: elements.count) { elements[$0] } }

  private static func allocate(_ count: Int) -> UnsafeMutablePointer<Element> {
    let byteCount = max(1, count) * MemoryLayout<Element>.stride
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: byteCount, alignment: max(64, MemoryLayout<Element>.alignment))
    UnsafeMutableRawBufferPointer(start: raw, count: byteCount).preferLargePages()
    return raw.bindMemory(to: Element.self, capacity: max(1, count))
  }

  deinit {
    pointer.deinitialize(count: count)
    pointer.deallocate()
  }

  /// One element. The caller keeps to Note [Disjointness].
  package subscript(index: Int) -> Element {
    get {
      precondition(index >= 0 && index < count, "index \(index) is outside the buffer of \(count)")
      return pointer[index]
    }
    set {
      precondition(index >= 0 && index < count, "index \(index) is outside the buffer of \(count)")
      pointer[index] = newValue
    }
  }

  /// The elements, for the coordinator between regions. They do not keep the buffer alive.
  package var elements: UnsafeMutableBufferPointer<Element> { UnsafeMutableBufferPointer(start: pointer, count: count) }

  /// Their bytes, likewise.
  package var bytes: UnsafeMutableRawBufferPointer { UnsafeMutableRawBufferPointer(elements) }
}

extension SharedBuffer where Element: AnyObject {
  /// Calls `body` with an object, which the caller keeps alive with the buffer.
  ///
  /// It counts no reference. Counting writes to the object, and to whatever shares its cache line: where several workers
  /// use one object, or neighbours, they would take that line from each other in every unit.
  package func use<Result>(_ index: Int, _ body: (Element) -> Result) -> Result {
    precondition(index >= 0 && index < count, "index \(index) is outside the buffer of \(count)")
    // An unmanaged reference is the same word as a managed one.
    return UnsafeRawPointer(pointer + index).load(as: Unmanaged<Element>.self)._withUnsafeGuaranteedRef(body)
  }
}
