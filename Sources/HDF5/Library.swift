import CHDF5
import Synchronization

/// The lowest call layer: the one way from this module into libhdf5.
///
/// Note [One lock]: libhdf5 keeps global state, and a build of it may or may not be thread-safe. Every call therefore
/// runs inside this one lock, together with reading the error stack that it left. A closure handed to `call` or
/// `value` contains C calls only and never comes back here, so the lock need not be recursive.
enum Library {
  private static let lock = Mutex(())

  /// Runs C calls whose negative result means failure.
  ///
  /// - Parameters:
  ///   - action: what is being done, as it goes on after "cannot", for the error's sentence.
  ///   - body: the calls; the last result is returned, and the first negative one must be.
  /// - Throws: `HDF5Error` with the library's error stack.
  @discardableResult
  static func call<Result: SignedInteger & Sendable>(
    _ action: @autoclosure () -> String, _ body: () -> Result
  ) throws -> Result {
    try lock.withLock { _ throws(HDF5Error) in
      silenceErrorPrinting()
      let result = LastResort.guarding(body)
      if result < 0 { throw HDF5Error(action: action(), stack: HDF5Error.currentStack()) }
      return result
    }
  }

  /// Runs C calls that cannot fail, or whose failure is no negative number.
  static func value<Result: Sendable>(_ body: () -> Result) -> Result {
    lock.withLock { _ in
      silenceErrorPrinting()
      return LastResort.guarding(body)
    }
  }

  /// At the end of the program the library would write what is left of files that could not be closed, as on a full disk,
  /// and crash. Files that are wanted are closed by then.
  private static let endsQuietly = H5dont_atexit() >= 0

  /// In thread-safe builds the setting is one thread's own, so it is made on every call.
  private static func silenceErrorPrinting() {
    _ = endsQuietly
    H5Eset_auto2(chdf5_error_default(), nil, nil)
  }
}

/// Owns one libhdf5 identifier.
///
/// The identifier never changes and the library never hands it out again, so a handle may be shared by threads: a use
/// that comes after `close` fails with an error instead of reaching another object.
final class Handle: Sendable {
  /// The object as error messages name it: "dataset '/train/inputs' of 'digits.h5'".
  let label: String
  private let identifier: hid_t
  private let owner: Handle?
  private let closed = Atomic(false)

  /// Takes over an identifier; the owner (a file) stays open at least as long.
  init(_ identifier: hid_t, label: String, owner: Handle? = nil) {
    self.identifier = identifier
    self.label = label
    self.owner = owner
  }

  /// Whether the object or its file was closed.
  var isClosed: Bool { closed.load(ordering: .acquiring) || owner?.isClosed == true }

  /// The identifier, for one call.
  ///
  /// - Throws: `HDF5Error` if the object or its file was closed.
  var id: hid_t {
    get throws {
      if isClosed { throw HDF5Error(.closed, "\(label) is used after it was closed") }
      return identifier
    }
  }

  /// Lends the identifier. A local handle lives until the body has ended; with `id` alone nothing would keep it open.
  func use<Result>(_ body: (hid_t) throws -> Result) throws -> Result {
    try withExtendedLifetime(self) { try body(id) }
  }

  /// Closes the object with its own C function; does nothing if that was done before.
  func close(_ function: (hid_t) -> herr_t) throws {
    if owner?.isClosed == true { return }
    guard !closed.exchange(true, ordering: .acquiringAndReleasing) else { return }
    try Library.call("close \(label)") { function(identifier) }
  }

  deinit {
    // A deinit cannot report anything: writers call `close`, all others lose nothing here.
    if !isClosed { _ = Library.value { H5Idec_ref(identifier) } }
  }
}
