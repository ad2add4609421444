import Foundations
import Training

/// One page about runs that needs nothing but a browser: curves, measures, what was confused with what, parameters, configs and
/// where they come from.
public struct RunReport: Sendable {
  /// What is known of one run.
  public struct Entry: Sendable {
    /// What the page calls the run.
    public let label: String
    /// The course of the run.
    public let trace: RunTrace
    /// Its checkpoint, the best if it kept one, else the last; `nil` if it has none.
    public let facts: CheckpointFacts?
    /// The measures of that checkpoint and what lies behind them; `nil` where the data are not there, or there are no samples.
    public let detail: EvaluationDetail?
    var evaluation: EvaluationReport? { detail?.report }

    /// Why there is no checkpoint or no evaluation, in a sentence.
    public let gap: String?
  }

  /// The runs, in the order of the page.
  public let entries: [Entry]
  /// The group of samples that is measured.
  let group: String

  /// Collects what there is of runs.
  ///
  /// - Parameters:
  ///   - directories: Run directories.
  ///   - data: The dataset file; `nil` for that of each run's config.
  ///   - group: The group of samples whose confusion matrix is shown.
  ///   - options: Workers.
  /// - Throws: `TrainerError` with code `.usage` if there is no run in a directory, or `data` is given and does not fit.
  public init(
    _ directories: [String], data: String? = nil, group: String? = nil, options: RunOptions = RunOptions()
  ) throws {
    try self.init(directories.map { try RunTrace(directory: $0) }, data: data, group: group, options: options)
  }

  /// The same of runs that were read.
  package init(
    _ traces: [RunTrace], data: String? = nil, group: String? = nil, options: RunOptions = RunOptions()
  ) throws {
    let runs = Plot.Run.labelled(traces)
    self.group = group ?? "test"
    let wanted = self.group
    entries = try runs.map { run in
      var facts: CheckpointFacts?
      var detail: EvaluationDetail?
      var gap: String?
      do {
        let checkpoint = try ModelCheckpoint(run.trace.directory)
        facts = try CheckpointFacts(checkpoint.path)
        let measures = run.trace.groups(with: "loss")
        if data != nil || group != nil || measures.contains(wanted) {
          detail = try evaluateInDetail(checkpoint: checkpoint.path, data: data, group: wanted, options: options)
        }
      } catch let error as TrainerError where data == nil && group == nil {
        // What can be told of the run is told without its data, which may have been moved.
        gap = error.message
      }
      return Entry(label: run.label, trace: run.trace, facts: facts, detail: detail, gap: gap)
    }
  }

  /// Writes the page.
  ///
  /// - Throws: `TrainerError` with code `.usage` if gnuplot is missing, or the file cannot be written or replaced.
  package func write(to file: OutputFile) throws {
    let page = try html.text
    try OutputFile.explaining { try file.write(Array(page.utf8)) }
  }

  /// More names of runs are no title.
  private static let mostTitleCharacters = 60

  /// The page.
  private var html: HTML {
    get throws {
      let names = entries.map(\.label).joined(separator: ", ")
      let title = names.count <= Self.mostTitleCharacters ? names : "\(entries.count) runs"
      let sections: [HTML] = [
        runsSection, try curvesSection, confusionSection, classSection, importanceSection, worstSection, timeSection,
        parameterSection, configSection,
        provenanceSection,
      ]
      return """
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <title>\(title)</title>
        <style>
        \(HTML(trusting: Self.style))
        </style>
        </head>
        <body>
        <h1>\(title)</h1>
        \(sections)</body>
        </html>

        """
    }
  }
}
