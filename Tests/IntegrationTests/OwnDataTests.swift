import Foundation
import Foundations
import TestSupport
import Testing

/// What the README and the guide `docs/data.md` tell people with tables to type.
@Suite struct OwnDataTests {
  /// A directory with the passengers' tables and their config, and no run.
  private func withPassengers(_ body: (_ directory: String) throws -> Void) throws {
    try withScratchDirectory { directory in
      for folder in ["data", "configs"] {
        try FileManager.default.createDirectory(atPath: "\(directory)/\(folder)", withIntermediateDirectories: false)
      }
      for file in ["data/passengers.csv", "data/new-passengers.csv", "configs/passengers.json"] {
        try FileManager.default.copyItem(atPath: "\(Repository.path)/\(file)", toPath: "\(directory)/\(file)")
      }
      try body(directory)
    }
  }

  /// A command of a document with the lines that follow it there.
  private struct Command {
    let line: String
    var output: [Substring] = []
  }

  /// The commands, `$ trainer …`, in the section under a heading.
  private func commands(of document: String, under heading: String) throws -> [Command] {
    let text = try String(contentsOfFile: "\(Repository.path)/\(document)", encoding: .utf8)
    let section = try #require(text.components(separatedBy: "\n## \(heading)\n").dropFirst().first)
    var commands: [Command] = []
    var (isCode, isConsole) = (false, false)
    for line in try #require(section.components(separatedBy: "\n## ").first).split(
      separator: "\n", omittingEmptySubsequences: false)
    {
      if line.hasPrefix("```") {
        // Other blocks are in a language, which the fence names.
        (isCode, isConsole) = (!isCode, !isCode && line == "```")
      } else if isConsole, line.hasPrefix("$ ") {
        commands.append(Command(line: String(line.dropFirst(2))))
      } else if isConsole, !commands.isEmpty {
        commands[commands.count - 1].output.append(line)
      }
    }
    return commands
  }

  private func shell(_ line: String, in directory: String) throws -> (status: Int32, output: String) {
    let program = URL(filePath: TrainerBinary.path).deletingLastPathComponent().path
    let process = Process()
    process.executableURL = URL(filePath: "/bin/sh")
    process.arguments = ["-c", "PATH='\(program)':$PATH; \(line) > output.txt"]
    process.currentDirectoryURL = URL(filePath: directory)
    process.standardError = FileHandle.nullDevice
    try process.run()
    process.waitUntilExit()
    return (process.terminationStatus, try String(contentsOfFile: directory + "/output.txt", encoding: .utf8))
  }

  @Test(arguments: [("README.md", "Your own data"), ("docs/data.md", "From CSV to predictions")])
  func theCommandsOfADocumentDoWhatItSays(document: String, heading: String) throws {
    let commands = try commands(of: document, under: heading)
    #expect(commands.count >= 5)
    try withPassengers { directory in
      for command in commands {
        let (status, output) = try shell(command.line, in: directory)
        #expect(status == 0, "\(command.line)")
        // What an import finds is the same everywhere; the bits of a model are not, on other processors.
        if command.line.hasPrefix("trainer data ") {
          let found = output.split(separator: "\n", omittingEmptySubsequences: false)
          #expect(command.output.allSatisfy { $0 == "…" || found.contains($0) }, "\(command.line): \(output)")
        }
      }
      let predictions = try String(contentsOfFile: directory + "/predictions.csv", encoding: .utf8)
        .split(separator: "\n")
      #expect(predictions.count == 21)
      #expect(predictions[0] == "PassengerId,prediction,probability_no,probability_yes")
      #expect(predictions[1].hasPrefix("281,"))
    }
  }

  @Test func theGuidesFeaturesTrain() throws {
    let text = try String(contentsOfFile: Repository.path + "/docs/data.md", encoding: .utf8)
    let block = try #require(
      text.components(separatedBy: "```json\n").map { $0.components(separatedBy: "```")[0] }
        .first { $0.contains("\"features\"") })
    let features = try #require(
      try JSONDocument(text: "{\(block)}", source: "docs/data.md").root["data"]?["features"])
    try withPassengers { directory in
      let importing = try #require(
        try commands(of: "README.md", under: "Your own data").first { $0.line.hasPrefix("trainer data import ") })
      #expect(try shell(importing.line, in: directory).status == 0)
      let run = try TrainerBinary.run(
        "run", "configs/passengers.json", "--set", "data.features=\(features.compactText)", "--output", "run",
        in: directory)
      #expect(run.status == 0, "\(run.errors)")
    }
  }

  /// What an import leaves out may stand in the table to predict as well; what it never saw may not.
  @Test(arguments: [false, true])
  func columnsThatWereLeftOutMayStay(hasWords: Bool) throws {
    try withScratchDirectory { directory in
      let rows = (0..<40).map { row in
        "\(row),\(row % 7),\(hasWords ? ["red", "blue"][row % 2] : "\(row % 5)"),\(row % 2 == 0 ? "yes" : "no")"
      }
      let table = directory + "/table.csv"
      try (["id,size,colour,answer"] + rows).joined(separator: "\n").write(
        toFile: table, atomically: true, encoding: .utf8)
      let data = directory + "/table.h5"
      #expect(try TrainerBinary.run("data", "import", table, "--drop", "id", "--output", data).status == 0)
      let run = directory + "/run"
      let trained = try TrainerBinary.run(
        "run", "\(Repository.path)/configs/passengers.json", "--set", "data.path=\(data)", "--set", "training.epochs=1",
        "--output", run)
      #expect(trained.status == 0, "\(trained.errors)")
      let plain = try TrainerBinary.run("predict", run, table)
      #expect(plain.status == 0, "\(plain.errors)")
      #expect(plain.output.split(separator: "\n").count == 41)
      let other = directory + "/other.csv"
      try ("number,size,colour\n" + "1,2,\(hasWords ? "red" : "3")\n").write(
        toFile: other, atomically: true, encoding: .utf8)
      let refused = try TrainerBinary.run("predict", run, other)
      #expect(refused.status == 3 && refused.errors.contains("'number'"), "\(refused.errors)")
    }
  }
}
