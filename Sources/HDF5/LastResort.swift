import Foundation
import Synchronization

/// Turns a crash inside libhdf5 into a sentence and an exit code.
///
/// Note [Last resort]: what a trial has survived can still crash here. A damaged length makes the library copy from or to
/// memory that is not its own, and whether that ends at once depends on what lies beside it, which is not the same in two
/// processes. Nothing can be saved then, but a program that has enabled trials says which file it was, and ends with the
/// code for it instead of a signal.
package enum LastResort {
  private static let capacity = 4096
  /// The thread that is in the library; 0 for none. There is only one, by Note [One lock].
  private static let caller = Atomic<UInt>(0)
  private static let length = Atomic<Int>(0)
  private static let exitCode = Atomic<Int32>(0)
  // Safe to share: written under the library's lock, and read by a handler only.
  nonisolated(unsafe) private static let sentence = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)

  /// Handles the signals of a crash from now on.
  package static func enable() {
    // What a handler uses must have been made before.
    _ = (caller.load(ordering: .relaxed), length.load(ordering: .relaxed), exitCode.load(ordering: .relaxed))
    sentence.initialize(repeating: 0, count: capacity)
    for number in [SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT] { signal(number) { LastResort.handle($0) } }
  }

  /// Notes what to say from now on.
  package static func note(_ text: String, exitCode code: Int32) {
    let bytes = Array(text.utf8.prefix(capacity))
    length.store(0, ordering: .releasing)
    for (index, byte) in bytes.enumerated() { sentence[index] = byte }
    exitCode.store(code, ordering: .relaxed)
    length.store(bytes.count, ordering: .releasing)
  }

  /// Runs calls of the library, under its lock.
  package static func guarding<Result>(_ body: () -> Result) -> Result {
    caller.store(UInt(pthread_self()), ordering: .relaxed)
    defer { caller.store(0, ordering: .relaxed) }
    return body()
  }

  /// Only functions that are safe in a handler.
  private static func handle(_ number: Int32) {
    let count = length.load(ordering: .acquiring)
    if count > 0, caller.load(ordering: .relaxed) == UInt(pthread_self()) {
      _ = write(STDERR_FILENO, sentence, count)
      _exit(exitCode.load(ordering: .relaxed))
    }
    // A crash of our own stays one: the same instruction crashes again.
    signal(number, SIG_DFL)
  }
}
