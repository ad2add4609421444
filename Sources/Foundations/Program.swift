/// The program itself.
public enum Program {
  /// Its version: what `trainer --version` prints and what checkpoints record.
  public static let version = "0.1.0"
}
