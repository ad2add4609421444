import Datasets
import Foundation
import Foundations
import Training

/// The page beside a proposed config that says in plain words what was found in the data, why each key is as it is, and what
/// could not be told.
struct ConfigPage {
  /// What the page begins with, by which one that was written here is known.
  static let mark = "<!-- trainer init wrote this page, and writes it anew with its config -->"

  /// The page, in Markdown.
  let text: String

  /// Writes the page.
  ///
  /// - Parameters:
  ///   - data: The file that was looked at.
  ///   - config: The config.
  init(_ findings: ProposedFiles.Findings, data: String, config: String) {
    let name = fileName(of: config)
    var text = """
      \(Self.mark)

      # How \(name.onOneLine) came about

      `trainer init` looked at `\(fileName(of: data).onOneLine)` and chose what is usual for such data. Every choice is a line of
      the config, to be changed at will.

      ## What is in the data


      """
    text += Self.table(["what", "found"], Self.facts(findings).map { [$0.name, $0.value] })
    if case .classes(let names, let counts) = findings.profile.targets {
      text += "\n" + Self.table(["class", "training samples"], zip(names, counts).prefix(100).map { [$0, "\($1)"] })
      if names.count > 100 { text += "\nThere are \(names.count - 100) more classes.\n" }
    }
    text += "\n## What was chosen, and why\n\n"
    text += Self.table(["key", "choice"], findings.config.choices.map { ["`\($0.keys)`", $0.reason] })
    let doubts = findings.doubts
    text += "\n## What could not be told\n\n"
    text +=
      doubts.isEmpty
      ? "Nothing that would change a choice.\n"
      : doubts.map { "- \(Self.sentence($0))\n" }.joined()
    let run = "runs/" + InitCommand.stem(of: name)
    let file = name.shellWord.onOneLine
    let spelling = (findings.table?.spelling).map(Self.note) ?? ""
    text += """

      ## Next

      ```
      trainer run \(file)
      trainer evaluate \(run.shellWord.onOneLine)
      trainer predict \(run.shellWord.onOneLine) NEW -o predictions.csv
      ```

      \(spelling)A first look at other choices costs one line each: `trainer run \(file) --set optimizer.learningRate=0.001 --output
      \((run + "-slow").shellWord.onOneLine)` trains with another learning rate, and `trainer cross-validate \(file) --folds 5` says how far
      the figures depend on which samples are tested.

      """
    self.text = text
  }

  /// How a table with new rows is read, where the imported one was not written as most are.
  private static func note(_ spelling: TableSpelling) -> String {
    guard !spelling.words.isEmpty else { return "" }
    return "A table NEW is read as this one was written, with \(spelling.words.joined(separator: ", ").onOneLine); "
      + "options of `predict` say otherwise.\n\n"
  }

  /// What was found, as names and values.
  static func facts(_ findings: ProposedFiles.Findings) -> [(name: String, value: String)] {
    let profile = findings.profile
    var facts: [(name: String, value: String)] = []
    if findings.table == nil { facts.append(("layout", findings.layout.layout)) }
    if let delimiter = findings.table?.delimiter { facts.append(("delimiter", delimiter)) }
    for finding in findings.table?.findings ?? [] { facts.append(("found", finding)) }
    facts.append(("samples", profile.groups.map { "\($0.name) \($0.rows)" }.joined(separator: ", ")))
    let shape = profile.inputShape.map(String.init).joined(separator: " x ")
    let inputs =
      switch profile.inputs {
      case .table(let features):
        "\(features.count) \(features.count == 1 ? "column" : "columns"): "
          + FeatureKind.allCases.compactMap { kind in
            let count = features.count { $0.kind == kind }
            return count > 0 ? "\(count) \(kind.rawValue)" : nil
          }.joined(separator: ", ")
      case .bytes(let largest): "\(shape) bytes up to \(largest)"
      case .numbers(let missing): "\(shape) numbers\(missing ? ", some of them missing" : "")"
      case .sparse: "\(shape) numbers, most of them 0"
      }
    facts.append(("inputs", shape.isEmpty || inputs == "1 numbers" ? "one number" : inputs))
    facts.append(("target", target(findings)))
    if !findings.layout.unused.isEmpty { facts.append(("not used", listed(findings.layout.unused, atMost: 10))) }
    return facts
  }

  private static func target(_ findings: ProposedFiles.Findings) -> String {
    let name = findings.table?.target.map { "\($0), " } ?? ""
    switch findings.profile.targets {
    case .classes(let names, let counts):
      let shown = zip(names, counts).prefix(10).map { "\($0.onOneLine): \($1)" }.joined(separator: ", ")
      return "\(name)\(names.count) classes (\(shown)\(names.count > 10 ? ", …" : ""))"
    case .distribution(let count): return "\(name)\(count) classes, as ones among zeros or probabilities"
    case .answers(let count): return "\(name)\(count) answers of 0 or 1"
    case .numbers(let count, let mean, let deviation):
      return "\(name)\(count == 1 ? "a number" : "\(count) numbers") of mean \(Self.text(mean)) and deviation "
        + "\(Self.text(deviation))"
    }
  }

  private static func text(_ number: Double) -> String { String(format: "%.3g", number) }

  /// A doubt as a sentence.
  private static func sentence(_ text: String) -> String {
    text.onOneLine.prefix(1).uppercased() + text.onOneLine.dropFirst() + "."
  }

  private static func table(_ header: [String], _ rows: [[String]]) -> String {
    ([header, header.map { _ in "---" }] + rows).map { row in
      "| " + row.map { $0.onOneLine.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
    }.joined()
  }
}
