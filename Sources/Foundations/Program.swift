/// The program itself.
package enum Program {
  /// Its version: what `trainer --version` prints and what checkpoints record.
  package static let version = "0.1.0"
}
