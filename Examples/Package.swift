// swift-tools-version: 6.2
import PackageDescription

// Programs that use the library as another package does: with what is public, and nothing else.
let package = Package(
  name: "Examples",
  dependencies: [.package(name: "trainer", path: "..")],
  targets: [
    .executableTarget(name: "Arrays", dependencies: [.product(name: "Training", package: "trainer")]),
    .executableTarget(name: "Extensions", dependencies: [.product(name: "Training", package: "trainer")]),
  ],
  swiftLanguageModes: [.v6]
)
