import Foundation
import Foundations
import Training

/// The parts of a report's page.
extension RunReport {
  // MARK: Runs

  /// A line for each run with its last measures, the best of each column marked.
  var runsSection: HTML {
    let names = RunTrace.measures(of: entries.map(\.trace))
    let values = entries.map { entry in names.map { entry.trace.last($0.metric, of: $0.group) } }
    let best = names.indices.map { column -> Double? in
      let found = values.compactMap { $0[column] }.filter(\.isFinite)
      guard entries.count > 1 else { return nil }
      return entries[0].prefersLarger(names[column].metric) ? found.max() : found.min()
    }
    let rows = zip(entries, values).map { entry, values -> [HTML] in
      let cells = zip(values, best).map { value, best -> HTML in
        guard let value else { return "-" }
        let text = NumberText.measure(value)
        return value == best ? "<span class=\"best\">\(text)</span>" : "\(text)"
      }
      return ["\(entry.status)", "\(entry.trace.step)"] + cells
    }
    let settings = differingSettings
    let areColumns = settings.count <= Self.mostSettingColumns
    let own = areColumns ? settings : []
    let keys = own.map(\.lastKey)
    let titles = Set(keys).count == keys.count ? keys : own.map(\.name)
    let header = ["run"] + titles + ["status", "steps"] + names.map { "\($0.group) \($0.metric)" }
    let lines = zip(entries, rows).enumerated().map { index, pair -> [HTML] in
      ["<span class=\"name\">\(pair.0.label)</span>"] + own.map { "\($0.text(of: index))" } + pair.1
    }
    let gaps = entries.compactMap { entry in entry.gap.map { "<p class=\"faint\">\(entry.label): \($0)</p>\n" as HTML }
    }
    let others =
      areColumns
      ? "" as HTML
      : "<h3>In what the configs differ</h3>\n\(differencesTable(settings))"
    let same: HTML =
      entries.count > 1 && settings.isEmpty ? "<p class=\"faint\">The settings of all runs are the same.</p>\n" : ""
    return "<h2>Measures</h2>\n\(HTML.table(header, lines, left: Set(0...own.count + 1)))\(gaps)\(same)\(others)"
  }

  /// More settings that differ have a table of their own.
  private static let mostSettingColumns = 6

  /// In what the configs differ.
  private var differingSettings: [RunComparison.Line] {
    RunComparison.settings(of: entries.map(\.trace.configuration))
  }

  /// A line for each setting, a column for each run.
  private func differencesTable(_ settings: [RunComparison.Line]) -> HTML {
    let rows = settings.map { line -> [HTML] in
      ["\(line.name)"] + entries.indices.map { "\(line.text(of: $0))" }
    }
    return HTML.table(["setting"] + entries.map(\.label), rows, left: Set(0...entries.count))
  }

  // MARK: Curves

  /// A picture for each measure.
  var curvesSection: HTML {
    get throws {
      let metrics = entries.flatMap(\.trace.metrics).reduce(into: [String]()) { if !$0.contains($1) { $0.append($1) } }
      let pictures = try metrics.compactMap { metric -> HTML? in
        let runs = entries.filter { !$0.trace.groups(with: metric).isEmpty }.map { Plot.Run(label: $0.label, $0.trace) }
        guard !runs.isEmpty else { return nil }
        var plot = try Plot.curves(of: metric, runs)
        plot.title = metric
        return try ReportPicture.html(plot)
      }
      guard !pictures.isEmpty else { return "" }
      return "<h2>Curves</h2>\n<div class=\"charts\">\n\(pictures)</div>\n"
    }
  }

  // MARK: Classes

  private static let mostClasses = 40

  /// What was confused with what, of each run.
  var confusionSection: HTML {
    let tables = entries.compactMap { entry -> HTML? in
      guard let evaluation = entry.evaluation, let confusion = evaluation.measurement.confusion,
        confusion.classes <= Self.mostClasses
      else { return nil }
      let classes = 0..<confusion.classes
      let rows = classes.map { actual -> HTML in
        let all = classes.reduce(0) { $0 + confusion[actual, $1] }
        let cells = classes.map { predicted -> HTML in
          let count = confusion[actual, predicted]
          let share = String(format: "%.3f", all > 0 ? count / all : 0)
          let text = Int(exactly: count).map(String.init) ?? NumberText.measure(count)
          return "<td style=\"--share: \(share)\">\(text)</td>"
        }
        return "<tr><th>\(evaluation.answer(actual))</th>\(cells)</tr>\n"
      }
      let header = classes.map { "<th class=\"number\">\(evaluation.answer($0))</th>" as HTML }
      return """
        \(heading(of: entry))<div class="wide"><table class="matrix">
        <thead><tr><th></th>\(header)</tr></thead>
        <tbody>
        \(rows)</tbody></table></div>

        """
    }
    guard !tables.isEmpty else { return "" }
    let how = "A row for each class, a column for each prediction, of the group \(group)."
    return "<h2>Confusion</h2>\n<p class=\"faint\">\(how)</p>\n\(tables)"
  }

  /// How well each class is found.
  var classSection: HTML {
    let tables = entries.compactMap { entry -> HTML? in
      guard let evaluation = entry.evaluation, !evaluation.perClass.isEmpty else { return nil }
      let rows = evaluation.perClass.map { row -> [HTML] in
        let measures = [row.precision, row.recall, row.f1]
        let count = Int(exactly: row.support).map(String.init) ?? NumberText.measure(row.support)
        return ["\(evaluation.name(of: row.index))"] + measures.map { "\(NumberText.measure($0))" } + ["\(count)"]
      }
      let first = evaluation.hasLabels ? "label" : "class"
      return "\(heading(of: entry))\(HTML.table([first, "precision", "recall", "F1", "samples"], rows))"
    }
    return tables.isEmpty ? "" : "<h2>Classes</h2>\n\(tables)"
  }

