import Foundation
import PackagePlugin

/// Has `scripts/commit` write the commit into a file of the target `Commit` when a source file or what is checked out has
/// changed since it last did. Where the commit is the same, the file is left alone, and nothing is compiled.
@main
struct FindCommit: BuildToolPlugin {
  func createBuildCommands(context: PluginContext, target: any Target) -> [Command] {
    let package = context.package.directoryURL
    let file = context.pluginWorkDirectoryURL.appending(path: "CommitName.swift")
    let script = package.appending(path: "scripts/commit")
    let sources = context.package.targets.compactMap(\.sourceModule).flatMap { module in
      module.sourceFiles.map(\.url)
    }
    return [
      .buildCommand(
        displayName: "Asking git for the commit", executable: URL(filePath: "/bin/sh"),
        arguments: [script, package, file].map { $0.path(percentEncoded: false) },
        inputFiles: sources + [script] + movesOfHead(package), outputFiles: [file])
    ]
  }

  /// The file to which git adds a line whenever another commit is checked out or made, if there is one.
  private func movesOfHead(_ package: URL) -> [URL] {
    var folder = package.appending(path: ".git")
    // In a second working tree it is a file that names the folder.
    if let bytes = FileManager.default.contents(atPath: folder.path(percentEncoded: false)) {
      let text = String(decoding: bytes, as: UTF8.self).trimmingCharacters(in: .newlines)
      folder = URL(filePath: String(text.dropFirst("gitdir: ".count)), relativeTo: package)
    }
    let log = folder.appending(path: "logs/HEAD")
    return FileManager.default.fileExists(atPath: log.path(percentEncoded: false)) ? [log] : []
  }
}
