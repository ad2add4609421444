import Datasets
import Foundations

/// The page beside a proposed config that says in plain words what was found in the data, why each key is as it is, and what
/// could not be told.
package struct ConfigExplanation {
  /// What the page begins with, by which one that was written here is known.
  package static let mark = "<!-- trainer init wrote this page, and writes it anew with its config -->"

  /// The page, in Markdown.
  package let text: String

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
    let run = "runs/" + (name.hasSuffix(".json") ? String(name.dropLast(5)) : name)
    let file = name.shellWord.onOneLine
    let options = (findings.table?.spelling).map(Self.options) ?? ""
    text += """

      ## Next

      ```
      trainer run \(file)
      trainer evaluate \(run.shellWord.onOneLine)
      trainer predict \(run.shellWord.onOneLine) NEW\(options) -o predictions.csv
      ```

      A first look at other choices costs one line each: `trainer run \(file) --set optimizer.learningRate=0.001 --output
      \((run + "-slow").shellWord.onOneLine)` trains with another learning rate, and `trainer cross-validate \(file) --folds 5` says how far
      the figures depend on which samples are tested.

      """
    self.text = text
  }

  /// The options of `predict` for a table that is written like the one that was imported.
  private static func options(_ spelling: TextTableSettings) -> String {
    var words: [String] = []
    if !spelling.hasHeader { words.append("--no-header") }
    if let delimiter = spelling.delimiter { words += ["--delimiter", String(delimiter)] }
    if let comment = spelling.comment { words += ["--comment", String(comment)] }
    if spelling.decimalMark != .point { words += ["--decimal", spelling.decimalMark.rawValue] }
    for text in spelling.missing { words += ["--na", text] }
    return words.map { " " + $0.shellWord.onOneLine }.joined()
  }

  /// What was found, as names and values.
  package static func facts(_ findings: ProposedFiles.Findings) -> [(name: String, value: String)] {
    let profile = findings.profile
    var facts: [(name: String, value: String)] = []
    if findings.table == nil { facts.append(("layout", findings.layout.layout)) }
    if let delimiter = findings.table?.samples.delimiter { facts.append(("delimiter", delimiter)) }
    for finding in findings.table?.findings ?? [] { facts.append(("found", finding)) }
    facts.append(("samples", profile.groups.map { "\($0.name) \($0.rows)" }.joined(separator: ", ")))
    let shape = profile.inputShape.map(String.init).joined(separator: " x ")
    let inputs =
      switch profile.inputs {
      case .table(let features):
        "\(features.count) columns: "
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
      return "\(name)\(count == 1 ? "a number" : "\(count) numbers") of mean \(OutputScale.text(mean)) and deviation "
        + "\(OutputScale.text(deviation))"
    }
  }

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
