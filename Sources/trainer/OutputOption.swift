import ArgumentParser
import Foundations
import Reporting

/// `--theme`, for the commands that draw a picture.
struct ThemeOption: ParsableArguments {
  @Option(help: "The colours of the picture; auto is an SVG that is light or dark as its viewer is, and a light PNG.")
  var theme: PictureTheme = .auto
}

extension PictureTheme: ExpressibleByArgument {}

/// `--overwrite`, for the commands that write a file which the user names.
struct OverwriteOption: ParsableArguments {
  @Flag(
    help:
      "Replace the output if it exists; of a symbolic link the file behind it. Inputs, devices and read-only files are not replaced."
  )
  var overwrite = false

  /// The file of that name, which has been found fit before any work is done.
  ///
  /// - Parameter inputs: The files that the command reads.
  /// - Throws: `TrainerError` with code `.usage`.
  func file(_ path: String, inputs: [String]) throws -> OutputFile {
    let file = OutputFile(path, mayReplace: overwrite, inputs: inputs)
    do {
      try file.check()
    } catch OutputFile.Refusal.exists(let path) {
      let link = file.linkTarget.map { ", a symbolic link to \($0)" } ?? ""
      throw TrainerError(.usage, "\(path) exists already\(link); choose another name, or replace it with --overwrite")
    } catch let refusal as OutputFile.Refusal {
      throw TrainerError(.usage, refusal.description)
    }
    if let target = file.linkTarget {
      Console().warn("\(path) is a symbolic link; the file behind it, \(target), is replaced")
    }
    return file
  }
}
