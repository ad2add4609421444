import Foundation
import Foundations
import TestSupport
import Testing

/// The keys that `docs/json.md` documents, compared with what the commands print.
@Suite struct JSONPageTests {
  /// A line of the page: the path of a key, and whether it is always there.
  private struct Key {
    let path: String
    let isAlways: Bool

    /// Whether a path that was found is this one; `*` is any key, `**` one with dots in it.
    func matches(_ found: String) -> Bool {
      // A name with dots in it.
      if path.hasSuffix(".**") { return found.hasPrefix(path.dropLast(2)) }
      let (own, other) = (path.split(separator: "."), found.split(separator: "."))
      guard own.count == other.count else { return false }
      return zip(own, other).allSatisfy { own, other in
        own == other || own == "*" || own == "*[]" && other.hasSuffix("[]")
      }
    }
  }

  /// The sections of the page, by their headings without what is behind the command.
  private static func sections() throws -> [String: [Key]] {
    let page = try String(contentsOfFile: "\(Repository.path)/docs/json.md", encoding: .utf8)
    var sections: [String: [Key]] = [:]
    var headings: [String] = []
    for line in page.split(separator: "\n") {
      if line.hasPrefix("## ") {
        headings = line.matches(of: /`trainer ([a-z -]+)`/).map { String($0.1) }
        for heading in headings { sections[heading] = [] }
      } else if let match = line.wholeMatch(of: /\| `([^`]+)` \| (always|sometimes) \| .+ \|/) {
        for heading in headings {
          sections[heading]?.append(Key(path: String(match.1), isAlways: match.2 == "always"))
        }
      }
    }
    return sections
  }

  /// The paths of all keys of a value: `a.b`, `list[].c`. Where an object lies in one of its own kind, it is one path.
  private func paths(_ value: JSONValue, at path: String = "") -> Set<String> {
    switch value {
    case .object(let object):
      return object.members.reduce(into: []) { found, member in
        let own = path.isEmpty ? member.key : "\(path).\(member.key)"
        found.formUnion([own])
        found.formUnion(paths(member.value, at: own))
      }
    case .array(let elements):
      let last = path.split(separator: ".").last.map { "\($0)[]" } ?? "[]"
      let isNested = path.split(separator: ".").dropLast().contains { $0 == last }
      let own = isNested ? path.split(separator: ".").dropLast().joined(separator: ".") : path + "[]"
      return elements.reduce(into: []) { $0.formUnion(paths($1, at: own)) }
    default: return []
    }
  }

  private func compare(_ found: Set<String>, _ command: String, _ sections: [String: [Key]]) throws {
    let keys = try #require(sections[command], "docs/json.md has no section of \(command)")
    for path in found.sorted() {
      #expect(keys.contains { $0.matches(path) }, "\(command) prints \(path), which docs/json.md does not have")
    }
    for key in keys where key.isAlways {
      #expect(found.contains(where: key.matches), "\(command) does not print \(key.path), which docs/json.md has")
    }
  }

  @Test func eachCommandPrintsWhatThePageSays() throws {
    let sections = try Self.sections()
    var tried: Set<String> = []
    try withScratchDirectory { directory in
      func check(_ command: String, _ arguments: [String], status: Int32 = 0) throws {
        let words = command.split(separator: " ").map(String.init)
        let result = try TrainerBinary.run(words + arguments + ["--format", "json"], in: directory)
        #expect(result.status == status, "\(command): \(result.errors)")
        let root = try JSONDocument(text: result.output, source: command).root
        try compare(paths(root), command, sections)
        tried.insert(command)
      }
      let config = Repository.config("logistic")
      let (run, data) = ("\(directory)/run", Repository.data("breast-cancer"))
      let short = ["--set", "training.epochs=2"]
      let best = ["--set", #"checkpoints.best={"metric":"test.loss"}"#]
      try check("run", [config, "--output", run] + short + best)
      try check("run", [config, "--output", run] + short + best)
      try check("resume", [run])
      try check("evaluate", [run])
      try check("evaluate", [config2(directory)])
      try check("export", [run, "--to", "onnx"])
      try check("export", [run, "--to", "npz"])
      try check("cross-validate", [config, "--folds", "2", "--output", "\(directory)/folds"] + short)
      try check("gradient", ["x^2 + y[0]", "--at", "x=3", "--at", "y=1,2", "--symbolic", "--hessian"])
      try check("gradcheck", [config])
      try check("gradcheck", [config, "--set", "precision=float64"])
      try check("graph", ["--config", config, "--plan"])
      try check("graph", ["x^2", "--at", "x=1", "--plan"])
      try check("summary", [config])
      try check("summary", [run])
      try check("summary", [Repository.config("notes/bowl")])
      try check("config check", [config, "--set", "seed=-1"], status: 2)
      try check("init", [Repository.path + "/data/passengers.csv", "-o", "p.json"])
      try check("init", [data, "-o", "h.json"])
      try check("data info", [data])
      try check("data check", [data])
      try check("data check", [data, "--config", config])
      try check("data rechunk", [data, "-o", "rechunked.h5"])
      try check("data shuffle", [data, "-o", "shuffled.h5"])
      try check("data split", [data, "-o", "split.h5", "--validation", "0.2"])
      try check("data merge", ["rechunked.h5", "shuffled.h5", "-o", "merged.h5"])
      try check("data stats", [data])
      try check("data stats", ["p.h5"])
      try check("runs", [directory])
      try check("compare", [run, "folds/fold-1"])
      try check("lr-find", [config])
      try check("reproduce", [run])
      try check("sweep", [config, "--over", "seed=[1,2]", "--output", "\(directory)/sweep"] + short)
      try check("checkpoint info", [run])
      try check("checkpoint digest", [run])
      try check("checkpoint verify", [run])
      try check("checkpoint diff", [run, run])
      try check("verify-resume", [config, "--kills", "2"] + short)
      try check("bench steps", [config, "--seconds", "0.2", "--kernels"])
      try check("bench scaling", [config, "--seconds", "0.1", "--rounds", "2", "--workers", "1,2"])
      try check("bench data", [data, "--seconds", "0.1"])
    }
    #expect(tried.isSuperset(of: sections.keys), "a command of docs/json.md is not tried")
  }

  /// A run of numbers, without classes.
  private func config2(_ directory: String) throws -> String {
    let run = "\(directory)/line"
    _ = try TrainerBinary.run(
      "run", Repository.config("linear"), "--output", run, "--set", "training.epochs=1", "--quiet")
    return run
  }

  @Test func damagedAndDifferentFilesAreObjectsToo() throws {
    try withScratchDirectory { directory in
      for seed in ["1", "2"] {
        _ = try TrainerBinary.run(
          "run", Repository.config("logistic"), "--output", "\(directory)/\(seed)", "--set", "seed=\(seed)", "--set",
          "training.epochs=1", "--quiet")
      }
      let diff = try TrainerBinary.run("checkpoint", "diff", "1", "2", "--format", "json", in: directory)
      #expect(diff.status == 1)
      let difference = try JSONDocument(text: diff.output, source: "diff").root
      #expect(difference["equal"] == false && (difference["differences"]?.elements ?? []).count > 2)
      let file = try Run("\(directory)/1").newestCheckpoint
      var bytes = try Data(contentsOf: URL(filePath: file))
      bytes[1000] ^= 1
      try bytes.write(to: URL(filePath: file))
      let verify = try TrainerBinary.run("checkpoint", "verify", file, "2", "--format", "json", in: directory)
      #expect(verify.status == 1 && verify.errors.contains("error: "))
      let verified = try JSONDocument(text: verify.output, source: "verify").root
      #expect(verified["whole"] == false)
      #expect(verified["files"]?.elements?.map { $0["damage"] == .null } == [false, true])
    }
  }

  // What JSON has no numbers for.
  @Test func whatIsNotFiniteIsAString() throws {
    let result = try TrainerBinary.run("gradient", "exp(x)", "--at", "x=1000", "--format", "json")
    let root = try JSONDocument(text: result.output, source: "gradient").root
    #expect(root["value"] == "inf" && root["gradient"]?["x"] == "inf", "\(result.output)\(result.errors)")
  }
}
