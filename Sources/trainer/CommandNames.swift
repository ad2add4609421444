import ArgumentParser
import Foundations

/// The names of commands, as people write them.
enum CommandNames {
  /// What other programs of the kind call it.
  private static let synonyms = [
    "train": "run", "fit": "run", "start": "run", "continue": "resume", "restart": "resume", "test": "evaluate",
    "validate": "evaluate", "score": "evaluate", "inference": "predict", "infer": "predict", "apply": "predict",
    "new": "init", "create": "init", "setup": "init", "import": "data import", "convert": "data import",
    "info": "data info", "inspect": "data info", "list": "runs", "ls": "runs", "tune": "sweep",
    "search": "sweep", "grid": "sweep", "cv": "cross-validate", "kfold": "cross-validate", "diff": "compare",
    "benchmark": "bench", "draw": "plot", "describe": "summary",
  ]

  /// Refuses a word that is no command where one is expected, with the command that was probably meant.
  static func require(
    _ words: ArraySlice<String>, among commands: [any ParsableCommand.Type], of place: String = "trainer"
  ) throws {
    guard !commands.isEmpty, let word = words.first, !word.hasPrefix("-") else { return }
    let rest = words.dropFirst()
    let isTop = place == "trainer"
    if word == "help", isTop { return try require(rest, among: commands) }
    var names: [String] = []
    for command in commands {
      let name = command.configuration.commandName ?? ""
      if name == word { return try require(rest, among: command.configuration.subcommands, of: "\(place) \(word)") }
      names.append(name)
    }
    let list = "its commands are \(names.joined(separator: ", "))"
    throw TrainerError(
      .usage, "'\(place)' has no command '\(word)'; \(hint(for: word, among: names, isTop: isTop) ?? list)")
  }

  private static func hint(for word: String, among names: [String], isTop: Bool) -> String? {
    // A file in the place of a command.
    if isTop, exists(word), word.contains(".") || word.contains("/") {
      return "did you mean 'trainer \(word.hasSuffix(".json") ? "run" : "init") \(word.shellWord)'?"
    }
    guard !word.contains("/") else { return nil }
    // A name of another program's is what was meant, rather than a command that is spelt like it.
    let meant = isTop ? synonyms[word.lowercased()] : nil
    let near = meant ?? suggestion(for: word, among: names + (isTop ? synonyms.keys.sorted() : []))
    return near.map { "did you mean '\(isTop ? synonyms[$0] ?? $0 : $0)'?" }
  }

  private static func exists(_ path: String) -> Bool {
    do {
      return try SystemFileSystem().status(of: path) != nil
    } catch {
      // Only a hint.
      return false
    }
  }
}
