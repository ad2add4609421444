// swift-tools-version: 6.2
import PackageDescription

// Each target imports only what its row in docs/architecture.md names; scripts/lint checks the imports
// against the `dependencies` below, so a shortcut around a room fails the build's lint.
let package = Package(
  name: "trainer",
  products: [
    .executable(name: "trainer", targets: ["trainer"]),
    .library(
      name: "Training",
      targets: [
        "Foundations", "HDF5", "Kernels", "Autodiff", "Formulas", "Models", "Optimizers", "Datasets", "DataParallel",
        "Checkpoints", "TensorBoard", "YAML", "Training", "Reporting", "Interchange",
      ]),
    .library(name: "HDF5", targets: ["HDF5"]),
  ],
  dependencies: [
    .package(url: "https://github.com/apple/swift-argument-parser", from: "1.5.0"),
    .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
  ],
  targets: [
    // System libraries and C
    .systemLibrary(name: "CHDF5", pkgConfig: "hdf5", providers: [.apt(["libhdf5-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .target(name: "CKernels"),
    .target(name: "CSystem"),
    // It opens MPI at run time, by dlopen: a library of its own before glibc 2.34.
    .target(name: "CMPI", linkerSettings: [.linkedLibrary("dl")]),
    // It opens libpng and libjpeg-turbo in the same way.
    .target(name: "CImages", linkerSettings: [.linkedLibrary("dl")]),

    // The commit of the build, which the plugin asks git for.
    .plugin(name: "FindCommit", capability: .buildTool()),
    .target(name: "Commit", plugins: ["FindCommit"]),

    // Rooms
    .target(name: "Foundations", dependencies: ["CCrypto", "CSystem", "Commit"]),
    .target(name: "HDF5", dependencies: ["CHDF5", "Foundations"]),
    .target(name: "Kernels", dependencies: ["CKernels", "Foundations"]),
    .target(name: "Autodiff", dependencies: ["Kernels", "Foundations"]),
    .target(name: "Formulas", dependencies: ["Autodiff", "Kernels", "Foundations"]),
    .target(name: "Models", dependencies: ["Autodiff", "Kernels", "Foundations"]),
    .target(name: "Optimizers", dependencies: ["Kernels", "Foundations"]),
    .target(
      name: "Datasets",
      dependencies: ["HDF5", "Kernels", "Foundations", "CZlib", "CImages"]),
    .target(name: "DataParallel", dependencies: ["CMPI", "Kernels", "Foundations"]),
    .target(name: "Checkpoints", dependencies: ["HDF5", "Foundations"]),
    .target(name: "TensorBoard", dependencies: ["CZlib", "Foundations"]),
    .target(name: "YAML", dependencies: ["Foundations", .product(name: "Yams", package: "Yams")]),
    .target(
      name: "Training",
      dependencies: [
        "Foundations", "HDF5", "Kernels", "Autodiff", "Formulas", "Models", "Optimizers", "Datasets", "DataParallel",
        "Checkpoints", "TensorBoard", "YAML",
      ]),
    .target(name: "Reporting", dependencies: ["Training", "Autodiff", "Formulas", "Foundations"]),
    .target(
      name: "Interchange",
      dependencies: [
        "Training", "TensorBoard", "Checkpoints", "Datasets", "Models", "Autodiff", "Kernels", "CZlib", "Foundations",
      ]),
    .executableTarget(
      name: "trainer",
      dependencies: [
        "Foundations", "HDF5", "Kernels", "Autodiff", "Formulas", "Models", "Optimizers", "Datasets", "DataParallel",
        "Checkpoints", "Training", "Reporting", "Interchange", "YAML",
        .product(name: "ArgumentParser", package: "swift-argument-parser"),
      ]),

    // Tests mirror the rooms
    .target(name: "CAllocations", path: "Tests/CAllocations"),
    .target(
      name: "TestSupport",
      dependencies: ["CAllocations", "Foundations", "HDF5", "Datasets", "DataParallel", "Training"],
      path: "Tests/TestSupport"),
    .testTarget(name: "FoundationsTests", dependencies: ["Foundations", "TestSupport"]),
    .testTarget(name: "HDF5Tests", dependencies: ["HDF5", "Foundations", "TestSupport"]),
    .testTarget(name: "KernelsTests", dependencies: ["Kernels", "TestSupport"]),
    .testTarget(
      name: "AutodiffTests", dependencies: ["Autodiff", "Formulas", "Kernels", "Foundations", "TestSupport"]),
    .testTarget(
      name: "FormulasTests", dependencies: ["Formulas", "Autodiff", "Kernels", "Foundations", "TestSupport"]),
    .testTarget(
      name: "ModelsTests",
      dependencies: ["Models", "Autodiff", "Foundations", "TestSupport"]),
    .testTarget(name: "OptimizersTests", dependencies: ["Optimizers", "Kernels", "Foundations", "TestSupport"]),
    .testTarget(name: "DatasetsTests", dependencies: ["Datasets", "HDF5", "Kernels", "Foundations", "TestSupport"]),
    .executableTarget(
      name: "RankProbe", dependencies: ["DataParallel", "Foundations", "Kernels"], path: "Tests/RankProbe"),
    .executableTarget(
      name: "RankModel", dependencies: ["DataParallel", "Foundations", "Kernels"], path: "Tests/RankModel"),
    .testTarget(
      name: "DataParallelTests",
      dependencies: ["DataParallel", "Foundations", "Kernels", "TestSupport", "RankProbe", "RankModel"]),
    .testTarget(name: "CheckpointsTests", dependencies: ["Checkpoints", "HDF5", "Foundations", "TestSupport"]),
    .testTarget(name: "TensorBoardTests", dependencies: ["TensorBoard", "CZlib", "Foundations", "TestSupport"]),
    .testTarget(name: "YAMLTests", dependencies: ["YAML", "Foundations", "TestSupport"]),
    .testTarget(
      name: "TrainingTests",
      dependencies: [
        "Training", "TensorBoard", "Reporting", "Checkpoints", "Autodiff", "Formulas", "Models", "Optimizers",
        "Datasets",
        "DataParallel",
        "Kernels",
        "HDF5",
        "Foundations", "TestSupport",
      ]),
    .testTarget(
      name: "ReportingTests",
      dependencies: ["Reporting", "Training", "Autodiff", "Formulas", "Foundations", "TestSupport"]),
    .testTarget(
      name: "InterchangeTests",
      dependencies: [
        "Interchange", "Training", "Checkpoints", "Datasets", "Models", "Autodiff", "HDF5", "Foundations",
        "TestSupport",
      ]),
    .testTarget(
      name: "DurabilityTests",
      dependencies: ["Training", "Reporting", "Checkpoints", "Foundations", "TestSupport"]),
    .testTarget(name: "IntegrationTests", dependencies: ["Checkpoints", "Foundations", "HDF5", "TestSupport"]),
  ],
  swiftLanguageModes: [.v6]
)

// The documentation's plugin: scripts/docs asks for it, and nobody else has to fetch it.
if Context.environment["DOCS"] != nil {
  package.dependencies.append(.package(url: "https://github.com/swiftlang/swift-docc-plugin", from: "1.4.0"))
}

// What scripts/fuzz runs under libFuzzer: no part of the product, and it links only with the flags of that script.
if Context.environment["FUZZERS"] != nil {
  package.targets += [
    .target(name: "CFuzzer", path: "Fuzzers/CFuzzer"),
    .executableTarget(
      name: "Fuzzer", dependencies: ["CFuzzer", "Datasets", "Foundations"], path: "Fuzzers/Fuzzer"),
  ]
}

// In CI a warning is an error. Elsewhere it is not: a newer compiler's new warning must stop nobody's build.
if Context.environment["CI"] != nil {
  for target in package.targets where ![.system, .plugin].contains(target.type) {
    target.cSettings = (target.cSettings ?? []) + [CSetting.treatAllWarnings(as: .error)]
    target.swiftSettings = (target.swiftSettings ?? []) + [SwiftSetting.treatAllWarnings(as: .error)]
  }
}
