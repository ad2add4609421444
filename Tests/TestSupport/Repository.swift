import Foundation

/// This repository as tests see it.
public enum Repository {
  /// Its root directory.
  public static let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().path

  /// The path of a config in `configs/`.
  public static func config(_ name: String) -> String { "\(path)/configs/\(name).json" }

  /// The path of a dataset in `data/`.
  public static func data(_ name: String) -> String { "\(path)/data/\(name).h5" }

  /// Whether `make data/fashion-mnist.h5` has been called: that dataset is too large to be in the repository.
  public static var hasFashionMNIST: Bool { FileManager.default.fileExists(atPath: data("fashion-mnist")) }
}