  /// What each column of a table is worth.
  var importanceSection: HTML {
    let tables = entries.compactMap { entry -> HTML? in
      guard let found = entry.detail?.importances, let most = found.map(\.loss).max(), !found.isEmpty else {
        return nil
      }
      let rows = found.map { importance -> [HTML] in
        let width = String(format: "%.1f", most > 0 ? max(0, importance.loss / most) * 8 : 0)
        return ["\(importance.feature)", "<span class=\"bar\" style=\"width: \(width)rem\"></span>"]
          + ([importance.loss] + importance.metrics.map(\.value)).map { "\(NumberText.measure($0))" }
      }
      let header = ["column", "", "loss"] + (found.first?.metrics.map(\.name) ?? [])
      return "\(heading(of: entry))\(HTML.table(header, rows, left: [0, 1]))"
    }
    guard !tables.isEmpty else { return "" }
    let how =
      "How much worse the measures of the group \(group) become when a column's values are permuted among its samples."
    return "<h2>Columns</h2>\n<p class=\"faint\">\(how)</p>\n\(tables)"
  }

  /// The samples that the model was the most wrong about, where they can be drawn.
  var worstSection: HTML {
    let parts = entries.compactMap { entry -> HTML? in
      guard let worst = entry.detail?.worst, !worst.isEmpty else { return nil }
      let figures = worst.compactMap { sample -> HTML? in
        guard let picture = ReportPicture.image(sample.inputs, shape: sample.shape) else { return nil }
        let chance = String(format: "%.2g", sample.probability)
        return """
          <figure>\(picture)<figcaption>row \(sample.row): \(sample.target), taken for \(sample.prediction); its class had \(chance)</figcaption></figure>

          """
      }
      return "\(heading(of: entry))<div class=\"samples\">\n\(figures)</div>\n"
    }
    return parts.isEmpty ? "" : "<h2>Worst samples</h2>\n\(parts)"
  }

  /// The run's name, where there are several.
  private func heading(of entry: Entry) -> HTML { entries.count > 1 ? "<h3>\(entry.label)</h3>\n" : "" }

  // MARK: Time, parameters, configs

  /// Where the time went.
  var timeSection: HTML {
    let rows = entries.compactMap { entry -> [HTML]? in
      guard let seconds = entry.trace.seconds else { return nil }
      return [
        "\(entry.label)", "\(NumberText.duration(seconds))",
        "\(entry.trace.stallSeconds.map(NumberText.duration) ?? "-")",
        "\(entry.trace.samplesPerSecond.map { NumberText.rate($0, of: "samples") } ?? "-")",
      ]
    }
    guard !rows.isEmpty else { return "" }
    return "<h2>Time</h2>\n\(HTML.table(["run", "training", "waited for checkpoints", "pace"], rows))"
  }

  /// How the parameters are spread.
  var parameterSection: HTML {
    let tables = entries.compactMap { entry -> HTML? in
      guard let facts = entry.facts else { return nil }
      let rows = facts.parameters.map { spread -> [HTML] in
        let numbers = [spread.mean, spread.deviation, spread.range.lowerBound, spread.range.upperBound]
        return [
          "\(spread.name)", "\(spread.shape.map(String.init).joined(separator: " x "))",
          ReportPicture.spark(spread.histogram),
        ]
          + numbers.map { "\(NumberText.measure($0))" }
      }
      let header = ["tensor", "shape", "histogram", "mean", "deviation", "min", "max"]
      return "\(heading(of: entry))\(HTML.table(header, rows, left: [0, 1, 2]))"
    }
    return tables.isEmpty ? "" : "<h2>Parameters</h2>\n\(tables)"
  }

  /// Each config whole.
  var configSection: HTML {
    let whole = entries.map { entry -> HTML in
      "<details><summary>\(entry.label)</summary><pre>\(entry.trace.configuration.resolved.prettyText)</pre></details>\n"
    }
    return "<h2>Config</h2>\n\(whole)"
  }

  /// Where the checkpoints come from.
  var provenanceSection: HTML {
    let tables = entries.compactMap { entry -> HTML? in
      guard let facts = entry.facts else { return nil }
      let rows =
        [("checkpoint", RunText.shortened(facts.path)), ("step", "\(facts.step)"), ("digest", facts.digest)]
        + facts.provenance.map { ($0.name, $0.value) }
      return "\(heading(of: entry))\(HTML.table(["", ""], rows.map { ["\($0.0)", "\($0.1)"] }, left: [0, 1]))"
    }
    return tables.isEmpty ? "" : "<h2>Provenance</h2>\n\(tables)"
  }
}

extension RunReport.Entry {
  fileprivate func prefersLarger(_ metric: String) -> Bool { trace.configuration.prefersLarger(metric) }

  fileprivate var status: String {
    switch trace.ending {
    case .finished(nil): "finished"
    case .finished(let reason?): "finished: \(reason)"
    case .diverged: "diverged"
    case .unfinished: "unfinished"
    }
  }
}

extension EvaluationReport {
  fileprivate func name(of index: Int) -> String { classNames?.dropFirst(index).first ?? String(index) }

  /// What a row and a column of the confusion matrix are called: of several labels it is of no and yes.
  fileprivate func answer(_ index: Int) -> String { hasLabels ? ["no", "yes"][index] : name(of: index) }
}
